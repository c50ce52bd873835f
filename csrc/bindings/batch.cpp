#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bindings/bindings.h"
#include "bindings/sources.h"
#include "common/cpu_level.h"
#include "common/thread_pool.h"
#include "pipeline/batch.h"

namespace py = pybind11;

namespace fastdct {
namespace {

using jpeg::Layout;
using jpeg::Plane;

// The rows of one call and the memory that their planes lie in. Arrays made of a plane keep the memory alive.
struct RawBatch {
  std::shared_ptr<Arena> arena;
  std::vector<BatchRow> rows;
  jpeg::Request request;
};

py::array_t<int16_t> coefficients(const RawBatch& batch, const Plane& plane) {
  const auto rows = static_cast<py::ssize_t>(plane.num_rows), cols = static_cast<py::ssize_t>(plane.num_cols);
  py::capsule owner(new std::shared_ptr<Arena>(batch.arena),
                    [](void* pointer) { delete static_cast<std::shared_ptr<Arena>*>(pointer); });
  if (batch.request.layout == Layout::kBlock)
    return py::array_t<int16_t>({rows, cols, py::ssize_t{8}, py::ssize_t{8}}, plane.data, owner);
  constexpr auto kSize = static_cast<py::ssize_t>(sizeof(int16_t));
  const auto frequencies = static_cast<py::ssize_t>(batch.request.num_frequencies);
  return py::array_t<int16_t>({frequencies, rows, cols},
                              {static_cast<py::ssize_t>(plane.plane_pitch) * kSize,
                               static_cast<py::ssize_t>(plane.row_pitch) * kSize, kSize},
                              plane.data, owner);
}

std::vector<size_t> failed_rows(const RawBatch& batch) {
  std::vector<size_t> failed;
  for (size_t i = 0; i < batch.rows.size(); ++i)
    if (!batch.rows[i].error.empty()) failed.push_back(i);
  return failed;
}

py::tuple row_to_python(const RawBatch& batch, size_t index) {
  const BatchRow& row = batch.rows.at(index);
  py::list components;
  for (const Plane& plane : row.image.planes)
    components.append(py::make_tuple(coefficients(batch, plane),
                                     py::array_t<uint16_t>({8, 8}, plane.quantization.data()),
                                     py::make_tuple(plane.sampling.horizontal, plane.sampling.vertical)));
  return py::make_tuple(row.image.header, components, row.image.warnings);
}

std::unique_ptr<RawBatch> read_raw_batch(const py::sequence& objects, bool frequency_major,
                                         int num_frequencies, bool luma_only, uint64_t max_pixels,
                                         int num_threads, bool stop_at_error, RawBatch* out) {
  const Sources sources(objects);
  auto batch = std::make_unique<RawBatch>();
  batch->arena = out != nullptr ? out->arena : std::make_shared<Arena>();
  batch->request = {frequency_major ? Layout::kFrequency : Layout::kBlock, num_frequencies, luma_only,
                    max_pixels};
  if (out != nullptr) {
    out->rows.clear();
    out->arena = std::make_shared<Arena>();
    batch->arena->reset();
  }
  cpu_level();  // an odd FASTDCT_CPU is an error here, not in a thread
  const BatchOptions options{batch->request, num_threads, stop_at_error};
  py::gil_scoped_release release;
  batch->rows = read_batch(sources.sources, options, *batch->arena);
  return batch;
}

}  // namespace

void bind_batch(py::module_& m) {
  py::class_<RawBatch>(m, "RawBatch")
      .def("__len__", [](const RawBatch& batch) { return batch.rows.size(); })
      .def("error", [](const RawBatch& batch, size_t row) { return batch.rows.at(row).error; })
      .def_property_readonly("failed_rows", failed_rows)
      .def("row", row_to_python)
      .def_property_readonly("num_bytes", [](const RawBatch& batch) { return batch.arena->capacity(); });
  m.def("read_batch", read_raw_batch, py::arg("sources"), py::kw_only(), py::arg("frequency_major"),
        py::arg("num_frequencies"), py::arg("luma_only"), py::arg("max_pixels"), py::arg("num_threads"),
        py::arg("stop_at_error"), py::arg("out").none(true));
  m.def("num_available_cpus", num_available_cpus);
  m.def("cpu_level", [] { return std::string(cpu_level_name(cpu_level())); });
}

}  // namespace fastdct
