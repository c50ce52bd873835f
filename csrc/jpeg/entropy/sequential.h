// Decodes a sequential scan, interleaved or not, band by band: a band is up to kBandMcus of one row, in one
// restart segment.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "jpeg/entropy/frame.h"
#include "jpeg/entropy/output.h"
#include "jpeg/entropy/segment.h"
#include "jpeg/entropy/skipped_band.h"
#include "jpeg/entropy/table_cache.h"

namespace fastdct::jpeg {

// Whole restart segments of a scan, or a part of one that was cut (cut_scan.h).
struct ScanPart {
  size_t first_mcu, end_mcu;
  const uint8_t* source;  // first byte of its first segment; the marker after the scan if it was cut
  int next_restart;       // number of the RSTn that ends its first segment
  CutSegment cut;
};

// What is odd about the current scan's header or tables, for a frame that is sequential; nullptr: nothing.
const char* sequential_anomaly(const MarkerReader& markers);

class SequentialScan {
 public:
  enum class State { kDecoding, kDone, kAnomaly };

  // Prepares the first band. `planes` are the wanted components of the frame, the first ones.
  State begin(const MarkerReader& markers, const Request& request, const std::vector<Plane>& planes,
              TableCache& cache);

  // The same for a part of the scan, which ends kDone before the marker that follows the part.
  State begin(const MarkerReader& markers, const Request& request, const std::vector<Plane>& planes,
              TableCache& cache, const ScanPart& part);

  // To be decoded until it stops; then finish_band().
  Stream& stream() { return stream_; }

  // Stores the band and prepares the next one.
  State finish_band();

  size_t num_mcu_rows_done() const { return mcu_row_; }

  const uint8_t* marker() const { return segment_.marker(); }  // after the scan, once kDone
  const char* anomaly() const { return anomaly_; }

 private:
  struct McuBlock {
    int component;  // of the scan
    std::shared_ptr<const BlockTables> tables;
    std::shared_ptr<const BlockTables> dc_tables;   // the same for rows that are skipped
    std::shared_ptr<const SkipTables> skip_tables;  // instead of both where only the DC is wanted
  };
  struct ScanPlane {
    const Plane* plane;  // nullptr: not wanted
    size_t num_rows, num_cols;
    Strip kept;                // blocks that go to the plane
    int horizontal, vertical;  // blocks in an MCU
    int first_block;           // of an MCU
    int dc = 0;                // predictor
    int min_dc = 0, max_dc = 0;
    int quantization_dc;
  };

  void plan(const MarkerReader& markers, const std::vector<Plane>& planes, TableCache& cache);
  void add_component(const MarkerReader& markers, const ScanComponent& component, const Plane* plane,
                     TableCache& cache);
  void wire_blocks();
  void begin_segment(const uint8_t* source);
  bool next_segment();
  const LookupEntry* start_of_mcu() const { return blocks_[0].tables->block_start.entries.data(); }
  void begin_band();
  bool finish_blocks();
  template <typename Difference>
  void accumulate_dc(Difference difference);
  void store_band() const;
  void store_rows(const ScanPlane& plane) const;
  void clear_band();
  bool check_dc();
  State odd(const char* what) {
    anomaly_ = what;
    return State::kAnomaly;
  }

  const Kernels* kernels_ = nullptr;
  Request request_;
  Stream stream_{};
  Segment segment_;
  const uint8_t* end_ = nullptr;  // of the file
  std::vector<McuBlock> mcu_;
  std::vector<ScanPlane> planes_;
  size_t num_mcu_rows_ = 0, num_mcu_cols_ = 0;
  size_t restart_interval_ = 0;
  size_t mcu_row_ = 0, mcu_col_ = 0;  // first MCU of the band
  CutSegment cut_;
  size_t until_end_ = 0;      // MCUs left of the part
  size_t until_restart_ = 0;  // MCUs left of the segment
  int next_restart_ = 0;      // number of the next RSTn, 0..7
  int band_mcus_ = 0;
  std::unique_ptr<Block[]> blocks_;
  SkippedBand skipped_;              // instead of blocks_ where only the DC is wanted
  int16_t* coefficients_ = nullptr;  // of the first block of the band
  ptrdiff_t pitch_ = 0;              // elements from one block to the next
  bool clean_ = true;                // all coefficients of blocks_ are zero
  bool dc_only_ = false;             // of all components
  const char* anomaly_ = nullptr;
};

}  // namespace fastdct::jpeg
