// The parsers that look at a file before anything is decoded: they must end, and read nothing outside of it.
#include <cstddef>
#include <cstdint>

#include "jpeg/entropy/frame.h"
#include "jpeg/exif.h"
#include "jpeg/markers.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fastdct::jpeg;
  scan_markers(data, size);
  exif_orientation(data, size);
  MarkerReader reader(data, size);
  MarkerReader::Found found = reader.first_scan();
  while (found == MarkerReader::Found::kScan) found = reader.next_scan(reader.scan().data);
  return 0;
}
