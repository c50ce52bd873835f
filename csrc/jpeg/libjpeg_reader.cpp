#include "jpeg/libjpeg_reader.h"

#include <cstring>

#include "common/error.h"
#include "jpeg/libjpeg_damage.h"
#include "jpeg/libjpeg_source.h"
#include "jpeg/markers.h"

namespace fastdct::jpeg {
namespace {

// A progressive file of three components needs at most a few dozen scans; each one costs a walk over all
// blocks, however few bytes it has.
constexpr int kMaxScans = 500;

// Everything a libjpeg step touches: plain data, so that longjmp has nothing to unwind.
struct Decoder {
  jpeg_decompress_struct cinfo;  // first: libjpeg's callbacks get here through it
  ErrorManager errors;
  Source source;
  jpeg_progress_mgr progress;
  DamageLog log;
  bool stop_at_damage;
  size_t last_position;  // of the last scan row or marker that was read whole
  jvirt_barray_ptr* arrays;
  int16_t* targets[MAX_COMPONENTS];
};

Decoder& decoder_of(j_common_ptr cinfo) { return *reinterpret_cast<Decoder*>(cinfo); }

void on_message(j_common_ptr cinfo, int level) {
  if (level >= 0) return;  // traces
  Decoder& decoder = decoder_of(cinfo);
  if (cinfo->err->msg_code == JWRN_JPEG_EOF) return;  // our source tells that
  if (record_warning(decoder.log, decoder.cinfo) && decoder.stop_at_damage)
    give_up(decoder.errors, decoder.log.first_damage);
}

void on_progress(j_common_ptr cinfo) {
  Decoder& decoder = decoder_of(cinfo);
  decoder.last_position = position(decoder.source);
  if (decoder.cinfo.input_scan_number > kMaxScans) give_up(decoder.errors, "more than 500 scans");
}

void create(Decoder& decoder) {
  jpeg_create_decompress(&decoder.cinfo);
  decoder.cinfo.mem->max_memory_to_use =
      0;  // no limit: an environment's JPEGMEM must not decide what is readable
}

void parse_header(Decoder& decoder) { jpeg_read_header(&decoder.cinfo, TRUE); }

void parse_scans(Decoder& decoder) {
  decoder.arrays = jpeg_read_coefficients(&decoder.cinfo);
  find_missing_data(decoder.log, decoder.cinfo, decoder.source.exhausted);
  if (decoder.stop_at_damage && decoder.log.first_damage) give_up(decoder.errors, decoder.log.first_damage);
}

void copy_out(Decoder& decoder) {
  for (int i = 0; i < decoder.cinfo.num_components; ++i) {
    const jpeg_component_info& info = decoder.cinfo.comp_info[i];
    const size_t row_size = static_cast<size_t>(info.width_in_blocks) * DCTSIZE2;
    for (JDIMENSION row = 0; row < info.height_in_blocks; ++row) {
      JBLOCKARRAY blocks = decoder.cinfo.mem->access_virt_barray(
          reinterpret_cast<j_common_ptr>(&decoder.cinfo), decoder.arrays[i], row, 1, FALSE);
      std::memcpy(decoder.targets[i] + row * row_size, blocks[0], row_size * sizeof(int16_t));
    }
  }
}

struct Destroy {
  void operator()(Decoder* decoder) const {
    jpeg_destroy_decompress(&decoder->cinfo);  // harmless on one that was never created
    delete decoder;
  }
};

// One file being read. Each stage throws JpegError, after the libjpeg step under it has returned.
class Reader {
 public:
  Reader(const uint8_t* data, size_t size, bool recover);

  Header header();
  void check_size(const ReadOptions& options) const;
  bool scans() { return guarded(*decoder_, parse_scans); }
  Image image(Header header);

  [[noreturn]] void fail() const;
  size_t last_position() const { return decoder_->last_position; }

 private:
  void run(void (*step)(Decoder&)) {
    if (!guarded(*decoder_, step)) fail();
  }
  Component component(int index) const;
  std::vector<std::string> warnings() const;

  std::unique_ptr<Decoder, Destroy> decoder_;
  Markers markers_;
};

Reader::Reader(const uint8_t* data, size_t size, bool recover)
    : decoder_(new Decoder()), markers_(scan_markers(data, size)) {
  if (size == 0) throw JpegError("the data are empty");
  const std::string reason = unsupported_reason(markers_);
  if (!reason.empty()) throw JpegError(reason);
  Decoder& decoder = *decoder_;
  decoder.cinfo.err = init_errors(decoder.errors);
  decoder.errors.base.emit_message = on_message;
  decoder.stop_at_damage = !recover;
  decoder.progress.progress_monitor = on_progress;
  run(create);
  decoder.cinfo.src = init_source(decoder.source, data, size);
  decoder.cinfo.progress = &decoder.progress;
}

void Reader::fail() const {
  std::string reason = decoder_->errors.message;
  if (decoder_->source.exhausted) reason = "the data end early: " + reason;
  throw JpegError(reason);
}

ColorSpace color_space_of(J_COLOR_SPACE space) {
  switch (space) {
    case JCS_GRAYSCALE:
      return ColorSpace::kGrayscale;
    case JCS_RGB:
      return ColorSpace::kRgb;
    case JCS_YCbCr:
      return ColorSpace::kYCbCr;
    case JCS_CMYK:
      return ColorSpace::kCmyk;
    case JCS_YCCK:
      return ColorSpace::kYcck;
    default:
      return ColorSpace::kUnknown;
  }
}

Header Reader::header() {
  run(parse_header);
  const jpeg_decompress_struct& cinfo = decoder_->cinfo;
  Header header;
  header.height = static_cast<int>(cinfo.image_height);
  header.width = static_cast<int>(cinfo.image_width);
  header.color_space = color_space_of(cinfo.jpeg_color_space);
  header.process = process_name(markers_.frame_marker);
  header.restart_interval = static_cast<int>(cinfo.restart_interval);
  if (markers_.orientation != 0) header.orientation = markers_.orientation;
  for (int i = 0; i < cinfo.num_components; ++i)
    header.sampling.push_back({cinfo.comp_info[i].h_samp_factor, cinfo.comp_info[i].v_samp_factor});
  return header;
}

// Huffman coding spends at least one bit on the DC difference of every block: a file too short for its own
// header is known as truncated before anything is allocated.
void Reader::check_size(const ReadOptions& options) const {
  const jpeg_decompress_struct& cinfo = decoder_->cinfo;
  const uint64_t num_pixels = static_cast<uint64_t>(cinfo.image_height) * cinfo.image_width;
  const std::string shape = std::to_string(cinfo.image_height) + " x " + std::to_string(cinfo.image_width);
  if (num_pixels > options.max_pixels)
    throw JpegError("the image is " + shape +
                    " pixels (height x width), more than max_pixels=" + std::to_string(options.max_pixels));
  uint64_t total = 0;
  for (int i = 0; i < cinfo.num_components; ++i)
    total += static_cast<uint64_t>(cinfo.comp_info[i].height_in_blocks) * cinfo.comp_info[i].width_in_blocks;
  if (!options.recover && !cinfo.arith_code && total > 8 * static_cast<uint64_t>(decoder_->source.size))
    throw JpegError("truncated: " + std::to_string(decoder_->source.size) + " bytes cannot hold the " +
                    shape + " pixels of the header");
}

Component Reader::component(int index) const {
  const jpeg_decompress_struct& cinfo = decoder_->cinfo;
  const jpeg_component_info& info = cinfo.comp_info[index];
  Component component;
  component.sampling = {info.h_samp_factor, info.v_samp_factor};
  component.num_rows = info.height_in_blocks;
  component.num_cols = info.width_in_blocks;
  // A component that no scan brought has no table latched; its coefficients are zero under any.
  const JQUANT_TBL* table =
      info.quant_table != nullptr ? info.quant_table : cinfo.quant_tbl_ptrs[info.quant_tbl_no & 3];
  for (int k = 0; k < kBlockArea; ++k) component.quantization[k] = table != nullptr ? table->quantval[k] : 1;
  component.coefficients.reset(new int16_t[component.num_rows * component.num_cols * kBlockArea]);
  return component;
}

std::vector<std::string> Reader::warnings() const {
  const DamageLog& log = decoder_->log;
  std::vector<std::string> warnings;
  for (int i = 0; i < log.num_entries; ++i)
    warnings.push_back((log.entries[i].damage ? "damaged: " : "note: ") + std::string(log.entries[i].text));
  if (log.num_dropped > 0) warnings.push_back("and " + std::to_string(log.num_dropped) + " more");
  return warnings;
}

Image Reader::image(Header header) {
  Image image;
  image.header = std::move(header);
  for (int i = 0; i < decoder_->cinfo.num_components; ++i) {
    image.components.push_back(component(i));
    decoder_->targets[i] = image.components.back().coefficients.get();
  }
  run(copy_out);
  image.warnings = warnings();
  return image;
}

}  // namespace

Header read_header(const uint8_t* data, size_t size) { return Reader(data, size, false).header(); }

Image read_image(const uint8_t* data, size_t size, const ReadOptions& options) {
  Reader reader(data, size, options.recover);
  Header header = reader.header();
  reader.check_size(options);
  if (!reader.scans()) reader.fail();
  return reader.image(std::move(header));
}

}  // namespace fastdct::jpeg
