#include "jpeg/device/found_scans.h"

#include <algorithm>
#include <cstring>

#include "jpeg/device/code_table.h"
#include "jpeg/entropy/sequential.h"

namespace fastdct::jpeg::device {
namespace {

DeviceCode make_code(const HuffmanSpec& spec, TableClass table_class) {
  DeviceCode code{};
  uint32_t value = 0;
  int32_t index = 0;
  for (uint32_t length = 1; length <= kCodeBits; ++length, value <<= 1) {
    code.first_index[length] = index - static_cast<int32_t>(value);
    value += spec.counts[length - 1];
    index += spec.counts[length - 1];
    code.code_limit[length] = value << (kCodeBits - length);
  }
  std::copy(spec.symbols.begin(), spec.symbols.end(), code.symbols);
  code.is_ac = table_class == TableClass::kAc ? 1 : 0;
  return code;
}

// First entry of the table of a code, which is added unless the scan has it.
uint32_t add_code(FoundScan& found, const HuffmanSpec& spec, TableClass table_class) {
  DeviceCode code = make_code(spec, table_class);
  for (const DeviceCode& known : found.codes)
    if (known.is_ac == code.is_ac && std::equal(code.code_limit, code.code_limit + 17, known.code_limit) &&
        std::equal(code.symbols, code.symbols + 256, known.symbols))
      return known.first_entry;
  constexpr uint32_t kEntriesOfPiece = 8;  // tables begin where 16 bytes do
  code.first_entry = found.num_entries;
  code.num_entries = (table_size(code) + kEntriesOfPiece - 1) / kEntriesOfPiece * kEntriesOfPiece;
  found.num_entries += code.num_entries;
  found.codes.push_back(code);
  return code.first_entry;
}

void add_component(const MarkerReader& markers, uint32_t index, FoundScan& found) {
  const ScanComponent& component = markers.scan().components[index];
  const Sampling sampling = markers.frame().components[component.index].sampling;
  const bool alone = markers.scan().num_components == 1;
  const auto horizontal = static_cast<uint8_t>(alone ? 1 : sampling.horizontal);
  const auto vertical = static_cast<uint8_t>(alone ? 1 : sampling.vertical);
  const uint32_t dc = add_code(found, markers.dc_spec(component.dc_table), TableClass::kDc);
  const uint32_t ac = add_code(found, markers.ac_spec(component.ac_table), TableClass::kAc);
  found.components[index] = component.index;
  found.scan.components[index] = {0, horizontal, vertical};
  for (uint8_t row = 0; row < vertical; ++row)
    for (uint8_t col = 0; col < horizontal; ++col)
      found.scan.places[found.scan.mcu_size++] = {dc | ac << 16, static_cast<uint8_t>(index), row, col, 0};
}

// Where tables repeat along the places of an MCU, decoding goes on in the same way. Threads that stand a
// period apart would never find out, and need not.
uint32_t find_period(const DeviceScan& scan) {
  const auto repeats = [&](uint32_t period) {
    for (uint32_t i = period; i < scan.mcu_size; ++i)
      if (scan.places[i].tables != scan.places[i - period].tables) return false;
    return scan.mcu_size % period == 0;
  };
  uint32_t period = 1;
  while (!repeats(period)) ++period;
  return period;
}

// The marker behind entropy-coded bytes, or their end; `num_bytes` is what they are without stuffing.
const uint8_t* end_of_segment(const uint8_t* source, const uint8_t* end, size_t& num_bytes) {
  const uint8_t* const begin = source;
  size_t num_stuffed = 0;
  for (;; source += 2, ++num_stuffed) {
    const auto* found = static_cast<const uint8_t*>(
        end - source < 2 ? nullptr : std::memchr(source, 0xFF, static_cast<size_t>(end - source - 1)));
    source = found == nullptr ? end : found;
    if (found == nullptr || source[1] != 0) break;
  }
  num_bytes = static_cast<size_t>(source - begin) - num_stuffed;
  return source;
}

// Past the RSTn of this number, fill bytes before it allowed; nullptr if it is not there.
const uint8_t* after_restart(const uint8_t* marker, const uint8_t* end, uint32_t number) {
  while (end - marker >= 2 && marker[0] == 0xFF && marker[1] == 0xFF) ++marker;
  return end - marker >= 2 && marker[1] == 0xD0 + number % 8 ? marker + 2 : nullptr;
}

// Sets `marker` to the one behind the scan.
const char* find_segments(const MarkerReader& markers, uint32_t num_mcus, FoundScan& found,
                          const uint8_t*& marker) {
  const auto interval = static_cast<uint32_t>(markers.restart_interval());
  const uint8_t* source = markers.scan().data;
  for (uint32_t mcu = 0, number = 0; mcu < num_mcus; ++number) {
    size_t num_bytes;
    marker = end_of_segment(source, markers.end(), num_bytes);
    if (num_bytes > kMaxSegmentBytes) return "an entropy-coded segment of more than 256 MB";
    const uint32_t count = interval == 0 ? num_mcus : std::min(interval, num_mcus - mcu);
    found.segments.push_back({source, static_cast<uint32_t>(num_bytes), mcu, count * found.scan.mcu_size});
    found.num_bytes += num_bytes;
    found.num_blocks += found.segments.back().num_blocks;
    mcu += count;
    if (mcu == num_mcus) break;
    source = after_restart(marker, markers.end(), number);
    if (source == nullptr) return "a restart marker is missing";
  }
  return nullptr;
}

const char* find_scan(const MarkerReader& markers, FoundScan& found, const uint8_t*& marker) {
  const Frame& frame = markers.frame();
  const Scan& scan = markers.scan();
  if (const char* anomaly = sequential_anomaly(markers)) return anomaly;
  for (int i = 0; i < scan.num_components; ++i) add_component(markers, static_cast<uint32_t>(i), found);
  found.scan.period = find_period(found.scan);
  const FrameComponent& first = frame.components[scan.components[0].index];
  const bool alone = scan.num_components == 1;
  const size_t num_rows = alone ? first.num_rows : frame.num_mcu_rows();
  const size_t num_cols = alone ? first.num_cols : frame.num_mcu_cols();
  found.scan.num_mcu_cols = static_cast<uint32_t>(num_cols);
  return find_segments(markers, static_cast<uint32_t>(num_rows * num_cols), found, marker);
}

const char* find_all_scans(MarkerReader& markers, size_t size, uint64_t max_pixels, FoundPicture& picture) {
  MarkerReader::Found found = markers.first_scan();
  if (found == MarkerReader::Found::kEndOfImage) return "no scan";
  if (found == MarkerReader::Found::kScan) {
    if (const char* anomaly = size_anomaly(markers.frame(), size, max_pixels)) return anomaly;
    if (markers.frame().progressive()) return "progressive";
  }
  while (found == MarkerReader::Found::kScan) {
    const uint8_t* marker = nullptr;
    picture.scans.emplace_back();
    if (const char* anomaly = find_scan(markers, picture.scans.back(), marker)) return anomaly;
    found = markers.next_scan(marker);
  }
  if (found == MarkerReader::Found::kAnomaly) return markers.anomaly();
  for (int i = 0; i < markers.frame().num_components; ++i)
    if (!markers.frame().components[i].scanned) return "a component without a scan";
  return nullptr;
}

}  // namespace

const char* find_scans(const uint8_t* data, size_t size, uint64_t max_pixels, FoundPicture& picture) {
  MarkerReader markers(data, size);
  const char* const reason = find_all_scans(markers, size, max_pixels, picture);
  if (reason != nullptr) {
    picture.scans.clear();
    return reason;
  }
  picture.frame = markers.frame();
  picture.header = markers.header();
  picture.end = data + size;
  return nullptr;
}

}  // namespace fastdct::jpeg::device
