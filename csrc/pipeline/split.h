// One large image on several threads.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>

#include "jpeg/entropy/image_decoder.h"
#include "jpeg/reader.h"

namespace fastdct {

// A file of this size is worth waking other threads for: it takes about a millisecond.
constexpr size_t kSplitBytes = size_t{1} << 18;

// Decodes what `decoder` has begun, its restart segments, or the pieces of a scan without restart markers,
// shared out among up to `num_threads` threads; nullopt when the image cannot be divided, and nothing was
// done. To cut a scan takes 1.3 times the processor time of decoding it in one go, since every block is first
// passed over: too much for one thread alone, whatever it gains by taking three parts at once.
std::optional<jpeg::ImageDecoder::State> decode_split(jpeg::ImageDecoder& decoder, int num_threads);

// As jpeg::read_image_fast(), a large image by several threads.
jpeg::Image read_image_split(const uint8_t* data, size_t size, const jpeg::ReadOptions& options,
                             int num_threads);

}  // namespace fastdct
