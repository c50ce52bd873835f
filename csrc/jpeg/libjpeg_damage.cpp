#include "jpeg/libjpeg_damage.h"

#include <cstdio>

namespace fastdct::jpeg {
namespace {

bool is_damage(int code, bool in_scans) {
  switch (code) {
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE:
    case JWRN_MUST_RESYNC:
    case JWRN_BOGUS_PROGRESSION:
      return true;
    case JWRN_EXTRANEOUS_DATA:
      return in_scans;
    default:
      return false;
  }
}

bool is_lacking(const jpeg_decompress_struct& cinfo, int component, int* coefficient) {
  for (int k = 0; k < DCTSIZE2; ++k) {
    const int bits = cinfo.coef_bits[component][k];  // < 0: never sent; > 0: low bits that were not
    if (bits > 0 || (bits < 0 && k == 0)) {
      *coefficient = k;
      return true;
    }
  }
  return false;
}

}  // namespace

void record(DamageLog& log, const char* text, bool damage) {
  if (log.num_entries == DamageLog::kCapacity) {
    ++log.num_dropped;
    return;
  }
  DamageLog::Entry& entry = log.entries[log.num_entries++];
  std::snprintf(entry.text, sizeof entry.text, "%s", text);
  entry.damage = damage;
  if (damage && log.first_damage == nullptr) log.first_damage = entry.text;
}

bool record_warning(DamageLog& log, jpeg_decompress_struct& cinfo) {
  char message[JMSG_LENGTH_MAX];
  char text[sizeof log.entries[0].text];
  cinfo.err->format_message(reinterpret_cast<j_common_ptr>(&cinfo), message);
  const bool in_scans = cinfo.input_scan_number > 0;
  const bool damage = is_damage(cinfo.err->msg_code, in_scans);
  if (in_scans)
    std::snprintf(text, sizeof text, "%s (scan %d, MCU row %u of %u)", message, cinfo.input_scan_number,
                  cinfo.input_iMCU_row + 1, cinfo.total_iMCU_rows);
  else
    std::snprintf(text, sizeof text, "%s (before the first scan)", message);
  record(log, text, damage);
  return damage;
}

void find_missing_data(DamageLog& log, const jpeg_decompress_struct& cinfo, bool missing_end) {
  char text[JMSG_LENGTH_MAX];
  for (int i = 0; i < cinfo.num_components; ++i) {
    int coefficient = 0;
    if (cinfo.comp_info[i].quant_table == nullptr) {
      std::snprintf(text, sizeof text, "component %d is in no scan", i);
      record(log, text, true);
    } else if (cinfo.coef_bits != nullptr && is_lacking(cinfo, i, &coefficient)) {
      std::snprintf(text, sizeof text, "component %d lacks the last bits of zig-zag coefficient %d", i,
                    coefficient);
      record(log, text, true);
    }
  }
  if (missing_end && cinfo.arith_code)
    record(log, "the arithmetic-coded data end without an end-of-image marker", true);
  else if (missing_end)
    record(log, "the end-of-image marker is missing", false);
}

}  // namespace fastdct::jpeg
