// A thread that decodes blocks and lists them.
#pragma once
#include <cstdint>

#include "common/shared_words.h"
#include "jpeg/device/bit_reader.h"
#include "jpeg/device/work.h"

namespace fastdct::jpeg::device {

// The coefficient that the extra bits behind `code_length` bits stand for (T.81, F.2.2.1, EXTEND); size
// 0..15.
FASTDCT_HD int32_t extra_value(uint32_t bits32, uint32_t code_length, uint32_t size) {
  const uint32_t extra = bits32 << code_length;
  const auto bits = static_cast<int32_t>((extra >> 1) >> (31 - size));
  const int32_t smallest = 1 - static_cast<int32_t>(1u << size);  // 0 for size 0
  return (extra >> 31) != 0 ? bits : bits + smallest;
}

// Reads one symbol a step, the same steps for all symbols of a block: threads that wait for each other should
// wait for one symbol, not for a block. The state is in registers.
class Lister {
 public:
  FASTDCT_HD Lister(const Work& work, const Subsequence& subsequence, const TableEntry* tables)
      : work_(work),
        subsequence_(subsequence),
        tables_(tables),
        reader_(reinterpret_cast<const uint32_t*>(work.arena + subsequence.segment.first_byte), 0),
        period_(subsequence.scan.period) {}

  // At its first bit, with its own page.
  FASTDCT_HD void begin() {
    work_.pages[subsequence_.index].next = kNoPage;
    begin_at(subsequence_.first_bit);
  }

  // Where it was left.
  FASTDCT_HD void resume(const ListState& state) {
    num_blocks_ = state.num_blocks;
    page_ = state.page;
    writer_.open(&work_.pages[state.page], state.num_page_tokens, state.num_page_blocks);
    set_place(num_blocks_ % period_);
    reader_.seek(state.position);
  }

  // Before each block. False: there is no memory left for one.
  FASTDCT_HD bool begin_block() {
    if (!writer_.has_room() && !turn_page()) return stop(Stop::kFull);
    start_ = reader_.position();
    first_token_ = writer_.num_tokens();
    due_ = 0;
    table_ = tables_ + (place_tables_ & 0xFFFF);
    ac_table_ = tables_ + (place_tables_ >> 16);
    set_place(place_ + 1 == period_ ? 0 : place_ + 1);
    return true;
  }

  // One symbol. False: there is none, or the block overflows.
  FASTDCT_HD bool step() {
    const uint32_t bits = reader_.peek();
    const uint32_t entry = look_up(table_, bits);
    const uint32_t length = entry & 31, size = entry >> 5 & 15, run = entry >> 9 & 15;
    const bool ends = (entry & kEndsBlock) != 0;
    const uint32_t due = ends ? kBlockEnd : due_ + run + 1;
    if (entry == 0 || due > kBlockEnd) return stop(Stop::kBroken);
    const int32_t value = extra_value(bits, length - size, size);
    if (due_ == 0)
      dc_ = value;
    else if (!ends)
      writer_.append(make_token(run, value));
    reader_.skip(length);
    due_ = due;
    table_ = ac_table_;
    return true;
  }

  FASTDCT_HD bool has_block() const { return due_ == kBlockEnd; }

  FASTDCT_HD void finish_block() {
    writer_.append(ListedBlock{start_, first_token_, writer_.num_tokens() - first_token_, dc_});
    ++num_blocks_;
  }

  // What was listed led to something that is no code: it was no block. Begins anew behind that; false: not
  // within the subsequence.
  FASTDCT_HD bool begin_anew() {
    const uint32_t position = reader_.position() + 1;
    if (position >= subsequence_.end_bit) {
      clear();
      return false;
    }
    begin_at(position);
    stop_ = Stop::kNone;
    return begin_block();
  }

  FASTDCT_HD uint32_t position() const { return reader_.position(); }  // between blocks
  FASTDCT_HD uint32_t num_blocks() const { return num_blocks_; }

  FASTDCT_HD ListState leave() {
    writer_.flush();
    const uint32_t position = stop_ == Stop::kBroken ? start_ : reader_.position();
    return {position,
            num_blocks_,
            page_,
            static_cast<uint16_t>(writer_.num_tokens()),
            static_cast<uint16_t>(writer_.num_blocks()),
            stop_};
  }

 private:
  static constexpr uint32_t kBlockEnd = 64;

  FASTDCT_HD bool stop(Stop why) {
    stop_ = why;
    return false;
  }

  // The place of the block that is begun next. Its tables are asked for a block before they are needed.
  FASTDCT_HD void set_place(uint32_t place) {
    place_ = place;
    place_tables_ = subsequence_.scan.places[place].tables;
  }

  FASTDCT_HD void clear() {
    num_blocks_ = 0;
    set_place(0);
    page_ = subsequence_.index;
    writer_.begin(&work_.pages[page_]);
  }

  FASTDCT_HD void begin_at(uint32_t position) {
    clear();
    reader_.seek(position);
  }

  // On to a page that was taken before the list was begun anew, or to another of the scan's.
  FASTDCT_HD bool turn_page() {
    writer_.flush();
    Page& full = *writer_.page();
    if (full.next == kNoPage) {
      const DeviceScan& scan = subsequence_.scan;
      const uint32_t taken = add_atomically(&work_.num_scan_pages[subsequence_.segment.scan], 1);
      if (taken >= scan.num_pages) return false;
      full.next = scan.first_page + taken;
      work_.pages[full.next].next = kNoPage;
    }
    page_ = full.next;
    writer_.begin(&work_.pages[page_]);
    return true;
  }

  const Work& work_;
  const Subsequence& subsequence_;
  const TableEntry* tables_;
  const TableEntry* table_ = nullptr;  // of the symbol that is due
  const TableEntry* ac_table_ = nullptr;
  BitReader reader_;
  PageWriter writer_;
  uint32_t page_ = 0;
  uint32_t period_;
  uint32_t place_ = 0, place_tables_ = 0;
  uint32_t num_blocks_ = 0;
  uint32_t start_ = 0, first_token_ = 0;  // of the block
  uint32_t due_ = 0;                      // coefficient
  int32_t dc_ = 0;
  Stop stop_ = Stop::kNone;
};

}  // namespace fastdct::jpeg::device
