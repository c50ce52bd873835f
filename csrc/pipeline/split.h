// One large image on several threads.
#pragma once
#include <optional>

#include "jpeg/entropy/image_decoder.h"

namespace fastdct {

// Decodes what `decoder` has begun, its restart segments shared out among up to `num_threads` threads;
// nullopt when the image cannot be divided, and nothing was done.
std::optional<jpeg::ImageDecoder::State> decode_split(jpeg::ImageDecoder& decoder, int num_threads);

}  // namespace fastdct
