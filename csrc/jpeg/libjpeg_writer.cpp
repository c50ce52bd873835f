#include "jpeg/libjpeg_writer.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "common/error.h"
#include "jpeg/exif.h"
#include "jpeg/libjpeg_color.h"
#include "jpeg/libjpeg_destination.h"
#include "jpeg/libjpeg_errors.h"

namespace fastdct::jpeg {
namespace {

constexpr int kMaxComponents =
    4;  // more are not read back: libjpeg-turbo finds only the first four in a scan header
constexpr int kMaxMcuBlocks = 10;  // blocks in an MCU of several components; T.81, B.2.3

// Everything a libjpeg step touches: plain data, so that longjmp has nothing to unwind.
struct Encoder {
  jpeg_compress_struct cinfo;
  ErrorManager errors;
  Destination destination;
  const ImageView* image;
  const std::vector<uint8_t>* exif;
  jpeg_scan_info scans[kMaxComponents];
  jvirt_barray_ptr arrays[kMaxComponents];
  int max_horizontal;
  int max_vertical;
};

struct Destroy {
  void operator()(Encoder* encoder) const {
    jpeg_destroy_compress(&encoder->cinfo);
    std::free(encoder->destination.data);
    delete encoder;
  }
};

bool holds(const JQUANT_TBL& table, const uint16_t* steps) {
  return std::memcmp(table.quantval, steps, sizeof table.quantval) == 0;
}

// Slot of the table, a new one if no earlier component has the same. Four slots are enough for four
// components.
int assign_table(Encoder& encoder, const uint16_t* steps) {
  for (int slot = 0; slot < NUM_QUANT_TBLS; ++slot) {
    JQUANT_TBL*& table = encoder.cinfo.quant_tbl_ptrs[slot];
    if (table == nullptr) {
      table = jpeg_alloc_quant_table(reinterpret_cast<j_common_ptr>(&encoder.cinfo));
      std::memcpy(table->quantval, steps, sizeof table->quantval);
    }
    if (holds(*table, steps)) return slot;
  }
  give_up(encoder.errors, "more than four different quantization tables: JPEG holds four");
}

void describe_components(Encoder& encoder) {
  for (int i = 0; i < encoder.cinfo.num_components; ++i) {
    const ComponentView& view = encoder.image->components[static_cast<size_t>(i)];
    jpeg_component_info& info = encoder.cinfo.comp_info[i];
    info.h_samp_factor = view.sampling.horizontal;
    info.v_samp_factor = view.sampling.vertical;
    info.quant_tbl_no = assign_table(encoder, view.quantization);
    encoder.max_horizontal = std::max(encoder.max_horizontal, info.h_samp_factor);
    encoder.max_vertical = std::max(encoder.max_vertical, info.v_samp_factor);
  }
}

bool fits_one_scan(const jpeg_compress_struct& cinfo) {
  int num_blocks = 0;
  for (int i = 0; i < cinfo.num_components; ++i)
    num_blocks += cinfo.comp_info[i].h_samp_factor * cinfo.comp_info[i].v_samp_factor;
  return cinfo.num_components == 1 || num_blocks <= kMaxMcuBlocks;
}

void scan_each_component(Encoder& encoder) {
  for (int i = 0; i < encoder.cinfo.num_components; ++i) {
    jpeg_scan_info& scan = encoder.scans[i];
    scan = {};
    scan.comps_in_scan = 1;
    scan.component_index[0] = i;
    scan.Se = DCTSIZE2 - 1;
  }
  encoder.cinfo.scan_info = encoder.scans;
  encoder.cinfo.num_scans = encoder.cinfo.num_components;
}

JDIMENSION num_cols(const Encoder& encoder, int component) {
  return static_cast<JDIMENSION>(num_blocks(
      encoder.image->width, encoder.cinfo.comp_info[component].h_samp_factor, encoder.max_horizontal));
}

JDIMENSION num_rows(const Encoder& encoder, int component) {
  return static_cast<JDIMENSION>(num_blocks(
      encoder.image->height, encoder.cinfo.comp_info[component].v_samp_factor, encoder.max_vertical));
}

// libjpeg reads whole rows of MCUs; the blocks it adds to the right and below get the last DC of their row,
// no AC.
void request_arrays(Encoder& encoder) {
  auto* common = reinterpret_cast<j_common_ptr>(&encoder.cinfo);
  for (int i = 0; i < encoder.cinfo.num_components; ++i) {
    const auto h = static_cast<JDIMENSION>(encoder.cinfo.comp_info[i].h_samp_factor);
    const auto v = static_cast<JDIMENSION>(encoder.cinfo.comp_info[i].v_samp_factor);
    encoder.arrays[i] = encoder.cinfo.mem->request_virt_barray(common, JPOOL_IMAGE, TRUE,
                                                               (num_cols(encoder, i) + h - 1) / h * h,
                                                               (num_rows(encoder, i) + v - 1) / v * v, v);
  }
}

void copy_in(Encoder& encoder, int component) {
  const size_t row_size = static_cast<size_t>(num_cols(encoder, component)) * DCTSIZE2;
  const int16_t* blocks = encoder.image->components[static_cast<size_t>(component)].coefficients;
  for (JDIMENSION row = 0; row < num_rows(encoder, component); ++row) {
    JBLOCKARRAY rows = encoder.cinfo.mem->access_virt_barray(reinterpret_cast<j_common_ptr>(&encoder.cinfo),
                                                             encoder.arrays[component], row, 1, TRUE);
    std::memcpy(rows[0], blocks + row * row_size, row_size * sizeof(int16_t));
  }
}

void create(Encoder& encoder) {
  encoder.cinfo.err = init_errors(encoder.errors);
  jpeg_create_compress(&encoder.cinfo);
  encoder.cinfo.mem->max_memory_to_use = 0;  // no limit, whatever JPEGMEM says
  encoder.cinfo.dest = init_destination(encoder.destination);
}

void describe(Encoder& encoder) {
  jpeg_compress_struct& cinfo = encoder.cinfo;
  cinfo.image_width = static_cast<JDIMENSION>(encoder.image->width);
  cinfo.image_height = static_cast<JDIMENSION>(encoder.image->height);
  cinfo.input_components = static_cast<int>(encoder.image->components.size());
  cinfo.in_color_space = to_libjpeg(encoder.image->color_space);
  jpeg_set_defaults(&cinfo);
  jpeg_set_colorspace(&cinfo, cinfo.in_color_space);
  if (cinfo.num_components != cinfo.input_components || cinfo.num_components > kMaxComponents)
    give_up(encoder.errors, "the number of components is not that of the color space");
  cinfo.optimize_coding = TRUE;  // the default tables lack codes that coefficients of other encoders need
  for (JQUANT_TBL*& table : cinfo.quant_tbl_ptrs) table = nullptr;  // the defaults; freed with the pool
  describe_components(encoder);
  if (!fits_one_scan(cinfo)) scan_each_component(encoder);
  request_arrays(encoder);
}

void encode(Encoder& encoder) {
  jpeg_write_coefficients(&encoder.cinfo, encoder.arrays);
  if (!encoder.exif->empty())
    jpeg_write_marker(&encoder.cinfo, JPEG_APP0 + 1, encoder.exif->data(),
                      static_cast<unsigned>(encoder.exif->size()));
  for (int i = 0; i < encoder.cinfo.num_components; ++i) copy_in(encoder, i);
  jpeg_finish_compress(&encoder.cinfo);
}

void run(Encoder& encoder, void (*step)(Encoder&)) {
  if (guarded(encoder, step)) return;
  if (encoder.cinfo.err->msg_code == JERR_BAD_DCT_COEF)
    throw JpegError(
        "a coefficient is too large for 8-bit Huffman coding, which holds AC of -1023..1023 and steps of "
        "-2047..2047 "
        "from one DC to the next");
  throw JpegError(encoder.errors.message);
}

}  // namespace

std::vector<uint8_t> write_image(const ImageView& image) {
  const std::vector<uint8_t> exif =
      image.orientation == 1 ? std::vector<uint8_t>{} : make_exif(image.orientation);
  const std::unique_ptr<Encoder, Destroy> encoder(new Encoder());
  encoder->image = &image;
  encoder->exif = &exif;
  run(*encoder, create);
  run(*encoder, describe);
  run(*encoder, encode);
  const JOCTET* data = encoder->destination.data;
  return {data, data + size(encoder->destination)};
}

}  // namespace fastdct::jpeg
