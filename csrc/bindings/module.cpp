#include "bindings/bindings.h"

PYBIND11_MODULE(_C, m) {
  m.doc() = "Native core of fastdct. Private: use the fastdct package.";
  m.attr("__version__") = FASTDCT_VERSION;
  m.def_submodule(
      "emulation",
      "What a GPU would do, its threads played in random order, on memory of the host: for tests.");
  fastdct::bind_channels(m);
  fastdct::bind_dct(m);
  fastdct::bind_device(m);
  fastdct::bind_jpeg(m);
  fastdct::bind_batch(m);
  fastdct::bind_shipment(m);
  fastdct::bind_matching(m);
  fastdct::bind_ransac(m);
  fastdct::bind_scans(m);
}
