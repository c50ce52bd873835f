// Compact coefficients to blocks, for the module _cuda.
#include <pybind11/pybind11.h>

#include <cstdint>
#include <stdexcept>
#include <string>

#include "bindings/cuda/bindings.h"
#include "jpeg/compact/expand_cuda.h"

namespace py = pybind11;

namespace fastdct {
namespace {

// As _C.emulation.expand, with addresses of device memory and a stream.
void expand(uintptr_t arena, size_t first_group, size_t num_groups, uintptr_t coefficients,
            uintptr_t stream) {
  const cudaError_t error = jpeg::compact::expand_cuda(reinterpret_cast<const void*>(arena), first_group,
                                                       num_groups, reinterpret_cast<int16_t*>(coefficients),
                                                       reinterpret_cast<cudaStream_t>(stream));
  if (error != cudaSuccess) throw std::runtime_error(std::string("CUDA: ") + cudaGetErrorString(error));
}

}  // namespace

void bind_compact(py::module_& m) {
  m.def("expand", &expand, py::kw_only(), py::arg("arena"), py::arg("first_group"), py::arg("num_groups"),
        py::arg("coefficients"), py::arg("stream"));
}

}  // namespace fastdct
