#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <stdexcept>
#include <string>

#include "bindings/bindings.h"
#include "common/memory_pool.h"
#include "dct/assembly.h"
#include "dct/from_pixels.h"
#include "dct/full_size.h"
#include "dct/picture.h"
#include "pipeline/decode.h"
#include "pipeline/full_size.h"

namespace py = pybind11;

namespace fastdct {
namespace {

using dct::Assembly;
using Blocks = py::array_t<int16_t, py::array::c_style>;
using FloatBlocks = py::array_t<float, py::array::c_style>;
using Windows = py::array_t<double, py::array::c_style>;
using Indices = std::vector<uint8_t>;

template <typename T>
T choice(const std::string& name, std::initializer_list<std::pair<const char*, T>> choices) {
  for (const auto& [known, value] : choices)
    if (name == known) return value;
  throw std::invalid_argument("unknown: " + name);
}

dct::Filter filter_of(const std::string& name) {
  return choice<dct::Filter>(name, {{"box", dct::Filter::kBox},
                                    {"triangle", dct::Filter::kTriangle},
                                    {"bicubic", dct::Filter::kBicubic},
                                    {"lanczos3", dct::Filter::kLanczos3}});
}

dct::Dtype dtype_of(const std::string& name) {
  return choice<dct::Dtype>(name, {{"float32", dct::Dtype::kFloat32},
                                   {"bfloat16", dct::Dtype::kBfloat16},
                                   {"float16", dct::Dtype::kFloat16},
                                   {"int16", dct::Dtype::kInt16},
                                   {"uint8", dct::Dtype::kUint8}});
}

dct::Colors colors_of(const std::string& name) {
  return choice<dct::Colors>(
      name,
      {{"grayscale", dct::Colors::kGrayscale}, {"YCbCr", dct::Colors::kYCbCr}, {"RGB", dct::Colors::kRgb}});
}

dct::Grid grid_of(std::pair<int, int> size, int multiple) {
  const auto [height, width] = size;
  if (height <= 0 || width <= 0 || height % multiple != 0 || width % multiple != 0)
    throw std::invalid_argument("sides must be positive multiples of 8");
  return {height, width};
}

// What memory safety needs; fastdct.decoder has checked the same before, in words for people.
Assembly make_assembly(const std::string& output, std::pair<int, int> size,
                       std::optional<std::pair<int, int>> chroma_size, const Indices& luma, const Indices& cb,
                       const Indices& cr, std::vector<float> scale, std::vector<float> shift,
                       const std::string& filter, const std::string& dtype, bool channels_last) {
  Assembly assembly;
  assembly.output =
      choice<dct::Output>(output, {{"dct", dct::Output::kCoefficients}, {"rgb", dct::Output::kRgb}});
  assembly.grid = grid_of(size, 8);
  if (chroma_size) assembly.chroma_grid = grid_of(*chroma_size, 8);
  assembly.frequencies = {luma, cb, cr};
  for (const Indices& indices : assembly.frequencies)
    for (const uint8_t index : indices)
      if (index > 63) throw std::invalid_argument("a frequency is 0..63");
  const size_t channels = assembly.output == dct::Output::kRgb ? 3 : luma.size() + cb.size() + cr.size();
  if (scale.size() != channels || shift.size() != channels)
    throw std::invalid_argument("scale and shift must have one number for each channel");
  assembly.scale = std::move(scale);
  assembly.shift = std::move(shift);
  assembly.filter = filter_of(filter);
  assembly.dtype = dtype_of(dtype);
  assembly.channels_last = channels_last;
  return assembly;
}

// A picture and the arrays that hold its blocks.
struct HeldPicture {
  dct::Picture picture;
  std::vector<py::array> arrays;
};

dct::Subsampling subsampling_of(std::pair<int, int> ratio) {
  if (ratio.first < ratio.second || ratio.second < 1 || ratio.first > 255)
    throw std::invalid_argument("subsampling is numerator / divisor, 1 at least");
  return {ratio.first, ratio.second};
}

dct::Plane make_plane(const py::array& blocks, const std::vector<float>& quantization,
                      dct::Subsampling vertical, dct::Subsampling horizontal) {
  if (blocks.ndim() != 4 || blocks.shape(2) != 8 || blocks.shape(3) != 8 || quantization.size() != 64)
    throw std::invalid_argument("blocks are [Hb, Wb, 8, 8] with 64 steps");
  dct::Plane plane;
  if (Blocks::check_(blocks)) {
    plane.blocks = static_cast<const int16_t*>(blocks.data());
  } else if (FloatBlocks::check_(blocks)) {
    plane.float_blocks = static_cast<const float*>(blocks.data());
  } else {
    throw std::invalid_argument("blocks are contiguous int16 or float32");
  }
  plane.num_rows = static_cast<size_t>(blocks.shape(0));
  plane.num_cols = static_cast<size_t>(blocks.shape(1));
  std::copy(quantization.begin(), quantization.end(), plane.quantization.begin());
  plane.vertical = vertical;
  plane.horizontal = horizontal;
  return plane;
}

using PlaneArguments = std::tuple<py::array, std::vector<float>, std::pair<int, int>, std::pair<int, int>>;

HeldPicture make_picture(int height, int width, int orientation, const std::string& colors,
                         const std::vector<PlaneArguments>& planes) {
  HeldPicture held;
  held.picture = {height, width, orientation, colors_of(colors), {}};
  if (height <= 0 || width <= 0) throw std::invalid_argument("sides must be positive");
  for (const auto& [blocks, quantization, vertical, horizontal] : planes) {
    const dct::Plane plane =
        make_plane(blocks, quantization, subsampling_of(vertical), subsampling_of(horizontal));
    if (plane.num_rows < dct::num_blocks(height, plane.vertical) ||
        plane.num_cols < dct::num_blocks(width, plane.horizontal))
      throw std::invalid_argument("a plane has fewer blocks than the picture needs");
    held.picture.planes.push_back(plane);
    held.arrays.push_back(blocks);
  }
  return held;
}

// Contiguous buffers, held while the GIL is released.
pipeline::Job make_job(const py::handle& source, const double* window, std::vector<py::buffer_info>* held) {
  pipeline::Job job;
  job.window = {window[0], window[1], window[2], window[3], window[4] != 0};
  if (py::isinstance<HeldPicture>(source)) {
    job.picture = &source.cast<const HeldPicture&>().picture;
    return job;
  }
  held->push_back(py::cast<py::buffer>(source).request());
  const py::buffer_info& info = held->back();
  if (info.ndim != 1 || info.itemsize != 1 || (info.size > 0 && info.strides[0] != 1))
    throw py::type_error("expected a contiguous one-dimensional buffer of bytes");
  job.data = static_cast<const uint8_t*>(info.ptr);
  job.size = static_cast<size_t>(info.size);
  return job;
}

// `tensor` and `chroma` are addresses of pictures of assembly.tensor_bytes and chroma_bytes each; source i
// goes to picture rows[i].
py::list decode(const Assembly& assembly, const py::list& sources, const Windows& windows,
                const std::vector<size_t>& rows, uintptr_t tensor, uintptr_t chroma, int num_threads,
                uint64_t max_pixels, bool upright) {
  const auto count = static_cast<py::ssize_t>(sources.size());
  if (windows.ndim() != 2 || windows.shape(0) != count || windows.shape(1) != 5 ||
      rows.size() != sources.size())
    throw std::invalid_argument("windows must be [N, 5]: x1, y1, x2, y2, flip; rows [N]");
  std::vector<pipeline::Job> jobs;
  std::vector<py::buffer_info> held;
  held.reserve(sources.size());
  for (size_t i = 0; i < sources.size(); ++i) {
    jobs.push_back(make_job(sources[i], windows.data(static_cast<py::ssize_t>(i), 0), &held));
    jobs[i].tensors.tensor = reinterpret_cast<char*>(tensor) + rows[i] * assembly.tensor_bytes();
    jobs[i].tensors.chroma = reinterpret_cast<char*>(chroma) + rows[i] * assembly.chroma_bytes();
  }
  {
    py::gil_scoped_release release;
    pipeline::decode(assembly, {num_threads, max_pixels, upright}, &jobs);
  }
  py::list errors;
  for (const pipeline::Job& job : jobs)
    errors.append(job.error.empty() ? py::object(py::none()) : py::object(py::str(job.error)));
  return errors;
}

// `source` is a file in memory or a Picture; `rgb` the address of [H, W, 3] bytes, H and W being upright if
// so asked.
void decode_pixels(const py::object& source, uintptr_t rgb, uint64_t max_pixels, bool upright) {
  auto* to = reinterpret_cast<uint8_t*>(rgb);
  if (py::isinstance<HeldPicture>(source)) {
    const dct::Picture& picture = source.cast<const HeldPicture&>().picture;
    const py::gil_scoped_release release;
    return dct::FullSizeDecoder().run(picture, to);
  }
  const double window[5] = {};
  std::vector<py::buffer_info> held;
  const pipeline::Job job = make_job(source, window, &held);
  const py::gil_scoped_release release;
  pipeline::decode_pixels(job.data, job.size, max_pixels, upright, to);
}

// [3, Hb, Wb, 8, 8] of RGB [H, W, 3].
py::array_t<float> coefficients_of(const py::array_t<uint8_t, py::array::c_style>& rgb) {
  if (rgb.ndim() != 3 || rgb.shape(2) != 3 || rgb.size() == 0)
    throw std::invalid_argument("pixels are [H, W, 3], one at least");
  constexpr py::ssize_t kSide = 8;
  const auto height = static_cast<int>(rgb.shape(0)), width = static_cast<int>(rgb.shape(1));
  py::array_t<float> blocks(
      {py::ssize_t{3}, (height + kSide - 1) / kSide, (width + kSide - 1) / kSide, kSide, kSide});
  const uint8_t* from = rgb.data();
  float* to = blocks.mutable_data();
  const py::gil_scoped_release release;
  dct::coefficients_of(from, height, width, to);
  return blocks;
}

// Memory of a pool as a writable buffer of bytes; it goes back when Python drops the last view of it.
struct PooledMemory {
  std::shared_ptr<char> data;
  size_t size;
};

}  // namespace

void bind_dct(py::module_& m) {
  py::class_<Assembly>(m, "Assembly")
      .def(py::init(&make_assembly), py::kw_only(), py::arg("output"), py::arg("size"),
           py::arg("chroma_size"), py::arg("luma"), py::arg("cb"), py::arg("cr"), py::arg("scale"),
           py::arg("shift"), py::arg("filter"), py::arg("dtype"), py::arg("channels_last"))
      .def_property_readonly("tensor_bytes", &Assembly::tensor_bytes)
      .def_property_readonly("chroma_bytes", &Assembly::chroma_bytes);
  py::class_<HeldPicture>(m, "Picture")
      .def(py::init(&make_picture), py::kw_only(), py::arg("height"), py::arg("width"),
           py::arg("orientation"), py::arg("colors"), py::arg("planes"));
  m.def("coefficients_of", &coefficients_of, py::arg("rgb").noconvert(), "See Decoder.from_pixels.");
  m.def("decode_pixels", &decode_pixels, py::arg("source"), py::kw_only(), py::arg("rgb"),
        py::arg("max_pixels"), py::arg("upright"), "See fastdct.read_pixels.");
  py::class_<PooledMemory>(m, "PooledMemory", py::buffer_protocol()).def_buffer([](PooledMemory& memory) {
    return py::buffer_info(reinterpret_cast<uint8_t*>(memory.data.get()),
                           static_cast<py::ssize_t>(memory.size));
  });
  py::class_<MemoryPool, std::shared_ptr<MemoryPool>>(m, "MemoryPool")
      .def(py::init([] { return std::make_shared<MemoryPool>(); }))
      .def(
          "take", [](MemoryPool& pool, size_t size) { return PooledMemory{pool.take(size), size}; },
          py::arg("size"));
  m.def("decode", &decode, py::arg("assembly"), py::arg("sources"), py::arg("windows"), py::kw_only(),
        py::arg("rows"), py::arg("tensor"), py::arg("chroma"), py::arg("num_threads"), py::arg("max_pixels"),
        py::arg("upright"), "See fastdct.Decoder.");
}

}  // namespace fastdct
