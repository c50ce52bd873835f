// RANSAC and matching of the module _cuda. Addresses come in as integers, from tensors that the caller keeps
// alive until the stream is done.
#include <pybind11/pybind11.h>

#include <cstdint>
#include <stdexcept>
#include <string>

#include "bindings/cuda/bindings.h"
#include "matching/match_cuda.h"
#include "ransac/ransac_cuda.h"

namespace py = pybind11;

namespace fastdct {
namespace {

using Address = std::uintptr_t;

template <class T>
T* at(Address address) {
  return reinterpret_cast<T*>(address);
}

void check(const char* error) {
  if (error != nullptr) throw std::runtime_error(std::string("CUDA refused a kernel: ") + error);
}

ransac::cuda::Batch batch(Address source, Address target, Address offsets, Address max_error,
                          std::int64_t num_matches, std::int32_t num_pairs, std::int32_t max_matches) {
  return {at<const double>(source),
          at<const double>(target),
          at<const std::int64_t>(offsets),
          at<const double>(max_error),
          num_matches,
          num_pairs,
          max_matches};
}

void bind_ransac_cuda(py::module_& m) {
  m.def(
      "ransac_workspace",
      [](std::int64_t num_matches, std::int32_t num_pairs, std::int32_t max_matches) {
        return ransac::cuda::workspace_size(batch(0, 0, 0, 0, num_matches, num_pairs, max_matches));
      },
      "Bytes of device memory that ransac needs.");
  m.def(
      "ransac",
      [](Address source, Address target, Address offsets, Address max_error, std::int64_t num_matches,
         std::int32_t num_pairs, std::int32_t max_matches, const std::string& model,
         std::int32_t max_iterations, double confidence, std::uint64_t seed, double min_scale,
         double max_scale, double max_anisotropy, bool allow_reflection, Address workspace,
         Address num_inliers, Address num_one_to_one, Address score, Address models, Address inlier_mask,
         Address num_iterations, Address stream) {
        const ransac::SearchOptions options{
            ransac::linear_bounds({min_scale, max_scale, max_anisotropy, allow_reflection}),
            {max_iterations, confidence},
            ransac::Sampling::uniform,
            seed};
        const auto verify = model == "affine" ? ransac::cuda::verify_affine : ransac::cuda::verify_similarity;
        check(verify(batch(source, target, offsets, max_error, num_matches, num_pairs, max_matches), options,
                     at<void>(workspace),
                     {at<std::int32_t>(num_inliers), at<std::int32_t>(num_one_to_one), at<double>(score),
                      at<double>(models), at<std::uint8_t>(inlier_mask), at<std::int32_t>(num_iterations)},
                     at<void>(stream)));
      },
      "Launches the search and returns at once. See fastdct.ops.ransac.");
}

void bind_matching_cuda(py::module_& m) {
  m.def(
      "find_neighbours",
      [](Address query, Address candidates, Address offsets, std::int32_t num_query,
         std::int32_t num_candidates, std::int32_t width, std::int32_t max_rows, bool inner_product,
         Address nearest, Address second, Address nearest_query, Address stream) {
        check(matching::cuda::find_neighbours(
            {at<const float>(query), at<const float>(candidates), at<const std::int64_t>(offsets), num_query,
             num_candidates, width, max_rows, inner_product},
            at<std::int32_t>(nearest), at<std::int32_t>(second), at<std::int32_t>(nearest_query),
            at<void>(stream)));
      },
      "Launches the search and returns at once. See fastdct.ops.match.");
}

}  // namespace

void bind_verification(py::module_& m) {
  bind_ransac_cuda(m);
  bind_matching_cuda(m);
}

}  // namespace fastdct
