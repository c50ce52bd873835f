// EXIF orientation: the one tag that changes how the picture is to be seen.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace fastdct::jpeg {

// Orientation (1..8) from the payload of an APP1 segment, or 0 when the segment is not EXIF, is broken, or
// has none. Reads nothing outside [data, data + size).
int exif_orientation(const uint8_t* data, size_t size);

// Payload of the smallest APP1 segment that says `orientation` and nothing else.
std::vector<uint8_t> make_exif(int orientation);

}  // namespace fastdct::jpeg
