/* What a C program does with libjpeg-turbo: read the coefficients, perhaps copy them out, or decode to RGB. */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

static const int kNatural[64] = {0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,  12, 19, 26, 33, 40, 48,
                                 41, 34, 27, 20, 13, 6,  7,  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23,
                                 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63};

/* frequency_major: [64, rows, cols] in zig-zag order, coefficient by coefficient, as users write it today. */
static short *copy_component(struct jpeg_decompress_struct *cinfo, jvirt_barray_ptr array, jpeg_component_info *info,
                             short *to, int frequency_major) {
  const size_t cols = info->width_in_blocks, rows = info->height_in_blocks;
  for (JDIMENSION y = 0; y < rows; ++y) {
    JBLOCKARRAY row = cinfo->mem->access_virt_barray((j_common_ptr)cinfo, array, y, 1, FALSE);
    if (!frequency_major) {
      memcpy(to + y * cols * 64, row[0], cols * 64 * sizeof(short));
      continue;
    }
    for (size_t x = 0; x < cols; ++x)
      for (int k = 0; k < 64; ++k) to[(k * rows + y) * cols + x] = row[0][x][kNatural[k]];
  }
  return to + rows * cols * 64;
}

/* mode 0: no copy, 1: copy, 2: copy frequency-major. Returns the number of coefficients. */
size_t read_coefficients(const unsigned char *data, size_t size, short *out, int mode) {
  struct jpeg_decompress_struct cinfo;
  struct jpeg_error_mgr errors;
  cinfo.err = jpeg_std_error(&errors);
  jpeg_create_decompress(&cinfo);
  jpeg_mem_src(&cinfo, data, size);
  jpeg_read_header(&cinfo, TRUE);
  jvirt_barray_ptr *arrays = jpeg_read_coefficients(&cinfo);
  short *to = out;
  if (mode)
    for (int c = 0; c < cinfo.num_components; ++c)
      to = copy_component(&cinfo, arrays[c], cinfo.comp_info + c, to, mode == 2);
  jpeg_finish_decompress(&cinfo);
  jpeg_destroy_decompress(&cinfo);
  return (size_t)(to - out);
}

size_t read_rgb(const unsigned char *data, size_t size, unsigned char *out) {
  struct jpeg_decompress_struct cinfo;
  struct jpeg_error_mgr errors;
  cinfo.err = jpeg_std_error(&errors);
  jpeg_create_decompress(&cinfo);
  jpeg_mem_src(&cinfo, data, size);
  jpeg_read_header(&cinfo, TRUE);
  cinfo.out_color_space = JCS_RGB;
  jpeg_start_decompress(&cinfo);
  const size_t stride = (size_t)cinfo.output_width * 3;
  while (cinfo.output_scanline < cinfo.output_height) {
    JSAMPROW row = out + cinfo.output_scanline * stride;
    jpeg_read_scanlines(&cinfo, &row, 1);
  }
  const size_t total = stride * cinfo.output_height;
  jpeg_finish_decompress(&cinfo);
  jpeg_destroy_decompress(&cinfo);
  return total;
}
