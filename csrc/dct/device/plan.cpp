#include "dct/device/plan.h"

#include <algorithm>
#include <stdexcept>

#include "dct/colours.h"
#include "dct/device/horizontal.h"
#include "dct/device/vertical.h"
#include "dct/layout.h"

namespace fastdct::dct::device {
namespace {

constexpr uint64_t kAlignment = 128;  // a line of a GPU's cache

uint64_t aligned(uint64_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

size_t num_planes(const DevicePicture& picture) {
  return picture.colors == static_cast<int32_t>(Colors::kGrayscale) ? 1 : 3;
}

Plane plane_of(const DevicePicture& header, size_t component) {
  int max_horizontal = 1, max_vertical = 1;
  for (size_t i = 0; i < num_planes(header); ++i) {
    max_horizontal = std::max(max_horizontal, header.sampling[i][0]);
    max_vertical = std::max(max_vertical, header.sampling[i][1]);
  }
  Plane plane;
  plane.horizontal = {max_horizontal, header.sampling[component][0]};
  plane.vertical = {max_vertical, header.sampling[component][1]};
  return plane;
}

// Blocks along an axis that some output reads.
Range blocks_of(const Axis& axis) {
  const Reach reach(axis);
  const int low = samples_of_block(axis, reach, 0).begin;
  const int high = samples_of_block(axis, reach, axis.output_size / kBlockSide - 1).end;
  return {low / kBlockSide, (high - 1) / kBlockSide + 1};
}

bool has_sense(const DevicePicture& picture) {
  bool good = picture.height > 0 && picture.width > 0;
  for (size_t i = 0; i < num_planes(picture); ++i)
    for (const int32_t factor : picture.sampling[i]) good = good && factor >= 1 && factor <= 4;
  return good;
}

}  // namespace

bool is_accepted(const Assembly& assembly, const DevicePicture& picture) {
  if (picture.colors != static_cast<int32_t>(Colors::kRgb))
    return picture.colors == static_cast<int32_t>(Colors::kGrayscale) ||
           picture.colors == static_cast<int32_t>(Colors::kYCbCr);
  bool alike = true;
  for (int i = 1; i < 3; ++i)
    for (int k = 0; k < 2; ++k) alike = alike && picture.sampling[i][k] == picture.sampling[0][k];
  return alike || assembly.output == Output::kRgb;
}

ResamplePlanner::ResamplePlanner(const Assembly& assembly, const std::vector<DevicePlane>& planes,
                                 uint64_t workspace_bytes)
    : assembly_(assembly), planes_(planes), limit_(workspace_bytes) {
  plan_.launch.assembly = device_assembly(assembly);
}

void ResamplePlanner::add(const DevicePicture& picture, const Window& window) {
  if (!is_accepted(assembly_, picture)) throw std::invalid_argument("a device does not resample its colours");
  if (!has_sense(picture)) throw std::invalid_argument("sides are positive, sampling factors 1 to 4");
  read(picture);
  check(picture_, window);
  jobs_.axes.clear();
  jobs_.planes.clear();
  jobs_.bytes = 0;
  const bool is_rgb = assembly_.output == Output::kRgb, is_gray = picture_.colors == Colors::kGrayscale;
  const int num_components = is_rgb && is_gray ? 1 : 3;
  for (int component = 0; component < num_components; ++component) {
    if (plan_.launch.assembly.columns[0][component].count == 0) continue;  // nothing is wanted of it
    if (is_gray && component > 0)
      add_empty(picture, component);
    else
      add_plane(picture, window, component);
  }
  place();
}

void ResamplePlanner::read(const DevicePicture& header) {
  const size_t count = num_planes(header);
  if (header.first_plane > planes_.size() || planes_.size() - header.first_plane < count)
    throw std::invalid_argument("its planes are not among the batch's");
  picture_.height = header.height;
  picture_.width = header.width;
  picture_.orientation = header.orientation;
  picture_.colors = static_cast<Colors>(header.colors);
  picture_.planes.clear();
  for (size_t i = 0; i < count; ++i) {
    picture_.planes.push_back(plane_of(header, i));
    const DevicePlane& given = planes_[header.first_plane + i];
    const Plane& plane = picture_.planes.back();
    if (given.num_rows < num_blocks(header.height, plane.vertical) ||
        given.num_cols < num_blocks(header.width, plane.horizontal))
      throw std::invalid_argument("a plane has fewer blocks than the picture needs");
  }
}

Source ResamplePlanner::source(const DevicePicture& header, size_t plane, float weight) const {
  const DevicePlane& given = planes_[header.first_plane + plane];
  return {given.first_block, given.quantization, weight};
}

// Planes coded as red, green and blue make one of luma or chroma where their coefficients are loaded: the
// colours are mixed along the way, at the price of reading all three for each.
void ResamplePlanner::add_sources(const DevicePicture& header, int component, PlaneJob* job) const {
  const auto own = static_cast<size_t>(component);
  job->num_cols = static_cast<int32_t>(planes_[header.first_plane + own].num_cols);
  job->num_sources = 1;
  job->sources[0] = source(header, own, 1);
  if (picture_.colors != Colors::kRgb || assembly_.output == Output::kRgb) return;
  job->num_sources = 3;
  for (size_t i = 0; i < 3; ++i) job->sources[i] = source(header, i, kRgbToYcbcr[component][i]);
}

void ResamplePlanner::add_plane(const DevicePicture& header, const Window& window, int component) {
  const bool own_grid = component > 0 && assembly_.separate_chroma();
  const Grid& grid = own_grid ? assembly_.chroma_grid : assembly_.grid;
  const PlaneGeometry geometry = plane_geometry(picture_, picture_.planes[static_cast<size_t>(component)],
                                                window, grid, assembly_.filter, own_grid);
  PlaneJob job{};
  add_sources(header, component, &job);
  const Range rows = blocks_of(geometry.rows);
  job.first_row = rows.begin;
  job.num_rows = rows.size();
  job.rows = add_axis(geometry.rows);
  job.columns = add_axis(geometry.columns);
  job.output_rows = geometry.rows.output_size / kBlockSide;
  job.output_cols = geometry.columns.output_size / kBlockSide;
  job.picture = header.row;
  job.component = component;
  job.num_planes = assembly_.output == Output::kRgb ? static_cast<int32_t>(picture_.planes.size()) : 1;
  job.colors = picture_.colors;
  job.transpose = geometry.transpose;
  job.mirror_y = geometry.mirror_y;
  job.mirror_x = geometry.mirror_x;
  job.values = jobs_.bytes;
  const auto lanes = static_cast<uint64_t>(Lanes(plan_.launch.assembly, job).size());
  jobs_.bytes += aligned(static_cast<uint64_t>(job.num_rows) * lanes * kBlockSide * sizeof(float));
  jobs_.planes.push_back(job);
}

// The chroma of a grayscale picture.
void ResamplePlanner::add_empty(const DevicePicture& header, int component) {
  const Grid& grid = assembly_.separate_chroma() ? assembly_.chroma_grid : assembly_.grid;
  PlaneJob job{};
  job.output_rows = grid.height / kBlockSide;
  job.output_cols = grid.width / kBlockSide;
  job.picture = header.row;
  job.component = component;
  jobs_.planes.push_back(job);
}

// Components of the same geometry share their axes.
uint32_t ResamplePlanner::add_axis(const Axis& axis) {
  for (size_t i = 0; i < jobs_.axes.size(); ++i)
    if (jobs_.axes[i].axis == axis) return static_cast<uint32_t>(i);
  const int stride = std::max(max_samples(axis, Reach(axis).max_pixels()), kShortRow);
  AxisJob job{axis, stride, jobs_.bytes};
  jobs_.bytes += aligned(weights_bytes(job));
  jobs_.axes.push_back(job);
  return static_cast<uint32_t>(jobs_.axes.size() - 1);
}

void ResamplePlanner::place() {
  // Far below what a launch can take; a batch that has more thread blocks loses nothing by another launch.
  constexpr uint32_t kMaxThreadBlocks = 1U << 24;
  const bool is_full = plan_.chunks.empty() || chunk_bytes_ + jobs_.bytes > limit_ ||
                       plan_.chunks.back().num_horizontal > kMaxThreadBlocks ||
                       plan_.chunks.back().num_vertical > kMaxThreadBlocks;
  if (is_full) begin_chunk();
  append();
  plan_.workspace_bytes = std::max(plan_.workspace_bytes, chunk_bytes_);
}

void ResamplePlanner::begin_chunk() {
  ResampleChunk chunk{};
  chunk.first_axis = static_cast<uint32_t>(plan_.axes.size());
  chunk.first_plane = static_cast<uint32_t>(plan_.planes.size());
  plan_.chunks.push_back(chunk);
  chunk_bytes_ = 0;
}

void ResamplePlanner::append() {
  ResampleChunk& chunk = plan_.chunks.back();
  const bool is_rgb = assembly_.output == Output::kRgb;
  for (PlaneJob job : jobs_.planes) {
    job.rows += chunk.num_axes;
    job.columns += chunk.num_axes;
    job.values += chunk_bytes_;
    job.first_horizontal = chunk.num_horizontal;
    job.first_vertical = chunk.num_vertical;
    chunk.num_horizontal += HorizontalPass::num_thread_blocks(job);
    if (!is_rgb || job.component == 0)
      chunk.num_vertical += VerticalPass<false>::num_thread_blocks(plan_.launch.assembly, job);
    plan_.planes.push_back(job);
  }
  for (AxisJob job : jobs_.axes) {
    job.weights += chunk_bytes_;
    chunk.max_outputs = std::max(chunk.max_outputs, static_cast<uint32_t>(job.axis.output_size));
    plan_.axes.push_back(job);
  }
  chunk.num_axes += static_cast<uint32_t>(jobs_.axes.size());
  chunk.num_planes += static_cast<uint32_t>(jobs_.planes.size());
  chunk_bytes_ += jobs_.bytes;
}

ResamplePlan ResamplePlanner::finish() {
  plan_.launch.num_axes = plan_.axes.size();
  plan_.launch.num_chunks = plan_.chunks.size();
  return std::move(plan_);
}

}  // namespace fastdct::dct::device
