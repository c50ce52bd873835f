#include "jpeg/libjpeg_decoder.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace fastdct::jpeg {
namespace {

Decoder& decoder_of(j_common_ptr cinfo) { return *reinterpret_cast<Decoder*>(cinfo); }

void stop_if_damaged(Decoder& decoder) {
  if (decoder.stop_at_damage && decoder.log.damaged) give_up(decoder.errors, decoder.log.first_damage);
}

void on_message(j_common_ptr cinfo, int level) {
  if (level >= 0) return;  // a trace, not a warning
  Decoder& decoder = decoder_of(cinfo);
  record_warning(decoder.log, decoder.cinfo);
  stop_if_damaged(decoder);
}

[[noreturn]] void give_up_scanning(Decoder& decoder) {
  char reason[JMSG_LENGTH_MAX];
  std::snprintf(reason, sizeof reason, "more than %d scans, the most that is read of an image of this size",
                decoder.max_scans);
  give_up(decoder.errors, reason);
}

int max_scans(const jpeg_decompress_struct& cinfo) {
  const uint64_t affordable = kMaxVisits / std::max<uint64_t>(total_blocks(cinfo), 1);
  return static_cast<int>(std::clamp<uint64_t>(affordable, kMinMaxScans, kMaxScans));
}

// Called before every row of MCUs and every run of markers.
void on_progress(j_common_ptr cinfo) {
  Decoder& decoder = decoder_of(cinfo);
  if (decoder.cinfo.input_scan_number > decoder.max_scans) give_up_scanning(decoder);
  decoder.last_position = position(decoder.cinfo);
}

void copy_row(Decoder& decoder, int component, JDIMENSION row) {
  const jpeg_component_info& info = decoder.cinfo.comp_info[component];
  JBLOCKARRAY rows = decoder.cinfo.mem->access_virt_barray(reinterpret_cast<j_common_ptr>(&decoder.cinfo),
                                                           decoder.arrays[component], row, 1, FALSE);
  const size_t row_size = static_cast<size_t>(info.width_in_blocks) * DCTSIZE2;
  std::memcpy(decoder.targets[component] + row * row_size, rows[0], row_size * sizeof(int16_t));
}

void check_dc(Decoder& decoder, int component) {
  const jpeg_component_info& info = decoder.cinfo.comp_info[component];
  if (info.quant_table == nullptr) return;  // in no scan
  const int step = info.quant_table->quantval[0];
  const size_t num_blocks = static_cast<size_t>(info.width_in_blocks) * info.height_in_blocks;
  const int16_t* dc = decoder.targets[component];
  for (size_t i = 0; i < num_blocks; ++i, dc += DCTSIZE2)
    if (is_impossible_dc(*dc, step)) return record_impossible_dc(decoder.log, component, *dc);
}

}  // namespace

uint64_t total_blocks(const jpeg_decompress_struct& cinfo) {
  uint64_t total = 0;
  for (int i = 0; i < cinfo.num_components; ++i)
    total += static_cast<uint64_t>(cinfo.comp_info[i].height_in_blocks) * cinfo.comp_info[i].width_in_blocks;
  return total;
}

void create(Decoder& decoder) {
  decoder.cinfo.err = init_errors(decoder.errors);
  decoder.errors.base.emit_message = on_message;
  jpeg_create_decompress(&decoder.cinfo);
  decoder.cinfo.mem->max_memory_to_use =
      0;  // no limit: an environment's JPEGMEM must not decide what is readable
  decoder.cinfo.src = init_source(decoder.source, decoder.source.data, decoder.source.size);
  decoder.progress.progress_monitor = on_progress;
  decoder.cinfo.progress = &decoder.progress;
}

void parse_header(Decoder& decoder) { jpeg_read_header(&decoder.cinfo, TRUE); }

void parse_scans(Decoder& decoder) {
  decoder.max_scans = max_scans(decoder.cinfo);
  decoder.arrays = jpeg_read_coefficients(&decoder.cinfo);
  record_missing(decoder.log, decoder.cinfo, decoder.source.exhausted);
  stop_if_damaged(decoder);
}

void copy_out(Decoder& decoder) {
  for (int i = 0; i < decoder.cinfo.num_components; ++i) {
    for (JDIMENSION row = 0; row < decoder.cinfo.comp_info[i].height_in_blocks; ++row)
      copy_row(decoder, i, row);
    check_dc(decoder, i);
  }
  stop_if_damaged(decoder);
}

}  // namespace fastdct::jpeg
