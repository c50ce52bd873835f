// Makes the jobs of a batch on the host: from pictures, windows and an assembly to what a device is told.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/device_plane.h"
#include "dct/assembly.h"
#include "dct/device/jobs.h"
#include "dct/device/picture.h"

namespace fastdct::dct::device {

DeviceAssembly device_assembly(const Assembly& assembly);

// Whether a device can resample it. What it cannot, the CPU does: colours that are not linear, and planes of
// red, green and blue that differ in size where their coefficients would have to be mixed.
bool is_accepted(const Assembly& assembly, const DevicePicture& picture);

struct ResamplePlan {
  ResampleLaunch launch{};
  std::vector<AxisJob> axes;
  std::vector<PlaneJob> planes;
  std::vector<ResampleChunk> chunks;
  uint64_t workspace_bytes = 0;  // of the largest chunk
};

class ResamplePlanner {
 public:
  // Pictures are taken into a chunk as long as its workspace is at most `workspace_bytes`.
  ResamplePlanner(const Assembly& assembly, const std::vector<DevicePlane>& planes, uint64_t workspace_bytes);

  // Throws std::invalid_argument if the window is not inside the picture, or its planes are not those of the
  // batch.
  void add(const DevicePicture& picture, const Window& window);
  ResamplePlan finish();

 private:
  // The jobs of one picture, numbers and offsets counted from its own.
  struct Jobs {
    std::vector<AxisJob> axes;
    std::vector<PlaneJob> planes;
    uint64_t bytes = 0;
  };

  void read(const DevicePicture& header);
  Source source(const DevicePicture& header, size_t plane, float weight) const;
  void add_plane(const DevicePicture& header, const Window& window, int component);
  void add_empty(const DevicePicture& header, int component);
  void add_sources(const DevicePicture& header, int component, PlaneJob* job) const;
  uint32_t add_axis(const Axis& axis);
  void place();
  void begin_chunk();
  void append();

  const Assembly& assembly_;
  const std::vector<DevicePlane>& planes_;
  uint64_t limit_;
  Picture picture_;
  Jobs jobs_;
  uint64_t chunk_bytes_ = 0;
  ResamplePlan plan_;
};

}  // namespace fastdct::dct::device
