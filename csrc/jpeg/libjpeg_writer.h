// From quantised coefficients to the bytes of a JPEG file, through libjpeg-turbo.
#pragma once
#include <cstdint>
#include <vector>

#include "jpeg/image.h"

namespace fastdct::jpeg {

// Sequential Huffman coding with optimised tables, interleaved where T.81 allows it, a JFIF or Adobe marker
// that says the colour space, and EXIF only for an orientation other than 1. Reading it gives the same image
// again. The view must be consistent: 1..10 components, as many as the colour space has, sampling
// factors 1..4. Throws JpegError where JPEG cannot hold it: too large coefficients, more than four
// quantization tables.
std::vector<uint8_t> write_image(const ImageView& image);

}  // namespace fastdct::jpeg
