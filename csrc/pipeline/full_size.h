// From one file to its pixels.
#pragma once
#include <cstddef>
#include <cstdint>

namespace fastdct::pipeline {

// RGB [H, W, 3] of a file whose size the caller knows from its header, upright or as stored. Throws
// JpegError.
void decode_pixels(const uint8_t* data, size_t size, uint64_t max_pixels, bool upright, uint8_t* rgb);

}  // namespace fastdct::pipeline
