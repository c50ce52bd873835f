// Many JPEG files to coefficients in one call.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "jpeg/entropy/output.h"
#include "pipeline/arena.h"

namespace fastdct {

// Bytes in memory, or a path when `data` is nullptr.
struct BatchSource {
  std::string path;
  const uint8_t* data = nullptr;
  size_t size = 0;
};

struct BatchRow {
  jpeg::CoefficientImage image;
  std::string error;  // empty: the image was read
};

struct BatchOptions {
  jpeg::Request request;
  int num_threads = 1;
  bool stop_at_error = false;  // rows after the first error may be left unread; those before it never are
};

// Row i is source i. Planes lie in the arena. Throws nothing for a bad file.
std::vector<BatchRow> read_batch(const std::vector<BatchSource>& sources, const BatchOptions& options,
                                 Arena& arena);

}  // namespace fastdct
