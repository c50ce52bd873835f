// The marker segments before the first scan, read without libjpeg: what it does not tell (which SOF, EXIF)
// and what it cannot read (and should be called by its name).
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

namespace fastdct::jpeg {

struct Markers {
  int frame_marker = 0;  // low byte of the SOF (or DHP, or SOF55 of JPEG-LS); 0: none before the scan
  int precision = 0;     // bits a sample
  int orientation = 0;   // EXIF 1..8; 0: not said
};

// Reads nothing outside [data, data + size); stops quietly where the bytes stop making sense.
Markers scan_markers(const uint8_t* data, size_t size);

// "baseline", "extended", "progressive", "arithmetic", "progressive arithmetic"; "" when the frame is another
// kind.
std::string process_name(int frame_marker);

// Why this kind of JPEG cannot be read, and what can; "" when it can (or when no frame was found).
std::string unsupported_reason(const Markers& markers);

}  // namespace fastdct::jpeg
