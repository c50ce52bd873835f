// One image at a time, from bytes to planes, without libjpeg. A decoder is reused from image to image and
// keeps its buffers.
#pragma once
#include <cstdint>
#include <optional>

#include "jpeg/entropy/frame.h"
#include "jpeg/entropy/output.h"
#include "jpeg/entropy/progressive.h"
#include "jpeg/entropy/sequential.h"
#include "jpeg/entropy/table_cache.h"

namespace fastdct::jpeg {

class ImageDecoder {
 public:
  // kAnomaly: something about the file is odd, or not for this decoder, and nothing of the image may be used.
  // Its bytes then go to libjpeg-turbo, whose word counts.
  enum class State { kDecoding, kDone, kAnomaly };

  // The bytes must stay until the image is done.
  State begin(const uint8_t* data, size_t size, const Request& request, Allocator& allocator,
              TableCache& cache);

  // The same in two steps, for rows that are used as soon as they are there: open() reads the header; then
  // frame() is known, and begin_strips() takes planes of which strips are wanted, of the rows of MCUs that
  // `request` says. Only if is_streamable(): otherwise the image has to be whole before anything of it is.
  State open(const uint8_t* data, size_t size, const Request& request, TableCache& cache);
  bool is_streamable() const;
  State begin_strips(const Request& request, std::vector<Plane> planes);
  const Frame& frame() const { return markers_->frame(); }
  size_t num_mcu_rows_done() const { return sequential_.num_mcu_rows_done(); }

  // While kDecoding: to be decoded until it stops; then advance().
  Stream& stream() { return sequential_.stream(); }
  State advance();

  // Instead of stream() and advance(), right after begin(): about `count` parts of the image's only scan that
  // can be decoded independently, by SequentialScan::begin() with markers(), request() and image().planes, in
  // any thread. Empty where it cannot be divided. When all parts are done, finish_parts() with the marker
  // after the last one.
  std::vector<ScanPart> parts(size_t count) const;
  State finish_parts(const uint8_t* marker);
  const MarkerReader& markers() const { return *markers_; }
  const Request& request() const { return request_; }

  CoefficientImage& image() { return image_; }
  const char* anomaly() const { return anomaly_; }

 private:
  void allocate(Allocator& allocator);
  State begin_scan();
  State finish();
  State odd(const char* what) {
    anomaly_ = what;
    return State::kAnomaly;
  }

  std::optional<MarkerReader> markers_;
  Request request_;
  TableCache* cache_ = nullptr;
  SequentialScan sequential_;
  ProgressiveImage progressive_;
  CoefficientImage image_;
  const char* anomaly_ = nullptr;
};

}  // namespace fastdct::jpeg
