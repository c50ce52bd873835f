// Progressive Huffman coding (T.81, Annex G): all scans of an image, into blocks that are kept until the last one.
#pragma once
#include "jpeg/entropy/frame.h"
#include "jpeg/entropy/output.h"

namespace fastdct::jpeg {

class ProgressiveImage {
 public:
  // Decodes from the current scan of `markers` to the end of the image; nullptr, or what was odd.
  const char* decode(MarkerReader& markers, const Request& request, const std::vector<Plane>& planes);
};

}  // namespace fastdct::jpeg
