#include "bindings/bindings.h"

namespace fastdct {
void bind_jpeg(pybind11::module_&) {}
}  // namespace fastdct
