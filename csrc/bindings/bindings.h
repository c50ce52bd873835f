// One bind function per room; module.cpp calls them all.
#pragma once
#include <pybind11/pybind11.h>

namespace fastdct {
void bind_channels(pybind11::module_& m);
void bind_dct(pybind11::module_& m);
void bind_device(pybind11::module_& m);
void bind_jpeg(pybind11::module_& m);
void bind_batch(pybind11::module_& m);
void bind_matching(pybind11::module_& m);
void bind_shipment(pybind11::module_& m);
void bind_ransac(pybind11::module_& m);
void bind_scans(pybind11::module_& m);
}  // namespace fastdct
