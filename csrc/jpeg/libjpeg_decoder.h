// libjpeg's decompressor with everything its callbacks touch, and the steps that run it. Plain data and plain
// functions: libjpeg leaves a step by longjmp (libjpeg_errors.h), so nothing here may need a destructor.
#pragma once
#include "jpeg/image.h"
#include "jpeg/libjpeg_damage.h"
#include "jpeg/libjpeg_errors.h"
#include "jpeg/libjpeg_source.h"

namespace fastdct::jpeg {

// Each scan costs a walk over all blocks, however few bytes it has; encoders write some ten, the most scans
// of a file that means well in the corpora at hand are 15.
constexpr int kMaxScans = 500;

struct Decoder {
  jpeg_decompress_struct cinfo;  // first: libjpeg's callbacks get here through it
  ErrorManager errors;
  Source source;
  jpeg_progress_mgr progress;
  DamageLog log;
  bool stop_at_damage;
  size_t
      last_position;  // offset up to which scan rows and markers were read without a fatal error; 0: none yet
  jvirt_barray_ptr* arrays;
  int16_t* targets[MAX_COMPONENTS];  // where copy_out puts the blocks of each component, row after row
};

// Steps, to be run by guarded() in this order.
void create(Decoder& decoder);  // wants source.data and source.size
void parse_header(Decoder& decoder);
void parse_scans(Decoder& decoder);
void copy_out(Decoder& decoder);  // wants targets

}  // namespace fastdct::jpeg
