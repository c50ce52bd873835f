// The kernels for CUDA, a module of its own: fastdct._C must load where there is no CUDA.
#include <pybind11/pybind11.h>

#include "bindings/cuda/bindings.h"

PYBIND11_MODULE(_cuda, m) {
  m.doc() = "CUDA kernels of fastdct. Private: use the fastdct package.";
  fastdct::bind_compact(m);
  fastdct::bind_dct(m);
  fastdct::bind_verification(m);
  fastdct::bind_scans(m);
}
