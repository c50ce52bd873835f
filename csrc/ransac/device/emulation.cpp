// Nothing here is for a certain instruction set, so that nothing needs inlining, which takes minutes.
#ifndef FASTDCT_NO_FORCED_INLINING
#define FASTDCT_NO_FORCED_INLINING
#endif
#include "ransac/device/emulation.h"

#include <cstring>
#include <memory>

#include "ransac/device/models.h"

namespace fastdct::ransac::device {
namespace {

class PlayedStream {
 public:
  explicit PlayedStream(ThreadOrder* order) : order_(order) {}

  template <class Kernel>
  void operator()(const Kernel& kernel, std::uint32_t x, std::uint32_t y) const {
    using Shared = typename Kernel::Shared;
    const auto shared = std::make_unique<Shared>();
    order_->for_each(x * y, [&](std::uint32_t block) {
      std::memset(static_cast<void*>(shared.get()), 0xa5, sizeof(Shared));
      kernel.run(PlayedBlock(order_, block % x, block / x, Kernel::kThreads), shared.get());
    });
  }
  void zero(void* memory, std::size_t num_bytes) const { std::memset(memory, 0, num_bytes); }

 private:
  ThreadOrder* order_;
};

}  // namespace

void verify_emulated(const Batch& batch, ModelKind model, const SearchOptions& options, void* workspace,
                     const Results& results, std::uint64_t order_seed) {
  ThreadOrder order(order_seed);
  with_estimator(model, options.bounds, [&](const auto& estimator) {
    verify(PlayedStream(&order), batch, estimator, options, workspace, results);
  });
}

}  // namespace fastdct::ransac::device
