// Paths and buffers of Python as the pipeline takes them.
#pragma once
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <string>
#include <utility>
#include <vector>

#include "pipeline/batch.h"

namespace fastdct {

// Buffers stay exported while the GIL is released: nobody can resize them meanwhile.
struct Sources {
  std::vector<BatchSource> sources;
  std::vector<pybind11::buffer_info> held;

  explicit Sources(const pybind11::sequence& objects) {
    sources.reserve(objects.size());
    for (const pybind11::handle object : objects) add(object);
  }

  void add(const pybind11::handle object) {
    namespace py = pybind11;
    BatchSource source;
    if (py::isinstance<py::str>(object)) {
      source.path = py::cast<std::string>(py::bytes(py::module_::import("os").attr("fsencode")(object)));
    } else {
      py::buffer_info info = py::reinterpret_borrow<py::buffer>(object).request();
      if (info.ndim != 1 || info.itemsize != 1 || (info.size > 0 && info.strides[0] != 1))
        throw py::type_error("expected a contiguous one-dimensional buffer of bytes");
      static constexpr uint8_t kNothing[1] = {};
      source.data = info.size > 0 ? static_cast<const uint8_t*>(info.ptr) : kNothing;
      source.size = static_cast<size_t>(info.size);
      held.push_back(std::move(info));
    }
    sources.push_back(std::move(source));
  }
};

}  // namespace fastdct
