// Several GPU threads that work on one model, or one CPU thread that plays them all: the same partial sums
// added in the same order, so that both get the same bits, and the bits of the CPU's vectors (search_lanes.h,
// polish_lanes.h).
#pragma once
#include <cstdint>

#include "common/host_device.h"

namespace fastdct::ransac {

// Partial sums of search and polish: kLanes and kDoubleLanes of the vector kernels.
constexpr int kSearchLanes = 16, kPolishLanes = 8;

// In pairs, halving, as sum_in_pairs (common/lanes.h); in order, as sum_in_order (common/double_lanes.h).
FASTDCT_HD float combined(const float (&lane)[kSearchLanes]) {
  float sum[kSearchLanes];
  for (int i = 0; i < kSearchLanes; ++i) sum[i] = lane[i];
  for (int half = kSearchLanes / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) sum[i] += sum[i + half];
  }
  return sum[0];
}
FASTDCT_HD double combined(const double (&lane)[kPolishLanes]) {
  double sum = 0;
  for (const double x : lane) sum += x;
  return sum;
}

// The one CPU thread.
template <int Lanes>
struct SerialGroup {
  FASTDCT_HD void sync() const {}
  FASTDCT_HD bool leads() const { return true; }
  template <int N>
  FASTDCT_HD void share(double (&)[N], bool*) const {}

  // total[k] = sum over i < size of what add(i, sums) adds to sums[k], match i in partial sum i mod Lanes.
  template <int N, class Real, class Add>
  FASTDCT_HD void sum(std::int32_t size, const Add& add, Real (&total)[N]) const {
    Real sums[Lanes][N] = {};
    for (std::int32_t i = 0; i < size; ++i) add(i, sums[i % Lanes]);
    for (int k = 0; k < N; ++k) {
      Real lane[Lanes];
      for (int l = 0; l < Lanes; ++l) lane[l] = sums[l][k];
      total[k] = combined(lane);
    }
  }
  // The same of integers, which may be added in any order.
  template <int N, class Add>
  FASTDCT_HD void count(std::int32_t size, const Add& add, std::int64_t (&total)[N]) const {
    for (std::int64_t& t : total) t = 0;
    for (std::int32_t i = 0; i < size; ++i) add(i, total);
  }
};

#if defined(__CUDACC__)
// `Lanes` neighbouring threads of a warp, all of which call together.
template <int Lanes>
struct WarpGroup {
  unsigned mask;  // of its threads
  int lane;

  __device__ WarpGroup() : lane(static_cast<int>(threadIdx.x) % Lanes) {
    const unsigned first = threadIdx.x % 32 / Lanes * Lanes;
    mask = (Lanes == 32 ? ~0u : (1u << Lanes) - 1) << first;
  }

  // What each has written, all see.
  __device__ void sync() const { __syncwarp(mask); }

  // One of them does what cannot be shared out, and all get what it found.
  __device__ bool leads() const { return lane == 0; }
  template <int N>
  __device__ void share(double (&values)[N], bool* found) const {
    for (double& value : values) value = __shfl_sync(mask, value, 0, Lanes);
    *found = __shfl_sync(mask, static_cast<int>(*found), 0, Lanes) != 0;
  }

  __device__ float combined_over(float x) const {
    for (int half = Lanes / 2; half > 0; half /= 2) x += __shfl_down_sync(mask, x, half, Lanes);
    return __shfl_sync(mask, x, 0, Lanes);
  }
  __device__ double combined_over(double x) const {
    double sum = 0;
    for (int l = 0; l < Lanes; ++l) sum += __shfl_sync(mask, x, l, Lanes);
    return sum;
  }

  template <int N, class Real, class Add>
  __device__ void sum(std::int32_t size, const Add& add, Real (&total)[N]) const {
    Real sums[N] = {};
    for (std::int32_t i = lane; i < size; i += Lanes) add(i, sums);
    for (int k = 0; k < N; ++k) total[k] = combined_over(sums[k]);
  }
  template <int N, class Add>
  __device__ void count(std::int32_t size, const Add& add, std::int64_t (&total)[N]) const {
    for (std::int64_t& t : total) t = 0;
    for (std::int32_t i = lane; i < size; i += Lanes) add(i, total);
    for (int k = 0; k < N; ++k) {
      for (int half = Lanes / 2; half > 0; half /= 2)
        total[k] += __shfl_xor_sync(mask, total[k], half, Lanes);
    }
  }
};
#endif

}  // namespace fastdct::ransac
