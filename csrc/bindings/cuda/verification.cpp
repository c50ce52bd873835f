// RANSAC and matching of the module _cuda. Addresses come in as integers, from tensors that the caller keeps
// alive until the stream is done.
#include <pybind11/pybind11.h>

#include <cstdint>
#include <stdexcept>
#include <string>

#include "bindings/cuda/bindings.h"
#include "bindings/device_ransac.h"
#include "matching/match_cuda.h"
#include "ransac/device/verify_cuda.h"

namespace py = pybind11;

namespace fastdct {
namespace {

using Address = std::uintptr_t;

void check(const char* error) {
  if (error != nullptr) throw std::runtime_error(std::string("CUDA refused a kernel: ") + error);
}

void bind_ransac_cuda(py::module_& m) {
  bind_device_ransac(
      m, "stream",
      [](const ransac::device::Batch& batch, ransac::ModelKind model, const ransac::SearchOptions& options,
         void* workspace, const ransac::device::Results& results, Address stream) {
        ransac::device::with_estimator(model, options.bounds, [&](const auto& estimator) {
          check(ransac::device::verify_cuda(batch, estimator, options, workspace, results,
                                            at_address<void>(stream)));
        });
      });
}

void bind_matching_cuda(py::module_& m) {
  m.def(
      "find_neighbours",
      [](Address query, Address candidates, Address offsets, std::int32_t num_query,
         std::int32_t num_candidates, std::int32_t width, std::int32_t max_rows, bool inner_product,
         Address nearest, Address second, Address nearest_query, Address stream) {
        check(matching::cuda::find_neighbours(
            {at_address<const float>(query), at_address<const float>(candidates),
             at_address<const std::int64_t>(offsets), num_query, num_candidates, width, max_rows,
             inner_product},
            at_address<std::int32_t>(nearest), at_address<std::int32_t>(second),
            at_address<std::int32_t>(nearest_query), at_address<void>(stream)));
      },
      "Launches the search and returns at once. See fastdct.ops.match.");
}

}  // namespace

void bind_verification(py::module_& m) {
  bind_ransac_cuda(m);
  bind_matching_cuda(m);
}

}  // namespace fastdct
