#include "ransac/ransac.h"

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

#include "bindings/bindings.h"
#include "bindings/device_ransac.h"
#include "ransac/device/emulation.h"

namespace py = pybind11;

namespace fastdct {
namespace {

using Numbers = py::array_t<double, py::array::c_style>;
using Offsets = py::array_t<std::int64_t, py::array::c_style>;

constexpr std::int64_t kMaxMatches = std::int64_t{1} << 30;

bool is_pairs_of_numbers(const Numbers& a, py::ssize_t size) {
  return a.ndim() == 2 && a.shape(0) == size && a.shape(1) == 2;
}

// What a pair's matches are and what is known of them.
struct Input {
  Numbers source, target;
  Offsets offsets;
  Numbers max_error;
  std::optional<Numbers> quality, source_frames, target_frames;
};

// What memory safety needs; fastdct.ops.ransac has checked the same before, in words for people.
ransac::Batch checked_batch(const Input& in, ransac::Sampling sampling) {
  const py::ssize_t num_matches = in.source.ndim() == 2 ? in.source.shape(0) : -1;
  if (!is_pairs_of_numbers(in.source, num_matches) || !is_pairs_of_numbers(in.target, num_matches)) {
    throw std::invalid_argument("source and target must be [K, 2]");
  }
  const Offsets& offsets = in.offsets;
  if (offsets.ndim() != 1 || offsets.size() < 1 || offsets.at(0) != 0 ||
      offsets.at(offsets.size() - 1) != num_matches) {
    throw std::invalid_argument("offsets must be [P + 1], from 0 to K");
  }
  const std::int64_t num_pairs = offsets.size() - 1;
  if (in.max_error.ndim() != 1 || in.max_error.size() != num_pairs) {
    throw std::invalid_argument("max_error must be [P]");
  }
  for (std::int64_t pair = 0; pair < num_pairs; ++pair) {
    const std::int64_t size = offsets.at(pair + 1) - offsets.at(pair);
    if (size < 0 || size >= kMaxMatches) {
      throw std::invalid_argument("offsets must not fall, nor a pair have 2^30 matches");
    }
  }
  if (in.quality && (in.quality->ndim() != 1 || in.quality->size() != num_matches)) {
    throw std::invalid_argument("quality must be [K]");
  }
  if ((in.source_frames && !is_pairs_of_numbers(*in.source_frames, num_matches)) ||
      (in.target_frames && !is_pairs_of_numbers(*in.target_frames, num_matches))) {
    throw std::invalid_argument("frames must be [K, 2]");
  }
  const bool prosac = sampling == ransac::Sampling::prosac,
             one_point = sampling == ransac::Sampling::one_point;
  if ((prosac && !in.quality) || (one_point && !(in.source_frames && in.target_frames))) {
    throw std::invalid_argument("prosac needs quality, one_point needs frames");
  }
  return {in.source.data(),
          in.target.data(),
          offsets.data(),
          in.max_error.data(),
          num_pairs,
          prosac ? in.quality->data() : nullptr,
          one_point ? in.source_frames->data() : nullptr,
          one_point ? in.target_frames->data() : nullptr};
}

py::tuple verify(const Input& input, const ransac::Options& options, int num_threads) {
  const ransac::Batch batch = checked_batch(input, options.sampling);
  const py::ssize_t num_pairs = batch.num_pairs;
  const bool small = ransac::matrix_size(options.model) == 6;
  py::array_t<std::int32_t> num_inliers(num_pairs), num_one_to_one(num_pairs), num_iterations(num_pairs);
  py::array_t<double> score(num_pairs), model({num_pairs, py::ssize_t{small ? 2 : 3}, py::ssize_t{3}});
  py::array_t<bool> inlier_mask(input.source.shape(0));
  const ransac::Results results{num_inliers.mutable_data(),
                                num_one_to_one.mutable_data(),
                                score.mutable_data(),
                                model.mutable_data(),
                                reinterpret_cast<std::uint8_t*>(inlier_mask.mutable_data()),
                                num_iterations.mutable_data()};
  {
    py::gil_scoped_release release;
    ransac::verify(batch, options, num_threads, results);
  }
  return py::make_tuple(num_inliers, num_one_to_one, score, model, inlier_mask, num_iterations);
}

py::tuple ransac_batch(const Numbers& source, const Numbers& target, const Offsets& offsets,
                       const Numbers& max_error, const std::optional<Numbers>& quality,
                       const std::optional<Numbers>& source_frames,
                       const std::optional<Numbers>& target_frames, const std::string& model,
                       const std::string& sampling, std::int32_t max_iterations, double confidence,
                       std::uint64_t seed, double min_scale, double max_scale, double max_anisotropy,
                       bool allow_reflection, int num_threads) {
  if (max_iterations < 1 || num_threads < 1) {
    throw std::invalid_argument("max_iterations and num_threads must be at least 1");
  }
  const ransac::Options options{model_named(model),
                                sampling_named(sampling),
                                {min_scale, max_scale, max_anisotropy, allow_reflection},
                                {max_iterations, confidence},
                                seed};
  if (options.model == ransac::ModelKind::fundamental && options.sampling == ransac::Sampling::one_point) {
    throw std::invalid_argument("one match tells no fundamental matrix");
  }
  return verify({source, target, offsets, max_error, quality, source_frames, target_frames}, options,
                num_threads);
}

void bind_emulation(py::module_& m) {
  bind_device_ransac(
      m, "order_seed",
      [](const ransac::device::Batch& batch, ransac::ModelKind model, const ransac::SearchOptions& options,
         void* workspace, const ransac::device::Results& results, std::uint64_t order_seed) {
        ransac::device::verify_emulated(batch, model, options, workspace, results, order_seed);
      });
}

}  // namespace

void bind_ransac(py::module_& m) {
  m.def("ransac", &ransac_batch, py::arg("source").noconvert(), py::arg("target").noconvert(),
        py::arg("offsets").noconvert(), py::arg("max_error").noconvert(), py::arg("quality").noconvert(),
        py::arg("source_frames").noconvert(), py::arg("target_frames").noconvert(), py::kw_only(),
        py::arg("model"), py::arg("sampling"), py::arg("max_iterations"), py::arg("confidence"),
        py::arg("seed"), py::arg("min_scale"), py::arg("max_scale"), py::arg("max_anisotropy"),
        py::arg("allow_reflection"), py::arg("num_threads"), "See fastdct.ops.ransac.");
  m.def(
      "ransac_workspace",
      [](const std::array<std::int64_t, 3>& sizes, const std::string& model, const std::string& sampling) {
        const DeviceSizes all{sizes[0], static_cast<std::int32_t>(sizes[1]),
                              static_cast<std::int32_t>(sizes[2])};
        return ransac::device::workspace_size(device_batch({}, all), model_named(model),
                                              sampling_named(sampling));
      },
      py::kw_only(), py::arg("sizes"), py::arg("model"), py::arg("sampling"));
  py::module_ emulation = m.def_submodule("emulation");
  bind_emulation(emulation);
}

}  // namespace fastdct
