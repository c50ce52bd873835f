#include "bindings/bindings.h"

namespace fastdct {
void bind_ransac(pybind11::module_&) {}
}  // namespace fastdct
