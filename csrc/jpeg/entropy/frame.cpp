#include "jpeg/entropy/frame.h"

#include <cstring>

#include "jpeg/entropy/zigzag.h"
#include "jpeg/exif.h"

namespace fastdct::jpeg {
namespace {

enum Marker {
  kSof0 = 0xC0,
  kSof2 = 0xC2,
  kDht = 0xC4,
  kSoi = 0xD8,
  kEoi = 0xD9,
  kSos = 0xDA,
  kDqt = 0xDB,
  kDnl = 0xDC,
  kDri = 0xDD,
  kApp0 = 0xE0,
  kApp1 = 0xE1,
  kApp14 = 0xEE,
  kApp15 = 0xEF,
  kComment = 0xFE
};

constexpr int kMaxDimension = 65500;  // libjpeg's JPEG_MAX_DIMENSION

int read16(const uint8_t* bytes) { return bytes[0] << 8 | bytes[1]; }

// The first marker inside or after entropy-coded data that is not RSTn; `end` if there is none.
const uint8_t* end_of_scan(const uint8_t* from, const uint8_t* end) {
  for (; end - from >= 2; ++from)
    if (from[0] == 0xFF && from[1] != 0 && from[1] != 0xFF && (from[1] < 0xD0 || from[1] > 0xD7)) return from;
  return end;
}

// The height that a DNL segment after the first scan defines, for a frame that leaves it open (T.81, B.2.5);
// 0 if there is none. `from` is a marker.
int find_number_of_lines(const uint8_t* from, const uint8_t* end) {
  bool scanned = false;
  while (end - from >= 4 && from[0] == 0xFF) {
    const int marker = from[1], length = read16(from + 2);
    if (scanned) return marker == kDnl && length == 4 && end - from >= 6 ? read16(from + 4) : 0;
    if (length < 2 || end - from - 2 < length) return 0;
    from += 2 + length;
    scanned = marker == kSos;
    if (scanned) from = end_of_scan(from, end);
  }
  return 0;
}

}  // namespace

MarkerReader::Found MarkerReader::first_scan() {
  if (end_ - next_ < 4 || next_[0] != 0xFF || next_[1] != kSoi) {
    odd("no start-of-image marker");
    return Found::kAnomaly;
  }
  next_ += 2;
  return read_segments();
}

MarkerReader::Found MarkerReader::next_scan(const uint8_t* position) {
  next_ = position;
  return read_segments();
}

MarkerReader::Found MarkerReader::read_segments() {
  int marker;
  Segment segment;
  while (next_segment(marker, segment)) {
    if (marker == kEoi) return Found::kEndOfImage;
    if (marker == kSos) return read_scan(segment) ? Found::kScan : Found::kAnomaly;
    if (!read_segment(marker, segment)) return Found::kAnomaly;
  }
  return Found::kAnomaly;
}

// Takes a marker and its segment. Fill bytes (T.81, B.1.1.2) are the only thing allowed before it.
bool MarkerReader::next_segment(int& marker, Segment& segment) {
  if (next_ >= end_ || *next_ != 0xFF) return odd("a marker is missing");
  while (next_ < end_ && *next_ == 0xFF) ++next_;
  if (next_ >= end_) return odd("the data end in a marker");
  marker = *next_++;
  segment = {next_, 0};
  if (marker == kEoi) return true;
  if (end_ - next_ < 2) return odd("the data end in a marker segment");
  const int length = read16(next_);  // counts itself
  if (length < 2 || length > end_ - next_) return odd("a marker segment is longer than the data");
  segment = {next_ + 2, static_cast<size_t>(length) - 2};
  next_ += length;
  return true;
}

bool MarkerReader::read_segment(int marker, const Segment& segment) {
  if (marker == kDqt) return read_quantization(segment);
  if (marker == kDht) return read_huffman(segment);
  if (marker == kDri) return read_restart_interval(segment);
  if (marker >= kSof0 && marker <= kSof2) return read_frame(marker, segment);
  if (marker >= kApp0 && marker <= kApp15) return read_application(marker, segment);
  if (marker == kComment || marker == kDnl) return true;  // libjpeg skips DNL: the height is the frame's
  return odd("a marker that the fast decoder does not take");
}

bool MarkerReader::read_quantization(Segment segment) {
  while (segment.size > 0) {
    const int index = segment.data[0] & 15, precision = segment.data[0] >> 4;
    const size_t length = 1 + kBlockArea * (precision ? 2 : 1);
    if (index >= kNumTables || precision > 1 || segment.size < length)
      return odd("an odd quantization table");
    const uint8_t* values = segment.data + 1;
    for (int k = 0; k < kBlockArea; ++k)
      quantization_[index][kNaturalOrder[k]] =
          static_cast<uint16_t>(precision ? read16(values + 2 * k) : values[k]);
    has_quantization_[index] = true;
    segment = {segment.data + length, segment.size - length};
  }
  return true;
}

bool MarkerReader::read_huffman(Segment segment) {
  while (segment.size > 0) {
    if (segment.size < 1 + kMaxCodeLength) return odd("a cut Huffman table");
    const int index = segment.data[0] & 15;
    const int table_class = segment.data[0] >> 4;
    if (index >= kNumTables || table_class > 1) return odd("a Huffman table with an odd number");
    HuffmanSpec spec;
    std::memcpy(spec.counts.data(), segment.data + 1, kMaxCodeLength);
    for (const uint8_t count : spec.counts) spec.num_symbols += count;
    segment = {segment.data + 1 + kMaxCodeLength, segment.size - 1 - kMaxCodeLength};
    if (spec.num_symbols > 256 || static_cast<size_t>(spec.num_symbols) > segment.size)
      return odd("a Huffman table with too many symbols");
    std::memcpy(spec.symbols.data(), segment.data, static_cast<size_t>(spec.num_symbols));
    segment = {segment.data + spec.num_symbols, segment.size - static_cast<size_t>(spec.num_symbols)};
    (table_class == 0 ? dc_specs_ : ac_specs_)[index] = spec;
  }
  return true;
}

bool MarkerReader::read_restart_interval(const Segment& segment) {
  if (segment.size != 2) return odd("an odd restart interval");
  restart_interval_ = read16(segment.data);
  return true;
}

// JFIF, Adobe and EXIF before the first scan, read as libjpeg and markers.cpp do.
bool MarkerReader::read_application(int marker, const Segment& segment) {
  if (scan_.num_components > 0) return true;
  if (marker == kApp0 && segment.size >= 14 && std::memcmp(segment.data, "JFIF", 5) == 0) {
    has_jfif_ = true;
    if (segment.data[5] != 1) return odd("an unknown JFIF version");
  }
  if (marker == kApp14 && segment.size >= 12 && std::memcmp(segment.data, "Adobe", 5) == 0)
    adobe_transform_ = segment.data[11];
  if (marker == kApp1 && frame_.orientation == 0)
    frame_.orientation = exif_orientation(segment.data, segment.size);
  return true;
}

bool MarkerReader::read_frame(int marker, const Segment& segment) {
  if (frame_.marker != 0) return odd("a second frame");
  if (segment.size < 6 || segment.data[0] != 8) return odd("not 8 bits a sample");
  frame_.marker = marker;
  frame_.height = read16(segment.data + 1);
  if (frame_.height == 0)
    frame_.height = find_number_of_lines(next_, end_);  // libjpeg-turbo does not read these
  frame_.width = read16(segment.data + 3);
  frame_.num_components = segment.data[5];
  if (frame_.num_components < 1 || frame_.num_components > kMaxComponents ||
      segment.size != 6 + 3 * static_cast<size_t>(frame_.num_components))
    return odd("an odd number of components");
  if (frame_.height < 1 || frame_.width < 1 || frame_.height > kMaxDimension || frame_.width > kMaxDimension)
    return odd("no height, no width, or too much of it");
  for (int i = 0; i < frame_.num_components; ++i) {
    const uint8_t* entry = segment.data + 6 + 3 * i;
    FrameComponent& component = frame_.components[i];
    component.id = entry[0];
    component.sampling = {entry[1] >> 4, entry[1] & 15};
    component.quantization_table = entry[2];
    const auto [h, v] = component.sampling;
    if (h < 1 || h > 4 || v < 1 || v > 4 || entry[2] >= kNumTables)
      return odd("odd sampling or table number");
    for (int j = 0; j < i; ++j)
      if (frame_.components[j].id == component.id) return odd("two components of one name");
    frame_.max_horizontal = h > frame_.max_horizontal ? h : frame_.max_horizontal;
    frame_.max_vertical = v > frame_.max_vertical ? v : frame_.max_vertical;
  }
  for (int i = 0; i < frame_.num_components; ++i) {
    FrameComponent& component = frame_.components[i];
    component.num_rows = num_blocks(frame_.height, component.sampling.vertical, frame_.max_vertical);
    component.num_cols = num_blocks(frame_.width, component.sampling.horizontal, frame_.max_horizontal);
  }
  return true;
}

bool MarkerReader::read_scan(const Segment& segment) {
  if (frame_.marker == 0) return odd("a scan before the frame");
  if (segment.size < 1) return odd("an empty scan header");
  if (scan_.num_components == 0) {
    first_restart_interval_ = restart_interval_;
    if (!find_color_space()) return false;
  }
  scan_.num_components = segment.data[0];
  if (scan_.num_components < 1 || scan_.num_components > frame_.num_components ||
      segment.size != 4 + 2 * static_cast<size_t>(scan_.num_components))
    return odd("an odd number of components in a scan");
  for (int i = 0; i < scan_.num_components; ++i) {
    const uint8_t* entry = segment.data + 1 + 2 * i;
    int index = 0;
    while (index < frame_.num_components && frame_.components[index].id != entry[0]) ++index;
    if (index == frame_.num_components) return odd("a scan of a component that the frame lacks");
    for (int j = 0; j < i; ++j)
      if (scan_.components[j].index >= index) return odd("a scan whose components are not in order");
    scan_.components[i] = {index, entry[1] >> 4, entry[1] & 15, frame_.components[index].scanned};
    if (scan_.components[i].dc_table >= kNumTables || scan_.components[i].ac_table >= kNumTables)
      return odd("a scan with an odd table number");
  }
  const uint8_t* tail = segment.data + 1 + 2 * scan_.num_components;
  scan_.spectral_start = tail[0];
  scan_.spectral_end = tail[1];
  scan_.approximation_high = tail[2] >> 4;
  scan_.approximation_low = tail[2] & 15;
  scan_.data = next_;
  return check_scan();
}

// What every scan must satisfy; takes the quantization tables of components that had no scan before, as
// libjpeg does.
bool MarkerReader::check_scan() {
  int mcu_blocks = 0;
  for (int i = 0; i < scan_.num_components; ++i) {
    FrameComponent& component = frame_.components[scan_.components[i].index];
    mcu_blocks += component.sampling.horizontal * component.sampling.vertical;
    if (component.scanned) continue;
    if (!has_quantization_[component.quantization_table]) return odd("a missing quantization table");
    component.quantization = quantization_[component.quantization_table];
    component.scanned = true;
  }
  if (scan_.num_components > 1 && mcu_blocks > kMaxMcuBlocks) return odd("more than ten blocks in an MCU");
  return true;
}

}  // namespace fastdct::jpeg
