#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bindings/bindings.h"
#include "bindings/pictures.h"
#include "bindings/sources.h"
#include "common/cpu_level.h"
#include "jpeg/device/emulation.h"
#include "pipeline/scan_batch.h"

namespace py = pybind11;

namespace fastdct {
namespace {

using jpeg::device::Launches;

// A batch and the buffers that it still reads.
struct HeldScanBatch {
  std::vector<py::buffer_info> held;
  ScanBatch batch;

  const jpeg::device::Arrangement& arrangement() const { return batch.arrangement(); }
  const Launches& launches() const { return arrangement().launches(); }
};

std::unique_ptr<HeldScanBatch> make_scan_batch(const py::sequence& objects, uint64_t max_pixels,
                                               int num_threads, uint32_t subsequence_bits) {
  constexpr uint32_t kMost = jpeg::device::kMaxSubsequenceBits;
  if (subsequence_bits % 128 != 0 || subsequence_bits > kMost)
    throw py::value_error("subsequence_bits must be 0 or a multiple of 128 up to " + std::to_string(kMost));
  Sources sources(objects);
  cpu_level();  // an odd FASTDCT_CPU is an error here, not in a thread
  const ScanBatchOptions options{max_pixels, num_threads, subsequence_bits};
  auto batch = [&] {
    py::gil_scoped_release release;
    return ScanBatch(std::move(sources.sources), options);
  }();
  return std::unique_ptr<HeldScanBatch>(new HeldScanBatch{std::move(sources.held), std::move(batch)});
}

std::vector<std::optional<std::string>> reasons(const HeldScanBatch& self) {
  std::vector<std::optional<std::string>> all(self.batch.size());
  for (size_t row = 0; row < all.size(); ++row)
    if (!self.batch.reason(row).empty()) all[row] = self.batch.reason(row);
  return all;
}

std::optional<jpeg::Header> header(const HeldScanBatch& self, size_t row) {
  if (!self.batch.reason(row).empty()) return std::nullopt;
  return self.batch.header(row);
}

// Of the rows that the device takes, as bytes, which Python views as structures.
py::array_t<uint8_t> pictures(const HeldScanBatch& self) {
  const auto& first_plane = self.arrangement().first_plane();
  std::vector<dct::DevicePicture> all;
  for (size_t row = 0; row < self.batch.size(); ++row)
    if (self.batch.reason(row).empty())
      all.push_back(device_picture(self.batch.header(row), static_cast<size_t>(first_plane[row]), row));
  py::array_t<uint8_t> bytes(static_cast<py::ssize_t>(all.size() * sizeof(dct::DevicePicture)));
  if (!all.empty()) std::memcpy(bytes.mutable_data(), all.data(), all.size() * sizeof(dct::DevicePicture));
  return bytes;
}

py::array planes(const HeldScanBatch& self) {
  const auto& planes = self.arrangement().planes();
  return py::array_t<DevicePlane>(static_cast<py::ssize_t>(planes.size()), planes.data());
}

py::array first_plane(const HeldScanBatch& self) {
  const auto& first = self.arrangement().first_plane();
  return py::array_t<int64_t>(static_cast<py::ssize_t>(first.size()), first.data());
}

py::array quantization(const HeldScanBatch& self) {
  const auto& tables = self.arrangement().quantization();
  py::array_t<uint16_t> result({static_cast<py::ssize_t>(tables.size()), py::ssize_t{8}, py::ssize_t{8}});
  if (!tables.empty()) std::memcpy(result.mutable_data(), tables.data(), tables.size() * sizeof(tables[0]));
  return result;
}

py::bytes launches(const HeldScanBatch& self) {
  return {reinterpret_cast<const char*>(&self.launches()), sizeof(Launches)};
}

void write(HeldScanBatch& self, uintptr_t arena, int num_threads) {
  if (self.batch.is_written())
    throw py::value_error("the batch was written before, and let go of its sources");
  {
    py::gil_scoped_release release;
    self.batch.write(reinterpret_cast<uint8_t*>(arena), num_threads);
  }
  self.held.clear();
}

Launches to_launches(const std::string& bytes) {
  Launches launches;
  if (bytes.size() != sizeof launches) throw py::value_error("launches must be those of a ScanBatch");
  std::memcpy(&launches, bytes.data(), sizeof launches);
  return launches;
}

void play(const py::bytes& bytes, uintptr_t arena, uintptr_t workspace, uintptr_t coefficients,
          uintptr_t statuses, uint64_t seed) {
  const Launches launches = to_launches(bytes);
  py::gil_scoped_release release;
  jpeg::device::play_decode_scans(launches, {arena, workspace, coefficients, statuses}, seed);
}

std::pair<uint64_t, uint64_t> effort(const py::bytes& bytes, uintptr_t arena, uintptr_t workspace) {
  const jpeg::device::Effort effort = jpeg::device::effort_of(to_launches(bytes), arena, workspace);
  return {effort.num_bits, effort.num_pages};
}

void bind_emulation(py::module_ m) {
  m.def("decode_scans", play, py::arg("launches"), py::kw_only(), py::arg("arena"), py::arg("workspace"),
        py::arg("coefficients"), py::arg("statuses"), py::arg("seed"));
  m.def("effort_of_scans", effort, py::arg("launches"), py::kw_only(), py::arg("arena"),
        py::arg("workspace"));
}

}  // namespace

void bind_scans(py::module_& m) {
  using Self = const HeldScanBatch&;
  PYBIND11_NUMPY_DTYPE(DevicePlane, first_block, num_rows, num_cols, quantization, reserved);
  py::class_<HeldScanBatch>(m, "ScanBatch")
      .def(py::init(&make_scan_batch), py::arg("sources"), py::kw_only(), py::arg("max_pixels"),
           py::arg("num_threads"), py::arg("subsequence_bits") = 0)
      .def("__len__", [](Self self) { return self.batch.size(); })
      .def("header", header, py::arg("row"))
      .def_property_readonly("reasons", reasons)
      .def_property_readonly("pictures", pictures)
      .def_property_readonly("planes", planes)
      .def_property_readonly("first_plane", first_plane)
      .def_property_readonly("quantization", quantization)
      .def_property_readonly("num_blocks", [](Self self) { return self.launches().num_blocks; })
      .def_property_readonly("num_bytes", [](Self self) { return self.arrangement().num_bytes(); })
      .def_property_readonly("arena_bytes", [](Self self) { return self.launches().arena_bytes; })
      .def_property_readonly("planes_offset", [](Self self) { return self.launches().planes; })
      .def_property_readonly("quantization_offset", [](Self self) { return self.launches().quantization; })
      .def_property_readonly("workspace_bytes",
                             [](Self self) { return self.arrangement().workspace_bytes(); })
      .def_property_readonly("launches", launches)
      .def("write", write, py::arg("arena"), py::kw_only(), py::arg("num_threads"));
  bind_emulation(m.def_submodule("emulation"));
}

}  // namespace fastdct
