// What the marker segments say about the picture.
#include <algorithm>

#include "jpeg/entropy/frame.h"
#include "jpeg/markers.h"

namespace fastdct::jpeg {

Header MarkerReader::header() const {
  Header header;
  header.height = frame_.height;
  header.width = frame_.width;
  header.color_space = frame_.color_space;
  header.process = process_name(frame_.marker);
  header.restart_interval = first_restart_interval_;
  header.orientation = std::max(frame_.orientation, 1);
  for (int i = 0; i < frame_.num_components; ++i) header.sampling.push_back(frame_.components[i].sampling);
  return header;
}

const char* size_anomaly(const Frame& frame, size_t num_bytes, uint64_t max_pixels) {
  if (static_cast<uint64_t>(frame.height) * static_cast<uint64_t>(frame.width) > max_pixels)
    return "more pixels than asked for";
  uint64_t blocks = 0;
  for (int i = 0; i < frame.num_components; ++i)
    blocks += frame.components[i].num_rows * frame.components[i].num_cols;
  return blocks > 8 * static_cast<uint64_t>(num_bytes) ? "too few bytes for the blocks" : nullptr;
}

// As jdapimin.c's default_decompress_parms.
bool MarkerReader::find_color_space() {
  const auto& c = frame_.components;
  switch (frame_.num_components) {
    case 1:
      frame_.color_space = ColorSpace::kGrayscale;
      break;
    case 3:
      frame_.color_space = ColorSpace::kYCbCr;
      if (has_jfif_) break;
      if (adobe_transform_ > 1) return odd("an unknown Adobe transform");
      if (adobe_transform_ == 0 ||
          (adobe_transform_ < 0 && c[0].id == 'R' && c[1].id == 'G' && c[2].id == 'B'))
        frame_.color_space = ColorSpace::kRgb;
      break;
    case 4:
      if (adobe_transform_ > 0 && adobe_transform_ != 2) return odd("an unknown Adobe transform");
      frame_.color_space = adobe_transform_ == 2 ? ColorSpace::kYcck : ColorSpace::kCmyk;
      break;
    default:
      frame_.color_space = ColorSpace::kUnknown;
  }
  return true;
}

}  // namespace fastdct::jpeg
