#include "dct/resampler.h"

#include <algorithm>

#include "dct/colours.h"

namespace fastdct::dct {

// What one stream needs, kept from picture to picture.
struct Resampler::Work {
  AxisPlan rows;
  AxisPlan columns;
  StreamJob job;
  Stream stream;
};

namespace {

template <typename T>
void push_all(const Resampler::Group& group, const std::vector<Plane>& planes, const T* Plane::* blocks) {
  const BlockRange& range = group.range;
  const auto row_of = [&](int plane, int row) {
    const Plane& from = planes[plane];
    return from.*blocks + (static_cast<size_t>(row) * from.num_cols + range.first_col) * kBlock * kBlock;
  };
  const bool pair = group.planes.size() == 2;
  const int end = range.first_row + range.num_rows;
  for (int row = range.first_row; row < end; row += pair ? 1 : 2) {
    const T* a = row_of(group.planes[0], row);
    const T* b = pair            ? row_of(group.planes[1], row)
                 : row + 1 < end ? row_of(group.planes[0], row + 1)
                                 : nullptr;
    group.stream->push(a, b);
  }
}

}  // namespace

Resampler::Resampler() = default;
Resampler::~Resampler() = default;

void Resampler::run(const Assembly& assembly, const Picture& picture, const Window& window,
                    const Tensors& tensors) {
  start(assembly, picture, window, tensors);
  for (const Group& group : groups_) {
    const bool integers = picture.planes[group.planes[0]].blocks != nullptr;
    if (integers)
      push_all(group, picture.planes, &Plane::blocks);
    else
      push_all(group, picture.planes, &Plane::float_blocks);
  }
  finish();
}

void Resampler::start(const Assembly& assembly, const Picture& picture, const Window& window,
                      const Tensors& tensors) {
  check(picture, window);
  kernel_ = &kernel_for(cpu_level());
  assembly_ = &assembly;
  picture_ = &picture;
  window_ = window;
  tensors_ = tensors;
  num_works_ = 0;
  groups_.clear();
  if (assembly.output == Output::kRgb) return start_samples();
  if (picture.colors == Colors::kRgb) return start_colour_mix();
  start_coefficients();
}

void Resampler::finish() {
  if (assembly_->output == Output::kRgb) {
    write_rgb();
  } else if (picture_->colors == Colors::kRgb) {
    mix_colours();
  } else if (picture_->colors == Colors::kGrayscale) {
    fill_empty_chroma();
  }
  kernel_->finish();
}

Resampler::Work* Resampler::next_work() {
  if (num_works_ == works_.size()) works_.push_back(std::make_unique<Work>());
  return works_[num_works_++].get();
}

TensorLayout Resampler::tensor_of(int component) const {
  const Assembly& to = *assembly_;
  const auto chroma = static_cast<int>(to.num_channels(1) + to.num_channels(2));
  const auto luma = static_cast<int>(to.num_channels(0));
  if (!to.separate_chroma())
    return {tensors_.tensor,        to.dtype,        luma + chroma, to.grid.height / kBlock,
            to.grid.width / kBlock, to.channels_last};
  if (component == 0)
    return {tensors_.tensor,        to.dtype,        luma, to.grid.height / kBlock,
            to.grid.width / kBlock, to.channels_last};
  const Grid& grid = to.chroma_grid;
  return {tensors_.chroma, to.dtype, chroma, grid.height / kBlock, grid.width / kBlock, to.channels_last};
}

// The frequencies of a component as channels of its tensor.
static std::vector<Wanted> wanted_channels(const Assembly& assembly, int component,
                                           const TensorLayout& tensor, const PlaneGeometry& geometry) {
  size_t channel = 0;
  for (int c = 0; c < component; ++c) channel += assembly.num_channels(c);
  const size_t first_of_tensor = assembly.separate_chroma() && component > 0 ? assembly.num_channels(0) : 0;
  std::vector<Wanted> wanted;
  for (const uint8_t index : assembly.frequencies[component]) {
    Wanted one = wanted_frequency(index, geometry);
    one.offset = static_cast<ptrdiff_t>(channel - first_of_tensor) * tensor.channel_stride();
    one.scale *= assembly.scale[channel];
    one.shift = assembly.shift[channel];
    wanted.push_back(one);
    ++channel;
  }
  return wanted;
}

void Resampler::launch(Work* work, const PlaneGeometry& geometry, bool to_samples, std::vector<int> planes) {
  int num_u = 0, num_v = 0;
  for (int i = 0; i < work->job.num_components; ++i)
    for (const Wanted& wanted : work->job.components[i].wanted) {
      num_u = std::max(num_u, wanted.u + 1);
      num_v = std::max(num_v, wanted.v + 1);
    }
  if (num_u == 0) return;  // nothing is wanted of these components
  plan_axis(geometry.columns, num_u, to_samples, true, &work->columns);
  plan_axis(geometry.rows, num_v, to_samples, false, &work->rows);
  work->job.horizontal = &work->columns;
  work->job.vertical = &work->rows;
  work->job.mirrored = geometry.transpose ? geometry.mirror_y : geometry.mirror_x;
  work->stream.start(*kernel_, work->job);
  const BlockRange range{work->rows.first_block, work->rows.num_blocks, work->columns.first_block,
                         work->columns.num_blocks};
  groups_.push_back({std::move(planes), range, &work->stream});
}

void Resampler::add_group(const std::vector<int>& planes) {
  const bool own_grid = planes[0] > 0 && assembly_->separate_chroma();
  const Grid& grid = own_grid ? assembly_->chroma_grid : assembly_->grid;
  const PlaneGeometry geometry =
      plane_geometry(*picture_, picture_->planes[planes[0]], window_, grid, assembly_->filter, own_grid);
  Work* work = next_work();
  work->job.num_components = static_cast<int>(planes.size());
  for (size_t i = 0; i < planes.size(); ++i) {
    const TensorLayout tensor = tensor_of(planes[i]);
    work->job.components[i] = {picture_->planes[planes[i]].quantization,
                               wanted_channels(*assembly_, planes[i], tensor, geometry),
                               destination_of(tensor, geometry)};
  }
  launch(work, geometry, false, planes);
}

void Resampler::start_coefficients() {
  add_group({0});
  if (picture_->colors == Colors::kGrayscale) return;
  const Plane &cb = picture_->planes[1], &cr = picture_->planes[2];
  if (same(cb.vertical, cr.vertical) && same(cb.horizontal, cr.horizontal)) return add_group({1, 2});
  add_group({1});
  add_group({2});
}

void Resampler::fill_empty_chroma() {
  for (int component = 1; component < 3; ++component) {
    const TensorLayout tensor = tensor_of(component);
    const PlaneGeometry upright{};
    const std::vector<Wanted> wanted = wanted_channels(*assembly_, component, tensor, upright);
    if (wanted.empty()) continue;
    writer_.start(*kernel_, destination_of(tensor, upright), wanted);
    for (int row = 0; row < tensor.num_rows; ++row) {
      writer_.begin(row);
      for (size_t channel = 0; channel < wanted.size(); ++channel)
        std::fill_n(writer_.place(channel), tensor.num_columns, wanted[channel].shift);
      writer_.complete(row);
    }
  }
}

// Planes coded as R, G, B: their coefficients are mixed, so all of them are needed before any channel is
// done. Such files are rare; whole planes of floats are the simple way.
void Resampler::start_colour_mix() {
  mix_grids_ = {assembly_->grid};
  if (assembly_->separate_chroma()) mix_grids_.push_back(assembly_->chroma_grid);
  size_t size = 0;
  for (const Grid& grid : mix_grids_) size += 3 * 64 * grid.num_blocks();
  float* plane = planes_.reserve(size);
  for (size_t g = 0; g < mix_grids_.size(); ++g)
    for (int p = 0; p < 3; ++p) {
      const Grid& grid = mix_grids_[g];
      const PlaneGeometry geometry =
          plane_geometry(*picture_, picture_->planes[p], window_, grid, assembly_->filter, g > 0);
      const TensorLayout tensor{plane, Dtype::kFloat32, 64, grid.height / kBlock, grid.width / kBlock, false};
      Work* work = next_work();
      work->job.num_components = 1;
      ComponentJob& job = work->job.components[0];
      job = {picture_->planes[p].quantization, {}, destination_of(tensor, geometry)};
      for (int index = 0; index < 64; ++index) {
        job.wanted.push_back(wanted_frequency(index, geometry));
        job.wanted.back().offset = index * tensor.channel_stride();
      }
      launch(work, geometry, false, {p});
      plane += 64 * grid.num_blocks();
    }
}

void Resampler::mix_colours() {
  for (int component = 0; component < 3; ++component) {
    const bool second = component > 0 && assembly_->separate_chroma();
    const float* planes = planes_.data() + (second ? 3 * 64 * assembly_->grid.num_blocks() : 0);
    const TensorLayout tensor = tensor_of(component);
    const PlaneGeometry upright{};
    const std::vector<Wanted> wanted = wanted_channels(*assembly_, component, tensor, upright);
    if (wanted.empty()) continue;
    const size_t blocks = static_cast<size_t>(tensor.num_rows) * tensor.num_columns;
    const float* mix = kRgbToYcbcr[component];
    writer_.start(*kernel_, destination_of(tensor, upright), wanted);
    for (int row = 0; row < tensor.num_rows; ++row) {
      writer_.begin(row);
      for (size_t channel = 0; channel < wanted.size(); ++channel) {
        const Wanted& one = wanted[channel];
        const float* red =
            planes + (8 * one.v + one.u) * blocks + static_cast<size_t>(row) * tensor.num_columns;
        const float *green = red + 64 * blocks, *blue = green + 64 * blocks;
        float* to = writer_.place(channel);
        for (int x = 0; x < tensor.num_columns; ++x)
          to[x] = (mix[0] * red[x] + mix[1] * green[x] + mix[2] * blue[x]) * one.scale + one.shift;
      }
      writer_.complete(row);
    }
  }
}

void Resampler::start_samples() {
  const Grid& grid = assembly_->grid;
  const size_t size = static_cast<size_t>(grid.height) * grid.width;
  float* plane = planes_.reserve(3 * size);
  for (size_t p = 0; p < picture_->planes.size(); ++p, plane += size) {
    const PlaneGeometry geometry =
        plane_geometry(*picture_, picture_->planes[p], window_, grid, assembly_->filter, false);
    Work* work = next_work();
    work->job.num_components = 1;
    work->job.components[0] = {picture_->planes[p].quantization, wanted_samples(grid.width, geometry),
                               sample_plane(plane, Dtype::kFloat32, grid, geometry)};
    launch(work, geometry, true, {static_cast<int>(p)});
  }
}

namespace {

float clamped(float sample) { return std::min(std::max(sample + 128, 0.0f), 255.0f); }

}  // namespace

void Resampler::write_rgb() {
  const Grid& grid = assembly_->grid;
  const TensorLayout tensor{tensors_.tensor, assembly_->dtype, 3,
                            grid.height,     grid.width,       assembly_->channels_last};
  std::vector<Wanted> wanted(3);
  for (int c = 0; c < 3; ++c) wanted[c].offset = c * tensor.channel_stride();
  writer_.start(*kernel_, destination_of(tensor, PlaneGeometry{}), wanted);
  const size_t size = static_cast<size_t>(grid.height) * grid.width;
  const bool gray = picture_->colors == Colors::kGrayscale, is_rgb = picture_->colors == Colors::kRgb;
  for (int row = 0; row < grid.height; ++row) {
    writer_.begin(row);
    const float* first = planes_.data() + static_cast<size_t>(row) * grid.width;
    const float *second = gray ? first : first + size, *third = gray ? first : second + size;
    float* to[3];
    for (int c = 0; c < 3; ++c) to[c] = writer_.place(c);
    for (int x = 0; x < grid.width; ++x) {
      const float y = first[x], cb = second[x], cr = third[x];
      const bool plain = gray || is_rgb;
      to[0][x] = clamped(plain ? y : y + kRedOfCr * cr);
      to[1][x] = clamped(plain ? cb : y - kGreenOfCb * cb - kGreenOfCr * cr);
      to[2][x] = clamped(plain ? cr : y + kBlueOfCb * cb);
    }
    for (int c = 0; c < 3; ++c)
      for (int x = 0; x < grid.width; ++x) to[c][x] = to[c][x] * assembly_->scale[c] + assembly_->shift[c];
    writer_.complete(row);
  }
}

}  // namespace fastdct::dct
