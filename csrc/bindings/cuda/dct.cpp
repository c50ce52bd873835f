// Coefficients on the device, of the module _cuda. Addresses are of device memory that the caller keeps alive
// until the stream is done.
#include <pybind11/pybind11.h>

#include <stdexcept>
#include <string>

#include "bindings/cuda/bindings.h"
#include "bindings/launches.h"
#include "dct/channels_cuda.h"
#include "dct/device/resample_cuda.h"

namespace py = pybind11;

namespace fastdct {
namespace {

void check(cudaError_t error) {
  if (error != cudaSuccess) throw std::runtime_error(std::string("CUDA: ") + cudaGetErrorString(error));
}

cudaStream_t stream_at(uintptr_t address) { return reinterpret_cast<cudaStream_t>(address); }

// As _C.reorder_blocks, with addresses of device memory and a stream.
void reorder_blocks(uintptr_t source, uintptr_t target, size_t num_pictures, size_t num_blocks,
                    size_t element_size, bool zigzag, bool to_channels, uintptr_t stream) {
  const dct::BlockArray array{num_pictures, num_blocks, element_size};
  const dct::Order order = zigzag ? dct::Order::kZigzag : dct::Order::kNatural;
  const auto run = to_channels ? dct::blocks_to_channels_cuda : dct::channels_to_blocks_cuda;
  check(run(array, order, reinterpret_cast<const void*>(source), reinterpret_cast<void*>(target),
            stream_at(stream)));
}

void resample(const py::bytes& launches, uintptr_t jobs, uintptr_t coefficients, uintptr_t quantization,
              uintptr_t workspace, uintptr_t tensor, uintptr_t chroma, uintptr_t stream) {
  const ResampleLaunches batch(std::string_view(launches), jobs);
  const auto memory = batch.memory(coefficients, quantization, workspace, tensor, chroma);
  check(dct::device::resample_cuda(batch.launch, batch.chunks.data(), memory, stream_at(stream)));
}

void frequency_planes(const py::bytes& launches, uintptr_t jobs, uintptr_t coefficients, uintptr_t target,
                      uintptr_t stream) {
  const auto task = frequency_task(std::string_view(launches), jobs, coefficients, target);
  check(dct::device::frequency_planes_cuda(task, stream_at(stream)));
}

void zero_frequencies(uintptr_t coefficients, uint64_t num_blocks, int num_frequencies, uintptr_t stream) {
  check_num_frequencies(num_frequencies);
  check(dct::device::zero_frequencies_cuda(reinterpret_cast<int16_t*>(coefficients), num_blocks,
                                           num_frequencies, stream_at(stream)));
}

}  // namespace

void bind_dct(py::module_& m) {
  m.def("reorder_blocks", &reorder_blocks, py::arg("source"), py::arg("target"), py::kw_only(),
        py::arg("num_pictures"), py::arg("num_blocks"), py::arg("element_size"), py::arg("zigzag"),
        py::arg("to_channels"), py::arg("stream"));
  m.def("resample", &resample, py::arg("launches"), py::kw_only(), py::arg("jobs"), py::arg("coefficients"),
        py::arg("quantization"), py::arg("workspace"), py::arg("tensor"), py::arg("chroma"),
        py::arg("stream"));
  m.def("frequency_planes", &frequency_planes, py::arg("launches"), py::kw_only(), py::arg("jobs"),
        py::arg("coefficients"), py::arg("target"), py::arg("stream"));
  m.def("zero_frequencies", &zero_frequencies, py::arg("coefficients"), py::kw_only(), py::arg("num_blocks"),
        py::arg("num_frequencies"), py::arg("stream"));
}

}  // namespace fastdct
