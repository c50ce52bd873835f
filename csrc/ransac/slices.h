// A search cut into slices of hypotheses that are made and scored at the same time, by several thread blocks.
//
// Which hypotheses the search takes depends on those before. But the floor only rises, so that whatever it
// takes of a slice is above the floor that the slice alone would have risen to: each slice keeps what exceeds
// that, all of these are optimised at the same time, and a scan in order then takes the ones that the search
// takes. The result is the search's, however it was cut.
#pragma once
#include <cstdint>

#include "ransac/loop.h"
#include "ransac/steps.h"

namespace fastdct::ransac {

template <class Model>
struct Candidate {
  Hypothesis<Model> hypothesis;
  Fit<Model> fit;
};

// The floor of a slice by itself.
class SliceFloor {
 public:
  FASTDCT_HD void start() { best_ = 0; }
  FASTDCT_HD bool keeps(std::int64_t score) {
    const bool kept = score > worth_optimising(best_, 0);
    best_ = score > best_ ? score : best_;
    return kept;
  }

 private:
  std::int64_t best_;
};

// Takes of the candidates of one slice, in order, those that the search takes. probability(inliers) is that
// of a sample of inliers alone.
template <class Model, class Probability>
FASTDCT_HD void scan(const Candidate<Model>* candidates, std::int32_t count, const Probability& probability,
                     Progress<Model>* progress) {
  for (std::int32_t i = 0; i < count; ++i) {
    const Hypothesis<Model>& hypothesis = candidates[i].hypothesis;
    if (hypothesis.index >= progress->limit()) return;
    if (hypothesis.score <= progress->floor()) continue;
    const Fit<Model>& fit = candidates[i].fit;
    if (!progress->take(hypothesis, fit)) continue;
    progress->stop_by(probability(fit.support.num_inliers), hypothesis.index);
  }
}

}  // namespace fastdct::ransac
