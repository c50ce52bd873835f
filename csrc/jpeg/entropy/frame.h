// The marker segments of a Huffman-coded JPEG file (T.81, Annex B), as far as the fast decoder takes them.
// What is odd is not judged here: it is an anomaly, and libjpeg-turbo reads that file.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

#include "jpeg/entropy/huffman.h"
#include "jpeg/image.h"

namespace fastdct::jpeg {

constexpr int kMaxComponents = 4;
constexpr int kNumTables = 4;
constexpr int kMaxMcuBlocks = 10;  // of an interleaved scan; T.81, B.2.3

struct FrameComponent {
  int id = 0;
  Sampling sampling;
  int quantization_table = 0;
  size_t num_rows = 0, num_cols = 0;                // blocks, without those that only fill up an MCU
  std::array<uint16_t, kBlockArea> quantization{};  // natural order; taken when its first scan begins
  bool scanned = false;
};

struct Frame {
  int marker = 0;  // low byte of the SOF: 0xC0 baseline, 0xC1 extended, 0xC2 progressive
  int height = 0, width = 0;
  int num_components = 0;
  int max_horizontal = 1, max_vertical = 1;
  std::array<FrameComponent, kMaxComponents> components;
  ColorSpace color_space = ColorSpace::kUnknown;
  int orientation = 0;  // EXIF; 0: not said

  bool progressive() const { return marker == 0xC2; }
  size_t num_mcu_cols() const { return num_blocks(width, 1, max_horizontal); }
  size_t num_mcu_rows() const { return num_blocks(height, 1, max_vertical); }
};

// Why an image is not begun: it is too large, or has more blocks than its bytes can hold, of which a block
// takes one bit at least. nullptr: it may be.
const char* size_anomaly(const Frame& frame, size_t num_bytes, uint64_t max_pixels);

struct ScanComponent {
  int index;  // into Frame::components
  int dc_table, ac_table;
  bool repeated;  // the component was in an earlier scan
};

struct Scan {
  int num_components = 0;
  std::array<ScanComponent, kMaxComponents> components{};
  int spectral_start = 0, spectral_end = 0;           // T.81, G.1.1.1.1
  int approximation_high = 0, approximation_low = 0;  // G.1.1.1.2
  const uint8_t* data = nullptr;                      // first byte of its entropy-coded data
};

class MarkerReader {
 public:
  MarkerReader(const uint8_t* data, size_t size) : next_(data), end_(data + size) {}

  enum class Found { kScan, kEndOfImage, kAnomaly };

  // Reads up to the start of the first scan or, later, on from `position`, where the marker after a scan
  // stands.
  Found first_scan();
  Found next_scan(const uint8_t* position);

  const Frame& frame() const { return frame_; }
  const Scan& scan() const { return scan_; }
  const HuffmanSpec& dc_spec(int table) const { return dc_specs_[table]; }
  const HuffmanSpec& ac_spec(int table) const { return ac_specs_[table]; }
  int restart_interval() const { return restart_interval_; }
  int first_restart_interval() const { return first_restart_interval_; }  // in force at the first scan
  Header header() const;                                                  // once a scan was found
  const uint8_t* end() const { return end_; }
  const char* anomaly() const { return anomaly_; }  // what was odd, once kAnomaly was returned

 private:
  struct Segment {  // the payload of a marker segment
    const uint8_t* data;
    size_t size;
  };

  Found read_segments();
  bool next_segment(int& marker, Segment& segment);
  bool read_segment(int marker, const Segment& segment);
  bool read_quantization(Segment segment);
  bool read_huffman(Segment segment);
  bool read_restart_interval(const Segment& segment);
  bool read_application(int marker, const Segment& segment);
  bool read_frame(int marker, const Segment& segment);
  bool read_scan(const Segment& segment);
  bool check_scan();
  bool find_color_space();
  bool odd(const char* what) {
    anomaly_ = what;
    return false;
  }

  const uint8_t* next_;
  const uint8_t* end_;
  Frame frame_;
  Scan scan_;
  std::array<std::array<uint16_t, kBlockArea>, kNumTables> quantization_{};  // natural order
  std::array<bool, kNumTables> has_quantization_{};
  std::array<HuffmanSpec, kNumTables> dc_specs_, ac_specs_;
  int restart_interval_ = 0, first_restart_interval_ = 0;
  bool has_jfif_ = false;
  int adobe_transform_ = -1;  // -1: no Adobe segment
  const char* anomaly_ = nullptr;
};

}  // namespace fastdct::jpeg
