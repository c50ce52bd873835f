// libjpeg's decompressor with everything its callbacks touch, and the steps that run it. Plain data and plain
// functions: libjpeg leaves a step by longjmp (libjpeg_errors.h), so nothing here may need a destructor.
#pragma once
#include "jpeg/image.h"
#include "jpeg/libjpeg_damage.h"
#include "jpeg/libjpeg_errors.h"
#include "jpeg/libjpeg_source.h"

namespace fastdct::jpeg {

// Each scan costs a walk over all blocks, however few bytes it has: a few thousand bytes could keep a reader
// busy for minutes. Encoders write some ten scans, and the longest script seen in a file that means well
// has 15.
constexpr int kMaxScans = 500;
constexpr int kMinMaxScans = 64;                    // allowed however large the image
constexpr uint64_t kMaxVisits = uint64_t{1} << 28;  // blocks times scans: some three seconds

struct Decoder {
  jpeg_decompress_struct cinfo;  // first: libjpeg's callbacks get here through it
  ErrorManager errors;
  Source source;
  jpeg_progress_mgr progress;
  DamageLog log;
  bool stop_at_damage;
  int max_scans;
  size_t last_position;  // up to it, rows and markers were read without a fatal error; 0: none were
  jvirt_barray_ptr* arrays;
  int16_t* targets[MAX_COMPONENTS];  // where copy_out puts the blocks of each component, row after row
};

// Blocks of all components.
uint64_t total_blocks(const jpeg_decompress_struct& cinfo);

// Steps, to be run by guarded() in this order.
void create(Decoder& decoder);  // wants source.data and source.size
void parse_header(Decoder& decoder);
void parse_scans(Decoder& decoder);
void copy_out(Decoder& decoder);  // wants targets

}  // namespace fastdct::jpeg
