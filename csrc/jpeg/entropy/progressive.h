// Progressive Huffman coding (T.81, Annex G): all scans of an image, into blocks that are kept until the last
// one.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "jpeg/entropy/frame.h"
#include "jpeg/entropy/output.h"
#include "jpeg/entropy/segment.h"

namespace fastdct::jpeg {

class ProgressiveImage {
 public:
  // Decodes from the current scan of `markers` to the end of the image; nullptr, or what was odd. `planes`
  // are the wanted components, the first ones of the frame.
  const char* decode(MarkerReader& markers, const Request& request, const std::vector<Plane>& planes);

 private:
  // A component while its scans come in: whole MCUs of blocks, zig-zag order.
  struct Coefficients {
    size_t num_rows, num_cols;  // of the image
    size_t pitch;               // blocks in a row, those that fill up an MCU included
    std::unique_ptr<int16_t[], void (*)(void*)> blocks{nullptr, nullptr};
    std::vector<uint64_t> nonzero;
    std::array<int8_t, kBlockArea> low;  // bits that each coefficient still lacks; -1: never sent

    int16_t (*at(size_t block) const)[kBlockArea] {
      return reinterpret_cast<int16_t (*)[kBlockArea]>(blocks.get() + block * kBlockArea);
    }
  };

  void allocate(const Frame& frame);
  bool decode_scan(const MarkerReader& markers);
  bool check_parameters(const Scan& scan);
  bool check_tables(const MarkerReader& markers);
  bool top_up();
  bool decode_dc_scan(const MarkerReader& markers);
  bool decode_dc_mcu(const MarkerReader& markers, size_t row, size_t col);
  bool decode_dc(const Scan& scan, int component, int16_t* block);
  bool decode_ac_scan(const MarkerReader& markers);
  bool decode_ac_run(const Scan& scan, size_t first, size_t count);
  bool restart(const MarkerReader& markers, size_t remaining);
  bool check_complete(const Frame& frame);
  void store(const Request& request, const std::vector<Plane>& planes) const;
  bool odd(const char* what) {
    anomaly_ = what;
    return false;
  }
  bool odd_length() { return odd("an entropy-coded segment of the wrong length"); }

  const Kernels* kernels_ = nullptr;
  std::vector<Coefficients> components_;
  std::array<SymbolTable, kMaxComponents> dc_tables_;  // of the components of a DC scan
  ProgressiveTable ac_table_;                          // of an AC scan
  Segment segment_;
  Cursor cursor_{};
  std::array<int, kMaxComponents> dc_{};  // predictors
  uint32_t end_of_band_run_ = 0;
  size_t until_restart_ = 0;
  int next_restart_ = 0;
  int num_scans_ = 0;
  const char* anomaly_ = nullptr;
};

}  // namespace fastdct::jpeg
