// Entropy decoding of the module _cuda. Addresses come in as integers, from tensors that the caller keeps
// alive until the stream is done.
#include <pybind11/pybind11.h>

#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>

#include "bindings/cuda/bindings.h"
#include "jpeg/device/decode_cuda.h"

namespace py = pybind11;

namespace fastdct {
namespace {

void decode_scans(const std::string& bytes, uintptr_t arena, uintptr_t workspace, uintptr_t coefficients,
                  uintptr_t statuses, uintptr_t stream) {
  jpeg::device::Launches launches;
  if (bytes.size() != sizeof launches) throw py::value_error("launches must be those of a ScanBatch");
  std::memcpy(&launches, bytes.data(), sizeof launches);
  const cudaError_t error = jpeg::device::decode_scans(launches, {arena, workspace, coefficients, statuses},
                                                       reinterpret_cast<cudaStream_t>(stream));
  if (error != cudaSuccess) throw std::runtime_error(std::string("CUDA: ") + cudaGetErrorString(error));
}

}  // namespace

void bind_scans(py::module_& m) {
  m.def("decode_scans", decode_scans, py::arg("launches"), py::kw_only(), py::arg("arena"),
        py::arg("workspace"), py::arg("coefficients"), py::arg("statuses"), py::arg("stream"));
}

}  // namespace fastdct
