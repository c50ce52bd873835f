#include "pipeline/full_size.h"

#include "dct/full_size.h"
#include "jpeg/reader.h"
#include "pipeline/picture.h"

namespace fastdct::pipeline {

void decode_pixels(const uint8_t* data, size_t size, uint64_t max_pixels, bool upright, uint8_t* rgb) {
  const jpeg::Image image = jpeg::read_image_fast(data, size, {false, max_pixels});
  dct::FullSizeDecoder().run(picture_of(image, upright), rgb);
}

}  // namespace fastdct::pipeline
