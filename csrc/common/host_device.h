// Functions marked FASTDCT_HD compile for the host and, under nvcc, for the device as well: what a GPU would
// run is what the CPU tests run.
#pragma once

#if defined(__CUDACC__)
#define FASTDCT_HD __host__ __device__ __forceinline__
#else
#define FASTDCT_HD inline
#endif
