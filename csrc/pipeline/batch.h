// Many JPEG files to coefficients in one call.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "jpeg/entropy/output.h"
#include "pipeline/arena.h"
#include "pipeline/packed_image.h"

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

// What becomes of images. Called from several threads at once, for each row from one.
class ImageSink {
 public:
  virtual ~ImageSink() = default;

  // Memory for images; nullptr: they are packed instead, in memory of their threads'.
  virtual Arena* memory() { return nullptr; }

  // The image of a row; `packed` only if there is no memory(), and then its planes have no data.
  virtual void take(size_t row, jpeg::CoefficientImage& image, const PackedImage& packed) = 0;

  // Whether further rows may be left unread.
  virtual bool is_full() const { return false; }
};

// Reads every source; causes of those that failed, by row, else empty. Throws nothing for a bad file.
std::vector<std::string> read_images(const std::vector<BatchSource>& sources, const BatchOptions& options,
                                     ImageSink& sink);

// Row i is source i. Planes lie in the arena. Throws nothing for a bad file.
std::vector<BatchRow> read_batch(const std::vector<BatchSource>& sources, const BatchOptions& options,
                                 Arena& arena);

}  // namespace fastdct
