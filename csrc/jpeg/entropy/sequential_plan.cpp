// What a sequential scan decodes with: its components, and the tables of each block of a band.
#include <utility>

#include "jpeg/entropy/sequential.h"

namespace fastdct::jpeg {

const char* sequential_anomaly(const MarkerReader& markers) {
  const Scan& scan = markers.scan();
  for (int i = 0; i < scan.num_components; ++i)
    if (scan.components[i].repeated) return "a component with two sequential scans";
  if (scan.spectral_start != 0 || scan.spectral_end != 63 || scan.approximation_high != 0 ||
      scan.approximation_low != 0)
    return "progressive parameters in a sequential scan";
  for (int i = 0; i < scan.num_components; ++i) {
    const HuffmanSpec& dc = markers.dc_spec(scan.components[i].dc_table);
    const HuffmanSpec& ac = markers.ac_spec(scan.components[i].ac_table);
    if (!dc.defined() || !ac.defined()) return "a missing Huffman table";
    if (const char* reason = invalid_reason(dc, TableClass::kDc)) return reason;
    if (const char* reason = invalid_reason(ac, TableClass::kAc)) return reason;
  }
  return nullptr;
}

void SequentialScan::plan(const MarkerReader& markers, const std::vector<Plane>& planes, TableCache& cache) {
  const Frame& frame = markers.frame();
  const Scan& scan = markers.scan();
  mcu_.clear();
  planes_.clear();
  for (int i = 0; i < scan.num_components; ++i) {
    const ScanComponent& component = scan.components[i];
    const auto index = static_cast<size_t>(component.index);
    add_component(markers, component, index < planes.size() ? &planes[index] : nullptr, cache);
  }
  if (scan.num_components > 1) {
    num_mcu_rows_ = frame.num_mcu_rows();
    num_mcu_cols_ = frame.num_mcu_cols();
  } else {  // T.81, A.2.2: one block is an MCU, and none fills up
    num_mcu_rows_ = planes_[0].num_rows;
    num_mcu_cols_ = planes_[0].num_cols;
  }
}

void SequentialScan::add_component(const MarkerReader& markers, const ScanComponent& component,
                                   const Plane* plane, TableCache& cache) {
  const HuffmanSpec& dc = markers.dc_spec(component.dc_table);
  const HuffmanSpec& ac = markers.ac_spec(component.ac_table);
  const FrameComponent& source = markers.frame().components[component.index];
  const bool alone = markers.scan().num_components == 1;
  ScanPlane target{};
  target.plane = plane;
  target.num_rows = source.num_rows;
  target.num_cols = source.num_cols;
  target.kept = plane != nullptr && plane->strip.ring_rows > 0
                    ? plane->strip
                    : Strip{0, source.num_rows, 0, source.num_cols, source.num_rows};
  target.horizontal = alone ? 1 : source.sampling.horizontal;
  target.vertical = alone ? 1 : source.sampling.vertical;
  target.first_block = static_cast<int>(mcu_.size());
  target.quantization_dc = source.quantization[0];
  McuBlock block{static_cast<int>(planes_.size()), nullptr, nullptr, nullptr};
  if (dc_only_)
    block.skip_tables = cache.get_skip(dc, ac);
  else
    block.tables = cache.get(dc, ac, plane == nullptr);
  if (!dc_only_ && request_.first_mcu_row > 0) block.dc_tables = cache.get(dc, ac, true);
  mcu_.insert(mcu_.end(), static_cast<size_t>(target.horizontal * target.vertical), block);
  planes_.push_back(target);
}

// Every block of a full band gets its tables; a shorter band is cut off in begin_band().
void SequentialScan::wire_blocks() {
  const size_t size = mcu_.size();
  if (dc_only_) {
    std::vector<std::shared_ptr<const SkipTables>> tables;
    for (const McuBlock& block : mcu_) tables.push_back(block.skip_tables);
    skipped_.plan(std::move(tables), kBandMcus);
    coefficients_ = skipped_.dc();
    pitch_ = 1;
    return;
  }
  coefficients_ = blocks_[0].coefficients;
  pitch_ = sizeof(Block) / sizeof(int16_t);
  const bool skipping = mcu_row_ < request_.first_mcu_row;
  const auto tables = [&](size_t i) {
    const McuBlock& block = mcu_[i % size];
    return skipping ? block.dc_tables.get() : block.tables.get();
  };
  for (size_t i = 0; i < kBandMcus * size; ++i) {
    Block& block = blocks_[i];
    block.tables = tables(i);
    block.rest = block.tables->block_rest.entries.data();
    block.following = tables(i + 1)->block_start.entries.data();
  }
}

}  // namespace fastdct::jpeg
