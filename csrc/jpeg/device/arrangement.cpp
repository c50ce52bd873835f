#include "jpeg/device/arrangement.h"

#include <algorithm>
#include <cstring>

#include "jpeg/device/list_blocks.h"
#include "jpeg/device/work.h"
#include "jpeg/entropy/kernels.h"

namespace fastdct::jpeg::device {
namespace {

constexpr uint64_t kSectionAlignment = 256;

uint64_t align(uint64_t size, uint64_t alignment) { return (size + alignment - 1) / alignment * alignment; }

// Of a segment and the ones behind it.
uint64_t segment_stride(uint32_t num_bytes) {
  return align(uint64_t{num_bytes} + kSegmentTail, kSegmentAlignment);
}

// Large GPUs run 200 to 270 thousand threads at once, to which all bits of a batch are shared out. Larger
// subsequences gain little, smaller ones waste more of what they decode: guesses find the blocks after some
// of them, however many bits these have. Of 1024 bits threads decoded 1.61 times what photos hold, of 64
// blocks 1.15 times; a thread is done with these in a tenth of a millisecond, while a batch takes longer to
// be copied.
uint32_t choose_subsequence_bits(uint64_t num_batch_bits, uint64_t bits_of_block) {
  constexpr uint64_t kThreads = 250000, kSmallest = 1024, kStep = 128, kFewestBlocks = 64;
  const uint64_t bits = std::max(num_batch_bits / kThreads, kFewestBlocks * bits_of_block);
  return static_cast<uint32_t>(std::clamp<uint64_t>(align(bits, kStep), kSmallest, kMaxSubsequenceBits));
}

template <typename Element>
std::string bytes_of(const Element* elements, size_t count) {
  return std::string(reinterpret_cast<const char*>(elements), count * sizeof(Element));
}

template <typename Element>
void copy_section(const std::vector<Element>& source, uint8_t* target) {
  if (!source.empty()) std::memcpy(target, source.data(), source.size() * sizeof(Element));
}

}  // namespace

Arrangement::Arrangement(const std::vector<FoundPicture>& pictures, uint32_t subsequence_bits)
    : forced_bits_(subsequence_bits) {
  for (uint32_t i = 0; i < pictures.size(); ++i) {
    first_plane_.push_back(static_cast<int64_t>(planes_.size()));
    if (pictures[i].scans.empty()) continue;
    add_planes(pictures[i]);
    add_scans(pictures[i], i);
  }
  first_plane_.push_back(static_cast<int64_t>(planes_.size()));
  launches_.num_sources = static_cast<uint32_t>(pictures.size());

  std::stable_sort(order_.begin(), order_.end(),
                   [](const Ordered& a, const Ordered& b) { return a.table_set < b.table_set; });
  for (size_t i = 0; i < order_.size();) {
    const uint32_t set = order_[i].table_set, first = launches_.num_subsequences;
    for (; i < order_.size() && order_[i].table_set == set; ++i) add_descriptors(order_[i]);
    add_group(set, first, launches_.num_subsequences);
  }
  first_segment_.push_back(static_cast<uint32_t>(segments_.size()));
  launches_.num_pages += launches_.num_subsequences;
  for (DeviceScan& scan : scans_) scan.first_page += launches_.num_subsequences;
  place_sections();
}

void Arrangement::add_planes(const FoundPicture& picture) {
  for (int i = 0; i < picture.frame.num_components; ++i) {
    const FrameComponent& component = picture.frame.components[i];
    planes_.push_back({launches_.num_blocks, static_cast<uint32_t>(component.num_rows),
                       static_cast<uint32_t>(component.num_cols), add_quantization(component.quantization),
                       0});
    launches_.num_blocks += component.num_rows * component.num_cols;
  }
}

uint32_t Arrangement::add_quantization(const std::array<uint16_t, kBlockArea>& table) {
  const auto number = static_cast<uint32_t>(quantization_.size());
  const auto [found, is_new] =
      quantization_numbers_.try_emplace(bytes_of(table.data(), table.size()), number);
  if (is_new) quantization_.push_back(table);
  return found->second;
}

void Arrangement::add_scans(const FoundPicture& picture, uint32_t source) {
  for (const FoundScan& found : picture.scans) {
    order_.push_back({&picture, &found, source, add_table_set(found)});
    num_bytes_ += found.num_bytes;
  }
}

uint32_t Arrangement::add_table_set(const FoundScan& found) {
  const auto number = static_cast<uint32_t>(table_sets_.size());
  const auto [known, is_new] =
      table_set_numbers_.try_emplace(bytes_of(found.codes.data(), found.codes.size()), number);
  if (!is_new) return known->second;
  table_sets_.push_back({static_cast<uint32_t>(codes_.size()), static_cast<uint32_t>(found.codes.size()),
                         launches_.num_entries, found.num_entries});
  codes_.insert(codes_.end(), found.codes.begin(), found.codes.end());
  launches_.num_entries += found.num_entries;
  launches_.max_set_entries = std::max(launches_.max_set_entries, found.num_entries);
  return number;
}

void Arrangement::add_descriptors(const Ordered& ordered) {
  const FoundScan& found = *ordered.found;
  DeviceScan scan = found.scan;
  scan.source = ordered.source;
  for (uint32_t i = 0; i < kMaxPlanes; ++i)
    scan.components[i].plane =
        static_cast<uint32_t>(first_plane_[ordered.source]) + static_cast<uint32_t>(found.components[i]);
  first_segment_.push_back(static_cast<uint32_t>(segments_.size()));
  scan.subsequence_bits = subsequence_bits_of(found);
  for (const FoundSegment& segment : found.segments) add_segment(segment, scan.subsequence_bits);
  data_bytes_ = align(data_bytes_ + static_cast<uint64_t>(kCopySlack), kSegmentAlignment);
  reserve_pages(scan, found);
  scans_.push_back(scan);
}

uint32_t Arrangement::subsequence_bits_of(const FoundScan& found) const {
  if (forced_bits_ != 0) return forced_bits_;
  return choose_subsequence_bits(8 * num_bytes_, 8 * found.num_bytes / found.num_blocks);
}

void Arrangement::add_segment(const FoundSegment& found, uint32_t subsequence_bits) {
  const uint32_t num_bits = 8 * found.num_bytes;
  const uint32_t count = (num_bits + subsequence_bits - 1) / subsequence_bits;
  segments_.push_back({data_bytes_, found.num_bytes, static_cast<uint32_t>(scans_.size()), found.first_mcu,
                       found.num_blocks, launches_.num_subsequences, count});
  launches_.num_subsequences += count;
  data_bytes_ += segment_stride(found.num_bytes);
}

// Beside one for each subsequence: what blocks need, 8 bytes each, and coefficients, 2 bytes each and 4 bits
// or more on average, and as much again for what threads list twice, which in photos is at most 2500 bits a
// thread. Who needs more, as guesses that never meet do, is decoded on the CPU.
void Arrangement::reserve_pages(DeviceScan& scan, const FoundScan& found) {
  constexpr uint64_t kBitsTwice = 2500;
  constexpr uint64_t kFilled = sizeof(uint64_t) * (Page::kNumWords - 1 - kMaxBlockTokens / kTokensOfWord);
  uint64_t bytes = 8 * found.num_blocks + 8 * found.num_bytes / 2;
  bytes += bytes * kBitsTwice / scan.subsequence_bits;
  scan.first_page = launches_.num_pages;
  scan.num_pages = static_cast<uint32_t>(bytes / kFilled + 1);
  launches_.num_pages += scan.num_pages;
}

void Arrangement::add_group(uint32_t table_set, uint32_t first, uint32_t end) {
  for (; first < end; first += kGroupSize)
    groups_.push_back({table_set, first, std::min(kGroupSize, end - first), 0});
}

void Arrangement::place_sections() {
  uint64_t at = 0;
  const auto place = [&at](uint64_t& offset, uint64_t size) {
    offset = at;
    at = align(at + size, kSectionAlignment);
  };
  const auto section = [&place](uint64_t& offset, uint32_t& count, const auto& elements) {
    count = static_cast<uint32_t>(elements.size());
    place(offset, elements.size() * sizeof(elements[0]));
  };
  Launches& l = launches_;
  section(l.planes, l.num_planes, planes_);
  section(l.quantization, l.num_tables, quantization_);
  section(l.codes, l.num_codes, codes_);
  section(l.table_sets, l.num_table_sets, table_sets_);
  section(l.scans, l.num_scans, scans_);
  section(l.segments, l.num_segments, segments_);
  section(l.groups, l.num_groups, groups_);
  place(l.data, data_bytes_);
  l.arena_bytes = at;
  for (DeviceSegment& segment : segments_) segment.first_byte += l.data;
}

size_t Arrangement::workspace_bytes() const {
  size_t bytes;
  lay_out(launches_, 0, 0, bytes);
  return bytes;
}

void Arrangement::write_descriptors(uint8_t* arena) const {
  copy_section(planes_, arena + launches_.planes);
  copy_section(quantization_, arena + launches_.quantization);
  copy_section(codes_, arena + launches_.codes);
  copy_section(table_sets_, arena + launches_.table_sets);
  copy_section(scans_, arena + launches_.scans);
  copy_section(segments_, arena + launches_.segments);
  copy_section(groups_, arena + launches_.groups);
}

// What was measured is written, no more and no less, also where somebody has changed the file since.
void Arrangement::write_scan(size_t scan, uint8_t* arena) const {
  const Ordered& ordered = order_[scan];
  for (size_t i = 0; i < ordered.found->segments.size(); ++i) {
    const FoundSegment& found = ordered.found->segments[i];
    uint8_t* const target = arena + segments_[first_segment_[scan] + i].first_byte;
    const Copied copied = kernels().copy_unstuffed(found.source, ordered.picture->end, target,
                                                   target + found.num_bytes + kCopySlack);
    const uint8_t* const end = target + segment_stride(found.num_bytes);
    uint8_t* const tail = std::min(copied.target, target + found.num_bytes);
    std::memset(tail, 0xFF, static_cast<size_t>(end - tail));
  }
}

}  // namespace fastdct::jpeg::device
