// A JPEG file as bytes, read without Python.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace fastdct {

// Reads the whole file into `buffer`, which keeps its capacity from file to file. Throws JpegError where the
// path cannot be read, is no regular file, or does not begin as a JPEG does; the latter before the rest is
// read.
void read_jpeg_file(const std::string& path, std::vector<uint8_t>& buffer);

}  // namespace fastdct
