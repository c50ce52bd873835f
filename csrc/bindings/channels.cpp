#include "dct/channels.h"

#include "bindings/bindings.h"

namespace py = pybind11;

namespace fastdct {
namespace {

// Addresses of num_pictures * num_blocks * 64 elements each; fastdct.ops.channels has checked them.
void reorder_blocks(uintptr_t source, uintptr_t target, size_t num_pictures, size_t num_blocks,
                    size_t element_size, bool zigzag, bool to_channels) {
  const dct::BlockArray array{num_pictures, num_blocks, element_size};
  const dct::Order order = zigzag ? dct::Order::kZigzag : dct::Order::kNatural;
  const auto* from = reinterpret_cast<const void*>(source);
  auto* to = reinterpret_cast<void*>(target);
  const py::gil_scoped_release release;
  if (to_channels)
    dct::blocks_to_channels(array, order, from, to);
  else
    dct::channels_to_blocks(array, order, from, to);
}

}  // namespace

void bind_channels(py::module_& m) {
  m.def("reorder_blocks", &reorder_blocks, py::arg("source"), py::arg("target"), py::kw_only(),
        py::arg("num_pictures"), py::arg("num_blocks"), py::arg("element_size"), py::arg("zigzag"),
        py::arg("to_channels"), "See fastdct.ops.blocks_to_channels.");
}

}  // namespace fastdct
