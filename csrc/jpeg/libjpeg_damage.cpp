#include "jpeg/libjpeg_damage.h"

#include <cstdio>

namespace fastdct::jpeg {
namespace {

bool is_damage(const jpeg_error_mgr& error, bool in_scans) {
  switch (error.msg_code) {
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE:
    case JWRN_MUST_RESYNC:
    case JWRN_BOGUS_PROGRESSION:
      return true;
    case JWRN_EXTRANEOUS_DATA:
      return in_scans && error.msg_parm.i[0] > kMaxLeftover;
    default:
      return false;
  }
}

void record(DamageLog& log, const char* text, bool damage) {
  if (damage && !log.damaged) std::snprintf(log.first_damage, sizeof log.first_damage, "%s", text);
  log.damaged |= damage;
  if (log.num_entries == DamageLog::kCapacity) {
    ++log.num_dropped;
    return;
  }
  DamageLog::Entry& entry = log.entries[log.num_entries++];
  std::snprintf(entry.text, sizeof entry.text, "%s", text);
  entry.damage = damage;
}

// First coefficient (zig-zag position) of a progressive component that lacks bits (coef_bits > 0) or was
// never sent (< 0); DCTSIZE2 when none does.
int first_lacking(const int* coef_bits) {
  int k = 0;
  while (k < DCTSIZE2 && coef_bits[k] == 0) ++k;
  return k;
}

void record_incomplete(DamageLog& log, const jpeg_decompress_struct& cinfo, int component, bool missing_end) {
  const int* coef_bits = cinfo.coef_bits[component];
  const int k = first_lacking(coef_bits);
  if (k == DCTSIZE2) return;
  char text[JMSG_LENGTH_MAX];
  std::snprintf(text, sizeof text, "incomplete progression: component %d %s coefficient %d", component,
                coef_bits[k] < 0 ? "never gets" : "lacks the last bits of", k);
  record(log, text, missing_end || coef_bits[0] < 0);
}

}  // namespace

void record_warning(DamageLog& log, jpeg_decompress_struct& cinfo) {
  char message[JMSG_LENGTH_MAX];
  char text[sizeof log.first_damage];
  cinfo.err->format_message(reinterpret_cast<j_common_ptr>(&cinfo), message);
  const bool in_scans = cinfo.input_scan_number > 0;
  if (in_scans)
    std::snprintf(text, sizeof text, "%s (scan %d, after %u of %u MCU rows)", message,
                  cinfo.input_scan_number, cinfo.input_iMCU_row, cinfo.total_iMCU_rows);
  else
    std::snprintf(text, sizeof text, "%s (before the first scan)", message);
  log.leftover |= in_scans && cinfo.err->msg_code == JWRN_EXTRANEOUS_DATA;
  record(log, text, is_damage(*cinfo.err, in_scans));
}

void record_missing(DamageLog& log, const jpeg_decompress_struct& cinfo, bool missing_end) {
  char text[JMSG_LENGTH_MAX];
  for (int i = 0; i < cinfo.num_components; ++i) {
    if (cinfo.comp_info[i].quant_table == nullptr) {  // latched when its first scan begins
      std::snprintf(text, sizeof text, "component %d is in no scan", i);
      record(log, text, true);
    } else if (cinfo.coef_bits != nullptr) {
      record_incomplete(log, cinfo, i, missing_end);
    }
  }
  if (missing_end) record(log, "the end-of-image marker is missing", cinfo.arith_code);
}

void record_impossible_dc(DamageLog& log, int component, int coefficient) {
  char text[JMSG_LENGTH_MAX];
  std::snprintf(text, sizeof text, "component %d has a DC coefficient (%d) that no 8-bit picture has%s",
                component, coefficient, log.leftover ? ", and bytes were left over" : "");
  record(log, text, log.leftover);
}

void record_fatal(DamageLog& log, const char* reason) { record(log, reason, true); }

}  // namespace fastdct::jpeg
