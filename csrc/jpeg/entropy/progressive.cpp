#include "jpeg/entropy/progressive.h"

namespace fastdct::jpeg {

const char* ProgressiveImage::decode(MarkerReader&, const Request&, const std::vector<Plane>&) { return "progressive"; }

}  // namespace fastdct::jpeg
