#include "ransac/ransac.h"

#include <pybind11/numpy.h>

#include <cstdint>
#include <limits>
#include <stdexcept>

#include "bindings/bindings.h"

namespace py = pybind11;

namespace fastdct {
namespace {

using Coordinates = py::array_t<double, py::array::c_style>;
using Offsets = py::array_t<std::int64_t, py::array::c_style>;

// What memory safety needs; fastdct.ops.ransac has checked the same before, in words for people.
ransac::Batch checked_batch(const Coordinates& source, const Coordinates& target, const Offsets& offsets,
                            const Coordinates& max_error) {
  const auto is_points = [](const Coordinates& a) { return a.ndim() == 2 && a.shape(1) == 2; };
  if (!is_points(source) || !is_points(target) || source.shape(0) != target.shape(0)) {
    throw std::invalid_argument("source and target must be [K, 2]");
  }
  if (offsets.ndim() != 1 || offsets.size() < 1 || offsets.at(0) != 0 ||
      offsets.at(offsets.size() - 1) != source.shape(0)) {
    throw std::invalid_argument("offsets must be [P + 1], from 0 to K");
  }
  const std::int64_t num_pairs = offsets.size() - 1;
  if (max_error.ndim() != 1 || max_error.size() != num_pairs) {
    throw std::invalid_argument("max_error must be [P]");
  }
  for (std::int64_t pair = 0; pair < num_pairs; ++pair) {
    const std::int64_t size = offsets.at(pair + 1) - offsets.at(pair);
    if (size < 0 || size > std::numeric_limits<std::int32_t>::max()) {
      throw std::invalid_argument("offsets must not fall, nor a pair exceed 2^31 - 1 matches");
    }
  }
  return {source.data(), target.data(), offsets.data(), max_error.data(), num_pairs};
}

py::tuple ransac_affine(const Coordinates& source, const Coordinates& target, const Offsets& offsets,
                        const Coordinates& max_error, std::int32_t max_iterations, double confidence,
                        std::uint64_t seed, double min_scale, double max_scale, double max_anisotropy,
                        bool allow_reflection, int num_threads) {
  const ransac::Batch batch = checked_batch(source, target, offsets, max_error);
  if (max_iterations < 1 || num_threads < 1) {
    throw std::invalid_argument("max_iterations and num_threads must be at least 1");
  }
  const ransac::Options options{
      {min_scale, max_scale, max_anisotropy, allow_reflection}, {max_iterations, confidence}, seed};
  const py::ssize_t num_pairs = batch.num_pairs;
  py::array_t<std::int32_t> num_inliers(num_pairs), num_one_to_one(num_pairs), num_iterations(num_pairs);
  py::array_t<double> score(num_pairs), model({num_pairs, py::ssize_t{2}, py::ssize_t{3}});
  py::array_t<bool> inlier_mask(source.shape(0));
  const ransac::Results results{num_inliers.mutable_data(),
                                num_one_to_one.mutable_data(),
                                score.mutable_data(),
                                model.mutable_data(),
                                reinterpret_cast<std::uint8_t*>(inlier_mask.mutable_data()),
                                num_iterations.mutable_data()};
  {
    py::gil_scoped_release release;
    ransac::ransac_affine(batch, options, num_threads, results);
  }
  return py::make_tuple(num_inliers, num_one_to_one, score, model, inlier_mask, num_iterations);
}

}  // namespace

void bind_ransac(py::module_& m) {
  m.def("ransac_affine", &ransac_affine, py::arg("source").noconvert(), py::arg("target").noconvert(),
        py::arg("offsets").noconvert(), py::arg("max_error").noconvert(), py::kw_only(),
        py::arg("max_iterations"), py::arg("confidence"), py::arg("seed"), py::arg("min_scale"),
        py::arg("max_scale"), py::arg("max_anisotropy"), py::arg("allow_reflection"), py::arg("num_threads"),
        "See fastdct.ops.ransac.");
}

}  // namespace fastdct
