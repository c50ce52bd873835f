// From the bytes of a JPEG file to its quantised coefficients, through libjpeg-turbo.
#pragma once
#include <cstddef>
#include <cstdint>

#include "jpeg/image.h"

namespace fastdct::jpeg {

struct ReadOptions {
  bool recover = false;     // damaged data: what is left of it and warnings, instead of an error
  uint64_t max_pixels = 0;  // larger images are refused before anything is allocated for them
};

// Header alone; throws JpegError. Touches the bytes up to the first scan only.
Header read_header(const uint8_t* data, size_t size);

// Throws JpegError; without `recover` also where the data are damaged (libjpeg_damage.h). Thread-safe.
Image read_image(const uint8_t* data, size_t size, const ReadOptions& options);

}  // namespace fastdct::jpeg
