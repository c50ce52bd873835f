#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <optional>
#include <string>
#include <tuple>

#include "bindings/bindings.h"
#include "common/error.h"
#include "jpeg/image.h"
#include "jpeg/libjpeg_reader.h"
#include "jpeg/libjpeg_writer.h"
#include "jpeg/reader.h"
#include "pipeline/split.h"

namespace py = pybind11;

namespace fastdct {
namespace {

using jpeg::Component;
using jpeg::Header;
using jpeg::Image;

// A contiguous run of bytes, held while the GIL is released.
struct Bytes {
  explicit Bytes(const py::buffer& buffer) : info(buffer.request()) {
    if (info.ndim != 1 || info.itemsize != 1 || (info.size > 0 && info.strides[0] != 1))
      throw py::type_error("expected a contiguous one-dimensional buffer of bytes");
  }
  const uint8_t* data() const { return static_cast<const uint8_t*>(info.ptr); }
  size_t size() const { return static_cast<size_t>(info.size); }
  py::buffer_info info;
};

std::vector<std::pair<int, int>> sampling_pairs(const Header& header) {
  std::vector<std::pair<int, int>> pairs;
  for (const jpeg::Sampling& s : header.sampling) pairs.emplace_back(s.horizontal, s.vertical);
  return pairs;
}

py::array_t<int16_t> take_coefficients(Component& component) {
  int16_t* data = component.coefficients.release();
  py::capsule owner(data, [](void* pointer) { jpeg::FreeMemory()(static_cast<int16_t*>(pointer)); });
  const auto rows = static_cast<py::ssize_t>(component.num_rows);
  const auto cols = static_cast<py::ssize_t>(component.num_cols);
  return py::array_t<int16_t>({rows, cols, py::ssize_t{8}, py::ssize_t{8}}, data, owner);
}

py::tuple to_python(Component& component) {
  py::array_t<uint16_t> quantization({8, 8}, component.quantization.data());
  return py::make_tuple(take_coefficients(component), quantization,
                        py::make_tuple(component.sampling.horizontal, component.sampling.vertical));
}

Header probe_jpeg(const py::buffer& source) {
  const Bytes bytes(source);
  py::gil_scoped_release release;
  return jpeg::read_header_fast(bytes.data(), bytes.size());
}

std::optional<std::string> find_anomaly(const py::buffer& source) {
  const Bytes bytes(source);
  py::gil_scoped_release release;
  const char* anomaly = jpeg::find_anomaly(bytes.data(), bytes.size());
  return anomaly == nullptr ? std::nullopt : std::optional<std::string>(anomaly);
}

template <typename Read>
py::tuple read(const py::buffer& source, Read read) {
  const Bytes bytes(source);
  Image image = [&] {
    py::gil_scoped_release release;
    return read(bytes.data(), bytes.size());
  }();
  py::list components;
  for (Component& component : image.components) components.append(to_python(component));
  return py::make_tuple(std::move(image.header), components, image.warnings);
}

py::tuple read_jpeg(const py::buffer& source, bool recover, uint64_t max_pixels, int num_threads) {
  const jpeg::ReadOptions options{recover, max_pixels};
  return read(source, [&](const uint8_t* data, size_t size) {
    return read_image_split(data, size, options, num_threads);
  });
}

py::tuple read_jpeg_through_libjpeg(const py::buffer& source, bool recover, uint64_t max_pixels) {
  const jpeg::ReadOptions options{recover, max_pixels};
  return read(source,
              [&](const uint8_t* data, size_t size) { return jpeg::read_image(data, size, options); });
}

using Coefficients = py::array_t<int16_t, py::array::c_style>;
using Quantization = py::array_t<uint16_t, py::array::c_style>;
using WriteComponent = std::tuple<Coefficients, Quantization, std::pair<int, int>>;

jpeg::ComponentView view(const WriteComponent& component) {
  const auto& [coefficients, quantization, sampling] = component;
  return {{sampling.first, sampling.second}, quantization.data(), coefficients.data()};
}

// The extents that write_image relies on; what they mean to a user is checked, and explained, in Python.
void check(const jpeg::ImageView& image, const std::vector<WriteComponent>& components) {
  int max_h = 1;
  int max_v = 1;
  for (const jpeg::ComponentView& c : image.components) {
    if (c.sampling.horizontal < 1 || c.sampling.vertical < 1) throw JpegError("sampling factors begin at 1");
    max_h = std::max(max_h, c.sampling.horizontal);
    max_v = std::max(max_v, c.sampling.vertical);
  }
  for (const WriteComponent& component : components) {
    const auto& [coefficients, quantization, sampling] = component;
    const size_t rows = jpeg::num_blocks(image.height, sampling.second, max_v);
    const size_t cols = jpeg::num_blocks(image.width, sampling.first, max_h);
    if (static_cast<size_t>(coefficients.size()) != rows * cols * jpeg::kBlockArea ||
        quantization.size() != jpeg::kBlockArea)
      throw JpegError("coefficients or quantization have the wrong size");
  }
}

py::bytes write_jpeg(int height, int width, const std::string& color_space, int orientation,
                     const std::vector<WriteComponent>& components) {
  jpeg::ImageView image{height, width, jpeg::color_space_from_name(color_space), orientation, {}};
  for (const WriteComponent& component : components) image.components.push_back(view(component));
  check(image, components);
  const std::vector<uint8_t> file = [&] {
    py::gil_scoped_release release;
    return jpeg::write_image(image);
  }();
  return {reinterpret_cast<const char*>(file.data()), file.size()};
}

}  // namespace

void bind_jpeg(py::module_& m) {
  py::register_exception<JpegError>(m, "JpegError", PyExc_ValueError);
  py::class_<Header>(m, "JpegHeader")
      .def_readonly("height", &Header::height)
      .def_readonly("width", &Header::width)
      .def_property_readonly("color_space",
                             [](const Header& h) { return jpeg::color_space_name(h.color_space); })
      .def_readonly("process", &Header::process)
      .def_property_readonly("sampling", sampling_pairs)
      .def_readonly("restart_interval", &Header::restart_interval)
      .def_readonly("orientation", &Header::orientation);
  m.def("probe_jpeg", probe_jpeg, py::arg("source"));
  m.def("read_jpeg_through_libjpeg", read_jpeg_through_libjpeg, py::arg("source"), py::kw_only(),
        py::arg("recover"), py::arg("max_pixels"));
  m.def("find_anomaly", find_anomaly, py::arg("source"));
  m.def("read_jpeg", read_jpeg, py::arg("source"), py::kw_only(), py::arg("recover"), py::arg("max_pixels"),
        py::arg("num_threads") = 1);
  m.def("write_jpeg", write_jpeg, py::arg("height"), py::arg("width"), py::arg("color_space"),
        py::arg("orientation"), py::arg("components"));
}
}  // namespace fastdct
