// What Python hands to kernels, or to their emulation: bytes for the host and addresses.
#pragma once
#include <cstring>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "dct/device/frequency_planes.h"
#include "dct/device/jobs.h"

namespace fastdct {

// Takes a T from the beginning of `bytes`.
template <class T>
T take(std::string_view* bytes) {
  T value;
  if (bytes->size() < sizeof value) throw std::invalid_argument("launches are not those of a plan");
  std::memcpy(&value, bytes->data(), sizeof value);
  bytes->remove_prefix(sizeof value);
  return value;
}

struct ResampleLaunches {
  ResampleLaunches(std::string_view bytes, uintptr_t jobs)
      : launch(take<dct::device::ResampleLaunch>(&bytes)),
        axes(reinterpret_cast<const dct::device::AxisJob*>(jobs)) {
    for (uint64_t i = 0; i < launch.num_chunks; ++i)
      chunks.push_back(take<dct::device::ResampleChunk>(&bytes));
  }

  dct::device::ResampleMemory memory(uintptr_t coefficients, uintptr_t quantization, uintptr_t workspace,
                                     uintptr_t tensor, uintptr_t chroma) const {
    return {axes,
            reinterpret_cast<const dct::device::PlaneJob*>(axes + launch.num_axes),
            reinterpret_cast<const int16_t*>(coefficients),
            reinterpret_cast<const uint16_t*>(quantization),
            reinterpret_cast<char*>(workspace),
            {reinterpret_cast<void*>(tensor), reinterpret_cast<void*>(chroma)}};
  }

  dct::device::ResampleLaunch launch;
  const dct::device::AxisJob* axes;
  std::vector<dct::device::ResampleChunk> chunks;
};

inline dct::device::FrequencyTask frequency_task(std::string_view bytes, uintptr_t jobs,
                                                 uintptr_t coefficients, uintptr_t target) {
  return {reinterpret_cast<const dct::device::FrequencyJob*>(jobs),
          reinterpret_cast<const int16_t*>(coefficients), reinterpret_cast<int16_t*>(target),
          take<dct::device::FrequencyLaunch>(&bytes)};
}

inline void check_num_frequencies(int num_frequencies) {
  if (num_frequencies < 1 || num_frequencies > 64) throw std::invalid_argument("num_frequencies is 1 to 64");
}

}  // namespace fastdct
