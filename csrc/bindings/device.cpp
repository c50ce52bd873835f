// What the host does for kernels of fastdct._cuda, and those kernels emulated.
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <cstring>
#include <stdexcept>
#include <string>

#include "bindings/bindings.h"
#include "bindings/launches.h"
#include "dct/device/emulation.h"
#include "dct/device/frequency_plan.h"
#include "dct/device/plan.h"

namespace py = pybind11;

namespace fastdct {
namespace {

using dct::DevicePicture;
using dct::device::FrequencyPlan;
using dct::device::ResamplePlan;
using Windows = py::array_t<double, py::array::c_style>;

// Rows of a structured array of Python's, whose dtype has the size of T.
template <class T>
std::vector<T> rows_of(const py::array& array, const char* name) {
  if (array.ndim() != 1 || array.itemsize() != sizeof(T) || (array.flags() & py::array::c_style) == 0)
    throw std::invalid_argument(std::string(name) + " is a contiguous array [N] of " +
                                std::to_string(sizeof(T)) + " bytes each");
  std::vector<T> rows(static_cast<size_t>(array.shape(0)));
  if (!rows.empty()) std::memcpy(rows.data(), array.data(), rows.size() * sizeof(T));
  return rows;
}

template <class T>
std::string bytes_of(const std::vector<T>& jobs) {
  return {reinterpret_cast<const char*>(jobs.data()), jobs.size() * sizeof(T)};
}

py::array_t<uint8_t> array_of(const std::string& bytes) {
  return py::array_t<uint8_t>(static_cast<py::ssize_t>(bytes.size()),
                              reinterpret_cast<const uint8_t*>(bytes.data()));
}

void add_picture(size_t index, const DevicePicture& picture, const double* window,
                 dct::device::ResamplePlanner* planner) {
  try {
    planner->add(picture, {window[0], window[1], window[2], window[3], window[4] != 0});
  } catch (const std::invalid_argument& error) {
    throw std::invalid_argument("picture " + std::to_string(index) + ": " + error.what());
  }
}

ResamplePlan plan_resampling(const dct::Assembly& assembly, const py::array& pictures,
                             const py::array& planes, const Windows& windows, uint64_t workspace_bytes) {
  const auto headers = rows_of<DevicePicture>(pictures, "pictures");
  const auto grids = rows_of<DevicePlane>(planes, "planes");
  if (windows.ndim() != 2 || windows.shape(0) != pictures.shape(0) || windows.shape(1) != 5)
    throw std::invalid_argument("windows must be [N, 5]: x1, y1, x2, y2, flip");
  const double* window = windows.data();
  const py::gil_scoped_release release;
  dct::device::ResamplePlanner planner(assembly, grids, workspace_bytes);
  for (size_t i = 0; i < headers.size(); ++i) add_picture(i, headers[i], window + 5 * i, &planner);
  return planner.finish();
}

py::array_t<bool> resamples_on_device(const dct::Assembly& assembly, const py::array& pictures) {
  const auto headers = rows_of<DevicePicture>(pictures, "pictures");
  py::array_t<bool> accepted(static_cast<py::ssize_t>(headers.size()));
  for (size_t i = 0; i < headers.size(); ++i)
    accepted.mutable_at(static_cast<py::ssize_t>(i)) = dct::device::is_accepted(assembly, headers[i]);
  return accepted;
}

void emulate_resampling(const py::bytes& launches, uintptr_t jobs, uintptr_t coefficients,
                        uintptr_t quantization, uintptr_t workspace, uintptr_t tensor, uintptr_t chroma,
                        uint64_t seed) {
  const ResampleLaunches batch(std::string_view(launches), jobs);
  const auto memory = batch.memory(coefficients, quantization, workspace, tensor, chroma);
  const py::gil_scoped_release release;
  dct::device::resample_emulated(batch.launch, batch.chunks.data(), memory, seed);
}

void emulate_frequency_planes(const py::bytes& launches, uintptr_t jobs, uintptr_t coefficients,
                              uintptr_t target, uint64_t seed) {
  const auto task = frequency_task(std::string_view(launches), jobs, coefficients, target);
  const py::gil_scoped_release release;
  dct::device::frequency_planes_emulated(task, seed);
}

void emulate_zeroing(uintptr_t coefficients, uint64_t num_blocks, int num_frequencies, uint64_t seed) {
  check_num_frequencies(num_frequencies);
  const py::gil_scoped_release release;
  dct::device::zero_frequencies_emulated(reinterpret_cast<int16_t*>(coefficients), num_blocks,
                                         num_frequencies, seed);
}

void bind_plans(py::module_& m) {
  py::class_<ResamplePlan>(m, "ResamplePlan")
      .def(py::init(&plan_resampling), py::arg("assembly"), py::arg("pictures"), py::arg("planes"),
           py::arg("windows"), py::kw_only(), py::arg("workspace_bytes"))
      .def_property_readonly(
          "jobs",
          [](const ResamplePlan& plan) { return array_of(bytes_of(plan.axes) + bytes_of(plan.planes)); })
      .def_property_readonly("launches",
                             [](const ResamplePlan& plan) {
                               const std::vector<dct::device::ResampleLaunch> launch{plan.launch};
                               return py::bytes(bytes_of(launch) + bytes_of(plan.chunks));
                             })
      .def_readonly("workspace_bytes", &ResamplePlan::workspace_bytes);
  m.def("resamples_on_device", &resamples_on_device, py::arg("assembly"), py::arg("pictures"),
        "Which pictures a ResamplePlan takes.");
  py::class_<FrequencyPlan>(m, "FrequencyPlan")
      .def(py::init([](const py::array& planes, int num_frequencies) {
             return dct::device::plan_frequencies(rows_of<DevicePlane>(planes, "planes"), num_frequencies);
           }),
           py::arg("planes"), py::kw_only(), py::arg("num_frequencies"))
      .def_property_readonly("jobs", [](const FrequencyPlan& plan) { return array_of(bytes_of(plan.jobs)); })
      .def_property_readonly("launches",
                             [](const FrequencyPlan& plan) {
                               const std::vector<dct::device::FrequencyLaunch> launch{plan.launch};
                               return py::bytes(bytes_of(launch));
                             })
      .def_property_readonly("offsets", [](const FrequencyPlan& plan) {
        return py::array_t<int64_t>(static_cast<py::ssize_t>(plan.offsets.size()), plan.offsets.data());
      });
}

void bind_emulation(py::module_& m) {
  m.def("resample", &emulate_resampling, py::arg("launches"), py::kw_only(), py::arg("jobs"),
        py::arg("coefficients"), py::arg("quantization"), py::arg("workspace"), py::arg("tensor"),
        py::arg("chroma"), py::arg("seed"));
  m.def("frequency_planes", &emulate_frequency_planes, py::arg("launches"), py::kw_only(), py::arg("jobs"),
        py::arg("coefficients"), py::arg("target"), py::arg("seed"));
  m.def("zero_frequencies", &emulate_zeroing, py::arg("coefficients"), py::kw_only(), py::arg("num_blocks"),
        py::arg("num_frequencies"), py::arg("seed"));
}

}  // namespace

void bind_device(py::module_& m) {
  bind_plans(m);
  py::module_ emulation = m.attr("emulation");
  bind_emulation(emulation);
}

}  // namespace fastdct
