#include "jpeg/libjpeg_reader.h"

#include <utility>

#include "common/error.h"
#include "jpeg/libjpeg_color.h"
#include "jpeg/libjpeg_decoder.h"
#include "jpeg/markers.h"

namespace fastdct::jpeg {
namespace {

struct Destroy {
  void operator()(Decoder* decoder) const {
    jpeg_destroy_decompress(&decoder->cinfo);  // harmless on one that was never created
    delete decoder;
  }
};

// One file being read. Every stage throws JpegError after the libjpeg step under it has returned.
class Reader {
 public:
  Reader(const uint8_t* data, size_t size, bool recover);

  const Header& header() const { return header_; }
  void check_size(const ReadOptions& options) const;
  bool parse_scans() { return guarded(*decoder_, jpeg::parse_scans); }
  void note_fatal(const std::string& reason) { record_fatal(decoder_->log, reason.c_str()); }
  Image image();

  std::string reason() const;
  size_t last_position() const { return decoder_->last_position; }

 private:
  void run(void (*step)(Decoder&)) {
    if (!guarded(*decoder_, step)) throw JpegError(reason());
  }
  void fill_header(const Markers& markers);
  Component component(int index) const;
  std::vector<std::string> warnings() const;

  std::unique_ptr<Decoder, Destroy> decoder_;
  Header header_;
};

Reader::Reader(const uint8_t* data, size_t size, bool recover) : decoder_(new Decoder()) {
  if (size == 0) throw JpegError("the data are empty");
  const Markers markers = scan_markers(data, size);
  const std::string unsupported = unsupported_reason(markers);
  if (!unsupported.empty()) throw JpegError(unsupported);
  decoder_->source.data = data;
  decoder_->source.size = size;
  decoder_->stop_at_damage = !recover;
  run(create);
  run(parse_header);
  fill_header(markers);
}

// libjpeg's words, where they do not already say that the data ran out.
std::string Reader::reason() const {
  const std::string message = decoder_->errors.message;
  return decoder_->source.exhausted ? "truncated: " + message : message;
}

void Reader::fill_header(const Markers& markers) {
  const jpeg_decompress_struct& cinfo = decoder_->cinfo;
  header_.height = static_cast<int>(cinfo.image_height);
  header_.width = static_cast<int>(cinfo.image_width);
  header_.color_space = from_libjpeg(cinfo.jpeg_color_space);
  header_.process = process_name(markers.frame_marker);
  header_.restart_interval = static_cast<int>(cinfo.restart_interval);
  if (markers.orientation != 0) header_.orientation = markers.orientation;
  for (int i = 0; i < cinfo.num_components; ++i)
    header_.sampling.push_back({cinfo.comp_info[i].h_samp_factor, cinfo.comp_info[i].v_samp_factor});
}

// Before anything is allocated: no more pixels than asked for, and no more blocks than the bytes can hold.
// Huffman coding spends at least one bit on the DC difference of every block; arithmetic coding has no such
// bound.
void Reader::check_size(const ReadOptions& options) const {
  const jpeg_decompress_struct& cinfo = decoder_->cinfo;
  const std::string shape =
      std::to_string(header_.height) + " x " + std::to_string(header_.width) + " pixels";
  if (static_cast<uint64_t>(header_.height) * header_.width > options.max_pixels)
    throw JpegError("the image has " + shape +
                    " (height x width), more than max_pixels=" + std::to_string(options.max_pixels));
  if (options.recover || cinfo.arith_code) return;
  const size_t size = decoder_->source.size;
  if (total_blocks(cinfo) > 8 * static_cast<uint64_t>(size))
    throw JpegError("truncated: " + std::to_string(size) + " bytes cannot hold " + shape);
}

// The table that was in force when the component's first scan began. A component in no scan is zero under any
// table: it gets the one it names, or ones.
void fill_quantization(Component& component, const jpeg_decompress_struct& cinfo,
                       const jpeg_component_info& info) {
  const JQUANT_TBL* table = info.quant_table;
  if (table == nullptr && info.quant_tbl_no >= 0 && info.quant_tbl_no < NUM_QUANT_TBLS)
    table = cinfo.quant_tbl_ptrs[info.quant_tbl_no];
  for (int k = 0; k < kBlockArea; ++k) component.quantization[k] = table == nullptr ? 1 : table->quantval[k];
}

Component Reader::component(int index) const {
  const jpeg_component_info& info = decoder_->cinfo.comp_info[index];
  Component component;
  component.sampling = {info.h_samp_factor, info.v_samp_factor};
  component.num_rows = info.height_in_blocks;
  component.num_cols = info.width_in_blocks;
  fill_quantization(component, decoder_->cinfo, info);
  component.coefficients = allocate_coefficients(component.num_rows * component.num_cols * kBlockArea);
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

Image Reader::image() {
  Image image;
  for (int i = 0; i < decoder_->cinfo.num_components; ++i) {
    image.components.push_back(component(i));
    decoder_->targets[i] = image.components.back().coefficients.get();
  }
  run(copy_out);
  image.header = header_;
  image.warnings = warnings();
  return image;
}

// A fatal error in a later scan leaves the earlier ones readable: the file is read again as if it ended
// before it.
Image read_up_to_error(const Reader& failed, const uint8_t* data) {
  if (failed.last_position() == 0) throw JpegError(failed.reason());
  Reader reader(data, failed.last_position(), true);
  reader.note_fatal(failed.reason());
  if (!reader.parse_scans()) throw JpegError(failed.reason());
  return reader.image();
}

}  // namespace

Header read_header(const uint8_t* data, size_t size) { return Reader(data, size, false).header(); }

Image read_image(const uint8_t* data, size_t size, const ReadOptions& options) {
  Reader reader(data, size, options.recover);
  reader.check_size(options);
  if (reader.parse_scans()) return reader.image();
  if (!options.recover) throw JpegError(reader.reason());
  return read_up_to_error(reader, data);
}

}  // namespace fastdct::jpeg
