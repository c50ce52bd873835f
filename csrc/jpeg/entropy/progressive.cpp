#include "jpeg/entropy/progressive.h"

#include <algorithm>
#include <cstdlib>
#include <new>

#include "jpeg/impossible_dc.h"

namespace fastdct::jpeg {
namespace {

// Ordinary files have about ten. A hostile one may have thousands, and each passes over every block.
constexpr int kMaxFastScans = 100;

// Blocks between two looks at the supply of bytes: no more than a segment window is made for.
constexpr size_t kChunkBlocks = size_t{kBandMcus} * kMaxMcuBlocks;

size_t round_up(size_t value, size_t unit) { return (value + unit - 1) / unit * unit; }

void fill_table(const HuffmanSpec& spec, ProgressiveTable& table) {
  table.symbols = SymbolTable(spec);
  for (uint32_t i = 0; i < (1u << kProgressiveBits); ++i) {
    const uint64_t window = static_cast<uint64_t>(i) << (64 - kProgressiveBits);
    const Symbol symbol = table.symbols.find(window);
    table.entries[i] = symbol.length <= kProgressiveBits ? progressive_entry(symbol) : ProgressiveEntry{};
  }
}

}  // namespace

const char* ProgressiveImage::decode(MarkerReader& markers, const Request& request,
                                     const std::vector<Plane>& planes) {
  kernels_ = &kernels();
  anomaly_ = nullptr;
  num_scans_ = 0;
  allocate(markers.frame());
  for (MarkerReader::Found found = MarkerReader::Found::kScan; found != MarkerReader::Found::kEndOfImage;) {
    if (found == MarkerReader::Found::kAnomaly) odd(markers.anomaly());
    if (anomaly_ != nullptr || !decode_scan(markers)) break;
    found = markers.next_scan(segment_.marker());
  }
  if (anomaly_ == nullptr && check_complete(markers.frame())) store(request, planes);
  components_.clear();
  return anomaly_;
}

// calloc: pages that are still zero are not written twice.
void ProgressiveImage::allocate(const Frame& frame) {
  components_.clear();
  for (int i = 0; i < frame.num_components; ++i) {
    const FrameComponent& source = frame.components[i];
    Coefficients component;
    component.num_rows = source.num_rows;
    component.num_cols = source.num_cols;
    component.pitch = round_up(source.num_cols, static_cast<size_t>(source.sampling.horizontal));
    const size_t rows = round_up(source.num_rows, static_cast<size_t>(source.sampling.vertical));
    void* blocks = std::calloc(rows * component.pitch, kBlockArea * sizeof(int16_t));
    if (blocks == nullptr) throw std::bad_alloc();
    component.blocks = {static_cast<int16_t*>(blocks), std::free};
    component.nonzero.assign(rows * component.pitch, 0);
    component.low.fill(-1);
    components_.push_back(std::move(component));
  }
}

bool ProgressiveImage::decode_scan(const MarkerReader& markers) {
  if (++num_scans_ > kMaxFastScans) return odd("very many scans");
  const Scan& scan = markers.scan();
  if (!check_parameters(scan) || !check_tables(markers)) return false;
  next_restart_ = 0;
  until_restart_ = 0;
  end_of_band_run_ = 0;
  return scan.spectral_start == 0 ? decode_dc_scan(markers) : decode_ac_scan(markers);
}

// T.81, G.1.1.1: a band is sent once, and then one bit at a time.
bool ProgressiveImage::check_parameters(const Scan& scan) {
  const int start = scan.spectral_start, end = scan.spectral_end;
  const int high = scan.approximation_high, low = scan.approximation_low;
  const bool dc = start == 0;
  if (dc ? end != 0 : end < start || end >= kBlockArea || scan.num_components != 1)
    return odd("an odd spectral selection");
  if (low > 13 || (high != 0 && high != low + 1)) return odd("an odd successive approximation");
  for (int i = 0; i < scan.num_components; ++i) {
    Coefficients& component = components_[static_cast<size_t>(scan.components[i].index)];
    if (!dc && component.low[0] < 0) return odd("AC before DC");
    for (int k = start; k <= end; ++k) {
      if (component.low[k] != (high == 0 ? -1 : high)) return odd("a scan out of order");
      component.low[k] = static_cast<int8_t>(low);
    }
  }
  return true;
}

bool ProgressiveImage::check_tables(const MarkerReader& markers) {
  const Scan& scan = markers.scan();
  const bool dc = scan.spectral_start == 0;
  if (dc && scan.approximation_high > 0) return true;  // single bits
  for (int i = 0; i < scan.num_components; ++i) {
    const ScanComponent& component = scan.components[i];
    const HuffmanSpec& spec = dc ? markers.dc_spec(component.dc_table) : markers.ac_spec(component.ac_table);
    if (!spec.defined()) return odd("a missing Huffman table");
    const char* invalid = invalid_reason(spec, dc ? TableClass::kDc : TableClass::kAc);
    if (invalid != nullptr) return odd(invalid);
    if (dc)
      dc_tables_[i] = SymbolTable(spec);
    else
      fill_table(spec, ac_table_);
  }
  return true;
}

// Begins the next segment where one is due. `remaining` MCUs are left of the scan.
bool ProgressiveImage::restart(const MarkerReader& markers, size_t remaining) {
  const auto interval = static_cast<size_t>(markers.restart_interval());
  const uint8_t* source = markers.scan().data;
  if (cursor_.next != nullptr) {  // not the first one
    if (!segment_.ends_at(cursor_) || end_of_band_run_ != 0) return odd_length();
    source = segment_.marker();
    if (markers.end() - source < 2 || source[1] != 0xD0 + next_restart_)
      return odd("a restart marker is missing");
    next_restart_ = (next_restart_ + 1) % 8;
    source += 2;
  }
  segment_.begin(*kernels_, source, markers.end(), cursor_);
  dc_.fill(0);
  until_restart_ = interval == 0 ? remaining : std::min(interval, remaining);
  return true;
}

// Single bits are taken without looking at them, and an end of 32767 bands is one symbol: a segment may end
// long before its blocks do.
bool ProgressiveImage::top_up() {
  if (segment_.is_exhausted(cursor_)) return odd_length();
  segment_.top_up(*kernels_, cursor_);
  return true;
}

bool ProgressiveImage::decode_dc_scan(const MarkerReader& markers) {
  const Frame& frame = markers.frame();
  const Scan& scan = markers.scan();
  const Coefficients& first = components_[static_cast<size_t>(scan.components[0].index)];
  const bool alone = scan.num_components == 1;
  const size_t rows = alone ? first.num_rows : frame.num_mcu_rows();
  const size_t cols = alone ? first.num_cols : frame.num_mcu_cols();
  cursor_.next = nullptr;
  for (size_t i = 0; i < rows * cols; ++i) {
    if (until_restart_ == 0 && !restart(markers, rows * cols - i)) return false;
    if (i % kBandMcus == 0 && !top_up()) return false;
    if (!decode_dc_mcu(markers, i / cols, i % cols)) return odd("a Huffman code that does not exist");
    --until_restart_;
  }
  return segment_.ends_at(cursor_) || odd_length();
}

bool ProgressiveImage::decode_dc_mcu(const MarkerReader& markers, size_t row, size_t col) {
  const Scan& scan = markers.scan();
  for (int i = 0; i < scan.num_components; ++i) {
    const int index = scan.components[i].index;
    const Coefficients& component = components_[static_cast<size_t>(index)];
    const Sampling sampling =
        scan.num_components == 1 ? Sampling{} : markers.frame().components[index].sampling;
    const auto h = static_cast<size_t>(sampling.horizontal), v = static_cast<size_t>(sampling.vertical);
    for (size_t y = 0; y < v; ++y)
      for (size_t x = 0; x < h; ++x)
        if (!decode_dc(scan, i, *component.at((row * v + y) * component.pitch + col * h + x))) return false;
  }
  return true;
}

bool ProgressiveImage::decode_dc(const Scan& scan, int component, int16_t* block) {
  refill(cursor_);
  if (scan.approximation_high > 0) {
    block[0] =
        static_cast<int16_t>(block[0] | static_cast<int>(cursor_.window >> 63) << scan.approximation_low);
    cursor_.window <<= 1;
    return true;
  }
  const Symbol symbol = dc_tables_[component].find(cursor_.window);
  if (symbol.length == 0) return false;
  const int difference = extend(cursor_.window << symbol.length, symbol.value);
  cursor_.window <<= symbol.length + symbol.value;
  dc_[component] = static_cast<int16_t>(dc_[component] + difference);
  block[0] = static_cast<int16_t>(static_cast<unsigned>(dc_[component]) << scan.approximation_low);
  return true;
}

bool ProgressiveImage::decode_ac_scan(const MarkerReader& markers) {
  const Coefficients& component = components_[static_cast<size_t>(markers.scan().components[0].index)];
  const size_t total = component.num_rows * component.num_cols;
  cursor_.next = nullptr;
  for (size_t i = 0; i < total;) {
    if (until_restart_ == 0 && !restart(markers, total - i)) return false;
    const size_t col = i % component.num_cols;
    const size_t count = std::min({component.num_cols - col, until_restart_, kChunkBlocks});
    if (!top_up()) return false;
    if (!decode_ac_run(markers.scan(), i / component.num_cols * component.pitch + col, count))
      return odd("a Huffman code that does not exist, or a block that overflows");
    i += count;
    until_restart_ -= count;
  }
  return (segment_.ends_at(cursor_) && end_of_band_run_ == 0) || odd_length();
}

bool ProgressiveImage::decode_ac_run(const Scan& scan, size_t first, size_t count) {
  Coefficients& component = components_[static_cast<size_t>(scan.components[0].index)];
  const ProgressiveRun run{&cursor_,
                           &ac_table_,
                           component.at(first),
                           component.nonzero.data() + first,
                           count,
                           scan.spectral_start,
                           scan.spectral_end,
                           scan.approximation_low,
                           &end_of_band_run_};
  return scan.approximation_high == 0 ? kernels_->decode_ac_first(run) : kernels_->decode_ac_refine(run);
}

// libjpeg-turbo's reader has something to say about all others (libjpeg_damage.h).
bool ProgressiveImage::check_complete(const Frame& frame) {
  for (int i = 0; i < frame.num_components; ++i) {
    const Coefficients& component = components_[static_cast<size_t>(i)];
    for (const int8_t low : component.low)
      if (low != 0) return odd("an incomplete progression");
    for (size_t row = 0; row < component.num_rows; ++row)
      for (size_t col = 0; col < component.num_cols; ++col)
        if (is_impossible_dc((*component.at(row * component.pitch + col))[0],
                             frame.components[i].quantization[0]))
          return odd("a DC coefficient that no 8-bit picture has");
  }
  return true;
}

void ProgressiveImage::store(const Request& request, const std::vector<Plane>& planes) const {
  for (size_t i = 0; i < planes.size(); ++i) {
    const Plane& plane = planes[i];
    for (size_t row = 0; row < plane.num_rows; ++row) {
      const BlockRow blocks{*components_[i].at(row * components_[i].pitch), 1, kBlockArea, kBlockArea,
                            static_cast<int>(plane.num_cols)};
      if (request.layout == Layout::kBlock)
        kernels_->store_blocks(blocks, plane.data + row * plane.num_cols * kBlockArea,
                               request.num_frequencies, !request.read_soon);
      else
        kernels_->store_planes(blocks, plane.data + row * plane.row_pitch, plane.plane_pitch,
                               request.num_frequencies, static_cast<int>(plane.row_pitch));
    }
  }
}

}  // namespace fastdct::jpeg
