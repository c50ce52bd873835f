// The rule that says when a JPEG file is damaged, in one place.
//
// libjpeg goes on after nearly everything and only warns. A warning is *damage* when coefficients are, or may
// be, not those that were encoded:
//   - premature end of an entropy-coded segment, a code that is in no table (Huffman or arithmetic), a lost
//   restart
//     marker, bytes left over after an entropy-coded segment (the decoder and the data ran out of step), a
//     progressive scan that refines what was never sent;
// and, seen at the end of the file (find_missing_data):
//   - a component that is in no scan; a progressive coefficient that was sent without its last bits;
//   - arithmetic coding without an end-of-image marker: its decoder reads zeros past the end and cannot tell.
// Everything else is a *note*: an unknown Adobe transform, a JFIF version, odd SOS parameters in a sequential
// file, garbage between marker segments before the first scan, a missing end-of-image marker when every scan
// is complete.
//
// What cannot be seen: flipped bits that still make valid codes ending where the segment ends. JPEG has no
// checksum.
#pragma once
#include "jpeg/libjpeg_errors.h"

namespace fastdct::jpeg {

struct DamageLog {
  static constexpr int kCapacity = 16;  // more are counted, not kept: a broken file can warn at every block
  struct Entry {
    char text[JMSG_LENGTH_MAX + 64];
    bool damage;
  };
  Entry entries[kCapacity];
  int num_entries;
  int num_dropped;
  const char* first_damage;  // text of the first entry that is damage; null while there is none
};

// Records the warning that libjpeg has just prepared in cinfo.err; true when it is damage.
bool record_warning(DamageLog& log, jpeg_decompress_struct& cinfo);

// Records a fact of our own.
void record(DamageLog& log, const char* text, bool damage);

// After the last marker: records what the scans did not bring.
void find_missing_data(DamageLog& log, const jpeg_decompress_struct& cinfo, bool missing_end);

}  // namespace fastdct::jpeg
