// The kernels for CUDA, a module of its own: fastdct._C must load where there is no CUDA.
#include <pybind11/pybind11.h>

#include <stdexcept>
#include <string>

#include "bindings/cuda/bindings.h"
#include "dct/channels_cuda.h"

namespace py = pybind11;

namespace fastdct {
namespace {

// As _C.reorder_blocks, with addresses of device memory and a stream.
void reorder_blocks(uintptr_t source, uintptr_t target, size_t num_pictures, size_t num_blocks,
                    size_t element_size, bool zigzag, bool to_channels, uintptr_t stream) {
  const dct::BlockArray array{num_pictures, num_blocks, element_size};
  const dct::Order order = zigzag ? dct::Order::kZigzag : dct::Order::kNatural;
  const auto run = to_channels ? dct::blocks_to_channels_cuda : dct::channels_to_blocks_cuda;
  const cudaError_t error = run(array, order, reinterpret_cast<const void*>(source),
                                reinterpret_cast<void*>(target), reinterpret_cast<cudaStream_t>(stream));
  if (error != cudaSuccess) throw std::runtime_error(std::string("CUDA: ") + cudaGetErrorString(error));
}

}  // namespace
}  // namespace fastdct

PYBIND11_MODULE(_cuda, m) {
  m.doc() = "CUDA kernels of fastdct. Private: use the fastdct package.";
  m.def("reorder_blocks", &fastdct::reorder_blocks, py::arg("source"), py::arg("target"), py::kw_only(),
        py::arg("num_pictures"), py::arg("num_blocks"), py::arg("element_size"), py::arg("zigzag"),
        py::arg("to_channels"), py::arg("stream"));
  fastdct::bind_compact(m);
  fastdct::bind_verification(m);
}
