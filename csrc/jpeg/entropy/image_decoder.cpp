#include "jpeg/entropy/image_decoder.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "jpeg/entropy/kernels.h"

namespace fastdct::jpeg {
namespace {

// Just past the next marker, if it is RSTn of this number; nullptr if not.
const uint8_t* after_restart(const uint8_t* from, const uint8_t* end, int number) {
  while (end - from >= 2) {
    from = static_cast<const uint8_t*>(std::memchr(from, 0xFF, static_cast<size_t>(end - from - 1)));
    if (from == nullptr) return nullptr;
    if (from[1] != 0) return from[1] == 0xD0 + number ? from + 2 : nullptr;
    from += 2;
  }
  return nullptr;
}

}  // namespace

ImageDecoder::State ImageDecoder::begin(const uint8_t* data, size_t size, const Request& request,
                                        Allocator& allocator, TableCache& cache) {
  if (open(data, size, request, cache) == State::kAnomaly) return State::kAnomaly;
  allocate(allocator);
  return begin_scan();
}

ImageDecoder::State ImageDecoder::open(const uint8_t* data, size_t size, const Request& request,
                                       TableCache& cache) {
  markers_.emplace(data, size);
  request_ = request;
  cache_ = &cache;
  image_ = CoefficientImage();
  anomaly_ = nullptr;
  const MarkerReader::Found found = markers_->first_scan();
  if (found != MarkerReader::Found::kScan)
    return odd(found == MarkerReader::Found::kAnomaly ? markers_->anomaly() : "no scan");
  anomaly_ = size_anomaly(markers_->frame(), size, request_.max_pixels);
  return anomaly_ == nullptr ? State::kDecoding : State::kAnomaly;
}

bool ImageDecoder::is_streamable() const {
  return !markers_->frame().progressive() &&
         markers_->scan().num_components == markers_->frame().num_components;
}

ImageDecoder::State ImageDecoder::begin_strips(const Request& request, std::vector<Plane> planes) {
  request_ = request;
  image_.planes = std::move(planes);
  return begin_scan();
}

void ImageDecoder::allocate(Allocator& allocator) {
  const Frame& frame = markers_->frame();
  const int num_planes = request_.luma_only ? 1 : frame.num_components;
  image_.planes.resize(static_cast<size_t>(num_planes));
  for (int i = 0; i < num_planes; ++i) {
    Plane& plane = image_.planes[static_cast<size_t>(i)];
    plane.sampling = frame.components[i].sampling;
    plane.num_rows = frame.components[i].num_rows;
    plane.num_cols = frame.components[i].num_cols;
    plane.data = allocator.allocate(lay_out(plane, request_));
  }
}

ImageDecoder::State ImageDecoder::begin_scan() {
  if (markers_->frame().progressive()) {
    anomaly_ = progressive_.decode(*markers_, request_, image_.planes);
    return anomaly_ == nullptr ? finish() : State::kAnomaly;
  }
  if (sequential_.begin(*markers_, request_, image_.planes, *cache_) == SequentialScan::State::kAnomaly)
    return odd(sequential_.anomaly());
  return State::kDecoding;
}

ImageDecoder::State ImageDecoder::advance() {
  switch (sequential_.finish_band()) {
    case SequentialScan::State::kDecoding:
      return State::kDecoding;
    case SequentialScan::State::kAnomaly:
      return odd(sequential_.anomaly());
    case SequentialScan::State::kDone:
      if (sequential_.num_mcu_rows_done() == request_.end_mcu_row) return finish();
      break;
  }
  switch (markers_->next_scan(sequential_.marker())) {
    case MarkerReader::Found::kScan:
      return begin_scan();
    case MarkerReader::Found::kEndOfImage:
      return finish();
    case MarkerReader::Found::kAnomaly:
      break;
  }
  return odd(markers_->anomaly());
}

// Segments begin anew after every restart marker (T.81, E.1.4). A marker that is missing or out of order
// leaves the image in one part, whose decoder judges it.
std::vector<ScanPart> ImageDecoder::parts(size_t count) const {
  const Frame& frame = markers_->frame();
  const Scan& scan = markers_->scan();
  const auto interval = static_cast<size_t>(markers_->restart_interval());
  if (frame.progressive() || interval == 0 || scan.num_components != frame.num_components) return {};
  const bool alone = scan.num_components == 1;
  const size_t num_mcus = alone ? frame.components[0].num_rows * frame.components[0].num_cols
                                : frame.num_mcu_rows() * frame.num_mcu_cols();
  const size_t num_segments = (num_mcus + interval - 1) / interval;
  const size_t segments_a_part = std::max<size_t>(1, (num_segments + count - 1) / count);
  std::vector<ScanPart> parts;
  const uint8_t* source = scan.data;
  for (size_t segment = 0; segment < num_segments; ++segment) {
    const auto number = static_cast<int>(segment % 8);
    if (segment % segments_a_part == 0)
      parts.push_back({segment * interval,
                       std::min((segment + segments_a_part) * interval, num_mcus),
                       source,
                       number,
                       {}});
    if (segment + 1 == num_segments) break;
    source = after_restart(source, markers_->end(), number);
    if (source == nullptr) return {};
  }
  return parts;
}

ImageDecoder::State ImageDecoder::finish_parts(const uint8_t* marker) {
  switch (markers_->next_scan(marker)) {
    case MarkerReader::Found::kEndOfImage:
      return finish();
    case MarkerReader::Found::kScan:
      return odd("a scan after the one that held all components");
    case MarkerReader::Found::kAnomaly:
      break;
  }
  return odd(markers_->anomaly());
}

ImageDecoder::State ImageDecoder::finish() {
  kernels().fence();
  const Frame& frame = markers_->frame();
  for (int i = 0; i < frame.num_components; ++i)
    if (!frame.components[i].scanned) return odd("a component without a scan");
  for (size_t i = 0; i < image_.planes.size(); ++i)
    image_.planes[i].quantization = frame.components[i].quantization;
  image_.header = markers_->header();
  return State::kDone;
}

}  // namespace fastdct::jpeg
