// What module.cpp calls for each room.
#pragma once
#include <pybind11/pybind11.h>

namespace fastdct {
void bind_compact(pybind11::module_& m);
void bind_dct(pybind11::module_& m);
void bind_verification(pybind11::module_& m);
void bind_scans(pybind11::module_& m);
}  // namespace fastdct
