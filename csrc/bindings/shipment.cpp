#include "pipeline/ship.h"

#include <pybind11/numpy.h>

#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "bindings/bindings.h"
#include "bindings/pictures.h"
#include "bindings/sources.h"
#include "common/cpu_level.h"
#include "common/device_plane.h"
#include "jpeg/compact/encode.h"
#include "jpeg/compact/expand_emulated.h"

namespace py = pybind11;

namespace fastdct {
namespace {

using Blocks = py::array_t<int16_t, py::array::c_style>;

// Rows of bytes [N, size], which Python views as structures.
template <typename Item>
py::array_t<uint8_t> as_bytes(const std::vector<Item>& items) {
  py::array_t<uint8_t> bytes(static_cast<py::ssize_t>(items.size() * sizeof(Item)));
  if (!items.empty()) std::memcpy(bytes.mutable_data(), items.data(), items.size() * sizeof(Item));
  return bytes;
}

const ShippedRow& row_of(const Shipment& shipment, size_t index) { return shipment.rows.at(index); }

std::vector<int> states(const Shipment& shipment) {
  std::vector<int> all;
  for (const ShippedRow& row : shipment.rows) all.push_back(static_cast<int>(row.state));
  return all;
}

// What the device is told of the images that were shipped; row and table numbers count from 0 in the
// shipment.
struct Descriptors {
  std::vector<dct::DevicePicture> pictures;
  std::vector<DevicePlane> planes;
  std::vector<uint16_t> quantization;  // [planes, 64]
};

void describe(const ShippedRow& row, size_t index, Descriptors* to) {
  to->pictures.push_back(device_picture(row.image.header, to->planes.size(), index));
  for (size_t i = 0; i < row.image.planes.size(); ++i) {
    const jpeg::Plane& plane = row.image.planes[i];
    to->planes.push_back({row.first_block[i], static_cast<uint32_t>(plane.num_rows),
                          static_cast<uint32_t>(plane.num_cols), static_cast<uint32_t>(to->planes.size()),
                          0});
    to->quantization.insert(to->quantization.end(), plane.quantization.begin(), plane.quantization.end());
  }
}

// Pictures and planes as bytes, which Python views as structures; quantization [planes, 64].
py::tuple descriptors(const Shipment& shipment) {
  Descriptors all;
  for (size_t i = 0; i < shipment.rows.size(); ++i)
    if (shipment.rows[i].state == ShippedRow::State::kShipped) describe(shipment.rows[i], i, &all);
  const auto num_planes = static_cast<py::ssize_t>(all.planes.size());
  return py::make_tuple(as_bytes(all.pictures), as_bytes(all.planes),
                        py::array_t<uint16_t>({num_planes, py::ssize_t{64}}, all.quantization.data()));
}

std::unique_ptr<Shipment> ship_sources(const py::sequence& objects, uintptr_t arena, size_t num_bytes,
                                       uint64_t first_block, uint64_t end_block, int num_frequencies,
                                       bool luma_only, uint64_t max_pixels, int num_threads,
                                       bool stop_at_error) {
  const Sources sources(objects);
  const jpeg::Request request{jpeg::Layout::kBlock, num_frequencies, luma_only, max_pixels};
  const BatchOptions options{request, num_threads, stop_at_error};
  const Room room{reinterpret_cast<uint8_t*>(arena), num_bytes, first_block, end_block};
  cpu_level();  // an odd FASTDCT_CPU is an error here, not in a thread
  py::gil_scoped_release release;
  return std::make_unique<Shipment>(ship(sources.sources, options, room));
}

// One group by itself, for tests: its form and data.
py::tuple encode_group(const Blocks& blocks) {
  const py::ssize_t count = blocks.size() / 64;
  if (blocks.size() % 64 != 0 || count < 1 || count > jpeg::compact::kGroupBlocks)
    throw std::invalid_argument("a group is 1..32 blocks of 64");
  std::vector<uint64_t> room(jpeg::compact::room_for(static_cast<size_t>(count)) / 8 + 1);
  auto* target = reinterpret_cast<uint8_t*>(room.data());
  const jpeg::compact::Encoded encoded =
      jpeg::compact::encode_group(jpeg::compact::encoder(), blocks.data(), static_cast<int>(count), target);
  return py::make_tuple(static_cast<int>(encoded.form),
                        py::bytes(reinterpret_cast<const char*>(target), encoded.size));
}

void expand_emulated(uintptr_t arena, size_t first_group, size_t num_groups, uintptr_t coefficients,
                     uint64_t seed) {
  const py::gil_scoped_release release;
  jpeg::compact::expand_emulated(reinterpret_cast<const void*>(arena), first_group, num_groups,
                                 reinterpret_cast<int16_t*>(coefficients), seed);
}

}  // namespace

void bind_shipment(py::module_& m) {
  py::class_<Shipment>(m, "Shipment")
      .def_property_readonly("states", states)
      .def("error", [](const Shipment& s, size_t row) { return row_of(s, row).error; })
      .def("header", [](const Shipment& s, size_t row) { return row_of(s, row).image.header; })
      .def("warnings", [](const Shipment& s, size_t row) { return row_of(s, row).image.warnings; })
      .def("descriptors", descriptors)
      .def("needed",
           [](const Shipment& s, size_t row) {
             return py::make_tuple(row_of(s, row).num_bytes, row_of(s, row).num_blocks);
           })
      .def_readonly("num_bytes", &Shipment::num_bytes)
      .def_readonly("first_group", &Shipment::first_group)
      .def_readonly("num_groups", &Shipment::num_groups)
      .def_readonly("end_block", &Shipment::end_block);
  m.def("ship", &ship_sources, py::arg("sources"), py::kw_only(), py::arg("arena"), py::arg("num_bytes"),
        py::arg("first_block"), py::arg("end_block"), py::arg("num_frequencies"), py::arg("luma_only"),
        py::arg("max_pixels"), py::arg("num_threads"), py::arg("stop_at_error"));
  m.def("encode_group", &encode_group, py::arg("blocks").noconvert());
  py::module_ emulation = m.def_submodule("emulation");
  emulation.def("expand", &expand_emulated, py::kw_only(), py::arg("arena"), py::arg("first_group"),
                py::arg("num_groups"), py::arg("coefficients"), py::arg("seed"));
}

}  // namespace fastdct
