// The resampling of a batch as a device does it, emulated, meant to be built with sanitizers: coefficients,
// workspace and tensors are exactly as large as they must be, and the CPU must give the same numbers.
#include <cstring>

#include "dct/device/emulation.h"
#include "dct/device/frequency_plan.h"
#include "dct/device/plan.h"
#include "dct_cases.h"

namespace dev = fastdct::dct::device;

struct Free {
  void operator()(char* memory) const { std::free(memory); }
};
using Memory = std::unique_ptr<char, Free>;

// What the interface asks for, and no byte more: every size is a multiple of the alignment.
static Memory allocate(size_t alignment, size_t size) {
  Memory memory(static_cast<char*>(std::aligned_alloc(alignment, size)));
  if (size > 0) std::memset(memory.get(), 0xFF, size);
  return memory;
}

static d::DevicePicture header_of(const Case& test) {
  const d::Picture& picture = test.picture;
  d::DevicePicture header{};
  header.height = picture.height;
  header.width = picture.width;
  header.orientation = picture.orientation;
  header.colors = static_cast<int32_t>(picture.colors);
  std::memcpy(header.sampling, test.sampling, sizeof header.sampling);
  return header;
}

// Planes of the pictures one after the other, as a device has them.
struct Batch {
  std::vector<d::DevicePicture> pictures;
  std::vector<fastdct::DevicePlane> planes;
  Memory coefficients;
  Memory quantization;
  size_t num_blocks = 0;

  explicit Batch(const std::vector<Case>& cases) {
    for (const Case& test : cases) add(test);
    coefficients = allocate(16, num_blocks * 128);
    quantization = allocate(16, planes.size() * 128);
    size_t plane = 0;
    for (const Case& test : cases)
      for (const d::Plane& own : test.picture.planes) fill(own, planes[plane++]);
  }

  void add(const Case& test) {
    pictures.push_back(header_of(test));
    pictures.back().first_plane = static_cast<uint32_t>(planes.size());
    pictures.back().row = static_cast<uint32_t>(pictures.size() - 1);
    for (const d::Plane& plane : test.picture.planes) {
      planes.push_back({num_blocks, static_cast<uint32_t>(plane.num_rows),
                        static_cast<uint32_t>(plane.num_cols), static_cast<uint32_t>(planes.size()), 0});
      num_blocks += plane.num_rows * plane.num_cols;
    }
  }

  void fill(const d::Plane& from, const fastdct::DevicePlane& to) {
    std::memcpy(coefficients.get() + to.first_block * 128, from.blocks, from.num_rows * from.num_cols * 128);
    auto* steps = reinterpret_cast<uint16_t*>(quantization.get()) + 64 * to.quantization;
    for (const float step : from.quantization) *steps++ = static_cast<uint16_t>(step);
  }
};

// One tensor of all pictures, and one of their chroma.
struct Result {
  std::vector<float> tensor;
  std::vector<float> chroma;
};

static Result run_emulated(const std::vector<Case>& cases, uint64_t workspace_bytes, uint64_t seed) {
  const d::Assembly& assembly = cases[0].assembly;
  const Batch batch(cases);
  dev::ResamplePlanner planner(assembly, batch.planes, workspace_bytes);
  for (size_t i = 0; i < cases.size(); ++i) planner.add(batch.pictures[i], cases[i].window);
  const dev::ResamplePlan plan = planner.finish();
  const Memory workspace = allocate(128, plan.workspace_bytes);
  Result result{floats(assembly.tensor_bytes() * cases.size()),
                floats(assembly.chroma_bytes() * cases.size())};
  const dev::ResampleMemory memory{plan.axes.data(),
                                   plan.planes.data(),
                                   reinterpret_cast<const int16_t*>(batch.coefficients.get()),
                                   reinterpret_cast<const uint16_t*>(batch.quantization.get()),
                                   workspace.get(),
                                   {result.tensor.data(), result.chroma.data()}};
  dev::resample_emulated(plan.launch, plan.chunks.data(), memory, seed);
  return result;
}

static std::vector<float> picture_of(const Result& batch, const d::Assembly& assembly, size_t index) {
  const size_t tensor = assembly.tensor_bytes() / sizeof(float),
               chroma = assembly.chroma_bytes() / sizeof(float);
  const auto part = [&](const std::vector<float>& from, size_t size) {
    const auto begin = from.begin() + static_cast<ptrdiff_t>(index * size);
    return std::vector<float>(begin, begin + static_cast<ptrdiff_t>(size));
  };
  std::vector<float> result = part(batch.tensor, tensor);
  const std::vector<float> rest = part(batch.chroma, chroma);
  result.insert(result.end(), rest.begin(), rest.end());
  return result;
}

static std::vector<Case> draw_batch(Random* random) {
  const auto size = static_cast<size_t>(draw(random, 1, 3));
  std::vector<Case> cases;
  while (cases.size() < size) {
    Case test = draw_case(random);
    if (!cases.empty()) test.assembly = cases[0].assembly;
    if (dev::is_accepted(test.assembly, header_of(test))) cases.push_back(std::move(test));
  }
  return cases;
}

static void test_device_equals_cpu(int num_batches) {
  Random random(5);
  d::Resampler resampler;
  for (int i = 0; i < num_batches; ++i) {
    const std::vector<Case> cases = draw_batch(&random);
    const auto seed = static_cast<uint64_t>(i);
    const Result result = run_emulated(cases, i % 2 == 0 ? 0 : 1 << 24, seed);
    for (size_t k = 0; k < cases.size(); ++k) {
      const std::vector<float> expected = run(&resampler, cases[k], "portable");
      const float difference = largest_difference(expected, picture_of(result, cases[0].assembly, k));
      CHECK(difference <= 100 * 40 * 64 * 1e-6f);
    }
  }
}

static void test_frequency_planes(int num_batches) {
  Random random(6);
  for (int i = 0; i < num_batches; ++i) {
    std::vector<Case> cases;
    cases.push_back(draw_case(&random));
    const Batch batch(cases);
    const dev::FrequencyPlan plan = dev::plan_frequencies(batch.planes, draw(&random, 1, 64));
    std::vector<int16_t> target(static_cast<size_t>(plan.offsets.back()));
    auto* coefficients = reinterpret_cast<int16_t*>(batch.coefficients.get());
    dev::frequency_planes_emulated({plan.jobs.data(), coefficients, target.data(), plan.launch},
                                   static_cast<uint64_t>(i));
    for (size_t p = 0; p < batch.planes.size(); ++p)
      for (uint64_t k = 0; k < batch.planes[p].num_rows * uint64_t{batch.planes[p].num_cols}; ++k)
        CHECK(target[static_cast<size_t>(plan.offsets[p]) + k] ==
              coefficients[(batch.planes[p].first_block + k) * 64]);
    dev::zero_frequencies_emulated(coefficients, batch.num_blocks, 1, 0);
    for (size_t k = 0; k < batch.num_blocks * 64; ++k) CHECK(k % 64 == 0 || coefficients[k] == 0);
  }
}

int main(int argc, char** argv) {
  const int num_batches = argc > 1 ? std::atoi(argv[1]) : 100;
  test_device_equals_cpu(num_batches);
  test_frequency_planes(num_batches / 10);
  return failures == 0 ? 0 : 1;
}
