#include "matching/match.h"

#include <pybind11/numpy.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "bindings/bindings.h"

namespace py = pybind11;

namespace fastdct {
namespace {

using Offsets = py::array_t<std::int64_t, py::array::c_style>;

// Candidate rows are counted in float32 (matching/kernels.h).
constexpr std::int64_t kMaxRows = std::int64_t{1} << 24;

matching::Metric metric_named(const std::string& name) {
  if (name == "euclidean") return matching::Metric::euclidean;
  if (name == "inner_product") return matching::Metric::inner_product;
  if (name == "hamming") return matching::Metric::hamming;
  throw std::invalid_argument("metric must be euclidean, inner_product or hamming");
}

matching::Descriptors descriptors(const py::array& array, matching::Metric metric) {
  const bool bytes = metric == matching::Metric::hamming;
  matching::Element element = matching::Element::byte;
  if (!bytes) {
    element = array.itemsize() == 2 ? matching::Element::float16 : matching::Element::float32;
  }
  const bool right_type = bytes ? array.dtype().kind() == 'u' && array.itemsize() == 1
                                : array.dtype().kind() == 'f' && array.itemsize() <= 4;
  if (!right_type || array.ndim() != 2 || (array.flags() & py::array::c_style) == 0) {
    throw std::invalid_argument(
        "descriptors must be contiguous [rows, d] of float32, float16 or, packed, uint8");
  }
  if (array.shape(1) >= kMaxRows) throw std::invalid_argument("descriptors must be narrower than 2^24");
  return {array.data(), array.shape(0), static_cast<std::int32_t>(array.shape(1)), element};
}

// What memory safety needs; fastdct.ops.match has checked the same before, in words for people.
matching::Shortlist checked_shortlist(const py::array& query, const py::array& candidates,
                                      const Offsets& offsets, matching::Metric metric) {
  const matching::Descriptors q = descriptors(query, metric), c = descriptors(candidates, metric);
  if (q.width != c.width) throw std::invalid_argument("query and candidates must be equally wide");
  if (offsets.ndim() != 1 || offsets.size() < 1 || offsets.at(0) != 0 ||
      offsets.at(offsets.size() - 1) != c.size) {
    throw std::invalid_argument("offsets must be [P + 1], from 0 to the number of candidate rows");
  }
  for (py::ssize_t p = 0; p + 1 < offsets.size(); ++p) {
    const std::int64_t size = offsets.at(p + 1) - offsets.at(p);
    if (size < 0 || size >= kMaxRows) throw std::invalid_argument("offsets must not fall, nor rise by 2^24");
  }
  if (q.size >= kMaxRows) throw std::invalid_argument("query must have fewer than 2^24 rows");
  return {q, c, offsets.data(), offsets.size() - 1};
}

[[noreturn]] void refuse(const matching::BadRow& bad) {
  throw py::value_error(
      std::string(bad.in_query ? "query[" : "candidates[") + std::to_string(bad.row) +
      "] is not finite, or so large that squared distances overflow float32: every number must "
      "be finite (as float32); scale large descriptors down");
}

// Matches of all candidates, one after another.
struct Lists {
  py::array_t<std::int64_t> query_index, candidate_index, offsets;
  py::array_t<float> distance;
};

Lists lists_of(const matching::Shortlist& shortlist, const std::vector<std::int32_t>& row,
               const std::vector<float>& distance) {
  const std::int64_t n = shortlist.query.size;
  py::array_t<std::int64_t> offsets(shortlist.num_candidates + 1);
  std::int64_t* starts = offsets.mutable_data();
  starts[0] = 0;
  for (std::int64_t p = 0; p < shortlist.num_candidates; ++p) {
    starts[p + 1] = starts[p];
    for (std::int64_t i = p * n; i < (p + 1) * n; ++i) starts[p + 1] += row[i] >= 0;
  }
  const std::int64_t total = starts[shortlist.num_candidates];
  Lists lists{py::array_t<std::int64_t>(total), py::array_t<std::int64_t>(total), offsets,
              py::array_t<float>(total)};
  std::int64_t *q = lists.query_index.mutable_data(), *c = lists.candidate_index.mutable_data();
  float* d = lists.distance.mutable_data();
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (row[i] < 0) continue;
    *q++ = static_cast<std::int64_t>(i) % n;
    *c++ = row[i];
    *d++ = distance[i];
  }
  return lists;
}

py::tuple match(const py::array& query, const py::array& candidates, const Offsets& offsets,
                const std::string& metric, bool mutual, bool one_to_one, double max_ratio,
                double max_distance, int num_threads) {
  if (num_threads < 1) throw std::invalid_argument("num_threads must be at least 1");
  const matching::Rules rules{metric_named(metric), mutual, one_to_one, max_ratio, max_distance};
  const matching::Shortlist shortlist = checked_shortlist(query, candidates, offsets, rules.metric);
  const auto size = static_cast<std::size_t>(shortlist.num_candidates * shortlist.query.size);
  std::vector<std::int32_t> row(size);
  std::vector<float> distance(size);
  matching::BadRow bad{};
  {
    py::gil_scoped_release release;
    bad = matching::match(shortlist, rules, num_threads, {row.data(), distance.data()});
  }
  if (bad.row >= 0) refuse(bad);
  const Lists lists = lists_of(shortlist, row, distance);
  return py::make_tuple(lists.query_index, lists.candidate_index, lists.offsets, lists.distance);
}

}  // namespace

void bind_matching(py::module_& m) {
  m.def("match", &match, py::arg("query").noconvert(), py::arg("candidates").noconvert(),
        py::arg("offsets").noconvert(), py::kw_only(), py::arg("metric"), py::arg("mutual"),
        py::arg("one_to_one"), py::arg("max_ratio"), py::arg("max_distance"), py::arg("num_threads"),
        "See fastdct.ops.match.");
}

}  // namespace fastdct
