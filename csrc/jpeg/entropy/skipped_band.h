// A band of which only the DC is wanted, in a fraction of the memory that its coefficients would take.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "jpeg/entropy/stream.h"

namespace fastdct::jpeg {

class SkippedBand {
 public:
  // The tables of each block of an MCU; room for `num_mcus` of them.
  void plan(std::vector<std::shared_ptr<const SkipTables>> mcu, int num_mcus);

  // Sets up the stream to pass over `num_blocks` blocks from its cursor on.
  void begin(Stream& stream, size_t num_blocks);

  // Once it has stopped: moves its cursor behind these blocks; false: it is damaged.
  bool finish(Stream& stream, size_t num_blocks);

  // Before finish(): how many blocks were passed whole, and where a block begins, up to that many: bits from
  // where the cursor's next byte was.
  size_t num_passed(const Stream& stream) const {
    return static_cast<size_t>(stream.skip.block - blocks_.get());
  }
  uint32_t position(size_t block) const { return blocks_[block].start & kSkipPosition; }

  // The DC difference of a block, between finish() and begin().
  struct Differences {
    const SkippedBlock* blocks;
    const uint8_t* origin;

    int operator()(ptrdiff_t block) const {
      const uint32_t position = blocks[block].start & kSkipPosition;
      return blocks[block].tables->difference(load_big_endian(origin + position / 8) << position % 8);
    }
  };
  Differences differences() const { return {blocks_.get(), origin_}; }

  int16_t* dc() { return dc_.get(); }  // room for that of each block

 private:
  std::vector<std::shared_ptr<const SkipTables>> mcu_;
  std::unique_ptr<SkippedBlock[]> blocks_;
  std::unique_ptr<int16_t[]> dc_;
  const uint8_t* origin_ = nullptr;
};

}  // namespace fastdct::jpeg
