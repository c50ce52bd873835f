// Functions marked FASTDCT_HD compile for the host and, under nvcc, for the device as well: what a GPU would
// run is what the CPU tests run.
//
// On the host they are always inlined, not only for speed: the vector kernels are compiled once per
// instruction set, and an out-of-line copy made there could be linked into code for older machines.
// Sanitizers take minutes to compile that, so a test that runs where it was built may switch it off.
//
// FASTDCT_HD_LARGE: functions whose copies would take nvcc minutes; on a GPU they are called.
//
// FASTDCT_UNROLL before a loop of a fixed length: on a GPU its arrays are to be registers.
#pragma once

#if defined(__CUDACC__)
#define FASTDCT_HD __host__ __device__ __forceinline__
#define FASTDCT_HD_LARGE inline __host__ __device__ __noinline__
#elif defined(FASTDCT_NO_FORCED_INLINING)
#define FASTDCT_HD inline
#define FASTDCT_HD_LARGE inline
#else
#define FASTDCT_HD inline __attribute__((always_inline))
#define FASTDCT_HD_LARGE FASTDCT_HD
#endif

#if defined(__CUDA_ARCH__)
#define FASTDCT_UNROLL _Pragma("unroll")
#else
#define FASTDCT_UNROLL
#endif
