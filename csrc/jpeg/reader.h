// From the bytes of a JPEG file to its quantised coefficients: by our own decoder where the file is in order,
// by libjpeg-turbo where anything about it is odd. Either way the result is libjpeg-turbo's, bit for bit.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>

#include "jpeg/entropy/image_decoder.h"
#include "jpeg/entropy/output.h"
#include "jpeg/image.h"
#include "jpeg/libjpeg_reader.h"

namespace fastdct::jpeg {

// The header of a file, also of one whose height stands behind its first scan (DNL), which libjpeg-turbo does
// not read. Throws JpegError.
Header read_header_fast(const uint8_t* data, size_t size);

// Decodes at once what a decoder has begun, or leaves it alone: nullopt.
using DecodeAtOnce = std::function<std::optional<ImageDecoder::State>(ImageDecoder&)>;

// As read_image(), faster. Thread-safe.
Image read_image_fast(const uint8_t* data, size_t size, const ReadOptions& options,
                      const DecodeAtOnce& decode_at_once = nullptr);

// What our decoder found odd about a file, nullptr if it reads it. For tests: results do not depend on it.
const char* find_anomaly(const uint8_t* data, size_t size);

// By our decoder alone, in the form that was asked for; false: an anomaly.
bool read_coefficients(const uint8_t* data, size_t size, const Request& request, Allocator& allocator,
                       CoefficientImage& image);

// By libjpeg-turbo, in the form that was asked for. Throws JpegError.
CoefficientImage read_through_libjpeg(const uint8_t* data, size_t size, const Request& request,
                                      Allocator& allocator);

}  // namespace fastdct::jpeg
