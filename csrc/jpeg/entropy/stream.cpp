#include "jpeg/entropy/stream.h"

namespace fastdct::jpeg {
namespace {

LookupTable make_stop_table() {
  LookupTable table{};
  for (LookupEntry& entry : table.entries) entry.span = kException;
  return table;
}

Block* block_of(char* position) {
  return reinterpret_cast<Block*>(reinterpret_cast<uintptr_t>(position) & ~uintptr_t{sizeof(Block) - 1});
}

char* place(Block* block, int coefficient) {
  return reinterpret_cast<char*>(&block->coefficients[coefficient]);
}

Cursor stop(Cursor cursor, bool damaged) {
  cursor.table = nullptr;
  if (damaged) cursor.next = nullptr;
  return cursor;
}

}  // namespace

const LookupEntry* stop_table() {
  static const LookupTable table = make_stop_table();
  return table.entries.data();
}

Cursor resolve_exception(Cursor cursor) {
  if (cursor.table == stop_table()) return stop(cursor, false);
  refill(cursor);
  Block* const block = block_of(cursor.position);
  int due = static_cast<int>((cursor.position - reinterpret_cast<char*>(block)) / 2);
  const Symbol symbol = (due == 0 ? block->tables->dc : block->tables->ac).find(cursor.window);
  if (symbol.length == 0) return stop(cursor, true);
  const int run = due == 0 ? 0 : symbol.value >> 4;
  const int size = due == 0 ? symbol.value : symbol.value & 15;
  if (due > 0 && size == 0 && run < 15) {
    due = kBlockArea;  // end of block
  } else {
    due += run;
    if (due >= kBlockArea) return stop(cursor, true);
    block->coefficients[due++] = static_cast<int16_t>(extend(cursor.window << symbol.length, size));
  }
  cursor.window <<= symbol.length + size;
  cursor.table = due < kBlockArea ? block->rest : block->following;
  cursor.position = due < kBlockArea ? place(block, due) : reinterpret_cast<char*>(block + 1);
  return cursor;
}

}  // namespace fastdct::jpeg
