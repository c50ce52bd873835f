// RANSAC on addresses, which _cuda binds for a GPU's memory and _C.emulation for the host's.
#pragma once
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>

#include "ransac/device/models.h"

namespace fastdct {

inline ransac::ModelKind model_named(const std::string& name) {
  if (name == "similarity") return ransac::ModelKind::similarity;
  if (name == "affine") return ransac::ModelKind::affine;
  if (name == "homography") return ransac::ModelKind::homography;
  if (name == "fundamental") return ransac::ModelKind::fundamental;
  throw std::invalid_argument("model must be similarity, affine, homography or fundamental");
}

inline ransac::Sampling sampling_named(const std::string& name) {
  if (name == "uniform") return ransac::Sampling::uniform;
  if (name == "prosac") return ransac::Sampling::prosac;
  if (name == "one_point") return ransac::Sampling::one_point;
  throw std::invalid_argument("sampling must be uniform, prosac or one_point");
}

// Matches, pairs, and the matches of the largest pair.
struct DeviceSizes {
  std::int64_t num_matches;
  std::int32_t num_pairs, max_matches;
};

// In the order of device::Batch and device::Results; 0 for what is not there.
using DeviceInputs = std::array<std::uintptr_t, 7>;
using DeviceResults = std::array<std::uintptr_t, 6>;

template <class T>
T* at_address(std::uintptr_t address) {
  return reinterpret_cast<T*>(address);
}

inline ransac::device::Batch device_batch(const DeviceInputs& a, const DeviceSizes& sizes) {
  return {at_address<const double>(a[0]),
          at_address<const double>(a[1]),
          at_address<const std::int64_t>(a[2]),
          at_address<const double>(a[3]),
          at_address<const std::int64_t>(a[4]),
          at_address<const double>(a[5]),
          at_address<const double>(a[6]),
          sizes.num_matches,
          sizes.num_pairs,
          sizes.max_matches};
}

inline ransac::device::Results device_results(const DeviceResults& a) {
  return {at_address<std::int32_t>(a[0]), at_address<std::int32_t>(a[1]), at_address<double>(a[2]),
          at_address<double>(a[3]),       at_address<std::uint8_t>(a[4]), at_address<std::int32_t>(a[5])};
}

// run(batch, model, options, workspace, results, last) with the last argument, which is called `last`.
template <class Run>
void bind_device_ransac(pybind11::module_& m, const char* last, const Run& run) {
  namespace py = pybind11;
  m.def(
      "ransac",
      [run](const DeviceInputs& inputs, const std::array<std::int64_t, 3>& sizes, std::uintptr_t workspace,
            const DeviceResults& results, const std::string& model, const std::string& sampling,
            std::int32_t max_iterations, double confidence, std::uint64_t seed, double min_scale,
            double max_scale, double max_anisotropy, bool allow_reflection, std::uintptr_t last_value) {
        const ransac::SearchOptions options{
            ransac::linear_bounds({min_scale, max_scale, max_anisotropy, allow_reflection}),
            {max_iterations, confidence},
            sampling_named(sampling),
            seed};
        const DeviceSizes checked{sizes[0], static_cast<std::int32_t>(sizes[1]),
                                  static_cast<std::int32_t>(sizes[2])};
        run(device_batch(inputs, checked), model_named(model), options, at_address<void>(workspace),
            device_results(results), last_value);
      },
      py::kw_only(), py::arg("inputs"), py::arg("sizes"), py::arg("workspace"), py::arg("results"),
      py::arg("model"), py::arg("sampling"), py::arg("max_iterations"), py::arg("confidence"),
      py::arg("seed"), py::arg("min_scale"), py::arg("max_scale"), py::arg("max_anisotropy"),
      py::arg("allow_reflection"), py::arg(last));
}

}  // namespace fastdct
