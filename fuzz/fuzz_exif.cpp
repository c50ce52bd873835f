// The EXIF parser and the walk over marker segments that feeds it.
//   clang++ -std=c++17 -g -O1 -fsanitize=fuzzer,address,undefined -Icsrc fuzz/fuzz_exif.cpp
//   csrc/jpeg/exif.cpp
//       csrc/jpeg/markers.cpp -o fuzz_exif
#include <cstdlib>

#include "jpeg/exif.h"
#include "jpeg/markers.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const int orientation = fastdct::jpeg::exif_orientation(data, size);
  const fastdct::jpeg::Markers markers = fastdct::jpeg::scan_markers(data, size);
  if (orientation < 0 || orientation > 8 || markers.orientation < 0 || markers.orientation > 8) std::abort();
  fastdct::jpeg::unsupported_reason(markers);
  return 0;
}
