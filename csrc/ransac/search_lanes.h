// The search of one pair on one CPU core, over Lanes: hypotheses in lanes while they are made and scored,
// matches in lanes while one is optimised. Included once per instruction set.
#pragma once
#include <cstdint>

#include "common/lanes.h"
#include "ransac/loop.h"
#include "ransac/problem_view.h"
#include "ransac/sample.h"

namespace fastdct::ransac::FASTDCT_LANES {

using namespace fastdct::FASTDCT_LANES;

// Source of the loop (loop.h).
template <class Estimator>
class LanesSource {
 public:
  using Model = ransac::Model<float, Estimator::kModelSize>;

  LanesSource(const Estimator& estimator, const ProblemView& problem, std::uint64_t seed)
      : estimator_(estimator), problem_(problem), seed_(seed) {}

  bool next(std::int32_t limit, std::int64_t floor, Hypothesis<Model>* found) {
    for (;;) {
      for (; looked_at_ < num_scored_; ++looked_at_) {
        if (index_[looked_at_] >= limit) return false;
        if (score_[looked_at_] > floor) return take(looked_at_++, found);
      }
      drop_scored();
      while (num_pending_ < kLanes && num_drawn_ < limit) draw_run();
      if (num_pending_ == 0) return false;
      score_pending();
    }
  }

  // Weighted least squares, first on a wider neighbourhood, then on the inliers for as long as that gains.
  Fit<Model> optimise(const Hypothesis<Model>& hypothesis) const {
    Fit<Model> best{hypothesis.model, support(hypothesis.model), 0};
    Model model = hypothesis.model;
    float squared_radius = kFirstRadius * kFirstRadius * kErrorSteps * kErrorSteps;
    for (int round = 0; round < kMaxRefits && refit(model, squared_radius, &model); ++round) {
      squared_radius = kErrorSteps * kErrorSteps;
      const Support gained = support(model);
      const bool settled = gained.score <= best.support.score;
      if (gained.score > best.support.score) best = {model, gained, 0};
      if (settled && round > 0) break;
    }
    return best;
  }

  double sample_probability(std::int32_t num_inliers) const {
    return ransac::sample_probability(Estimator::kSampleSize, num_inliers, problem_.matches.size);
  }

 private:
  static constexpr int kSize = Estimator::kModelSize;
  static constexpr int kMaxRefits = 12;
  static constexpr float kFirstRadius = 3;  // in thresholds; 1.5 loses 1 % success at 5 % inliers, 4 no more

  using LaneModel = ransac::Model<Lanes, kSize>;

  bool take(int at, Hypothesis<Model>* found) const {
    for (int k = 0; k < kSize; ++k) found->model[k] = model_[k][at];
    found->score = score_[at];
    found->index = index_[at];
    return true;
  }

  void drop_scored() {
    num_pending_ -= num_scored_;
    for (int first = 0; first < num_pending_; first += kLanes) {
      for (int k = 0; k < kSize; ++k) Lanes::load(model_[k] + num_scored_ + first).store(model_[k] + first);
      for (int i = first; i < first + kLanes; ++i) index_[i] = index_[num_scored_ + i];
    }
    num_scored_ = looked_at_ = 0;
  }

  // Makes a run of hypotheses and keeps those that are to be tried.
  void draw_run() {
    const Columns& from = problem_.shuffled;
    std::int32_t position[Estimator::kSampleSize];
    draw_positions<Estimator::kSampleSize>(seed_, num_runs_++, from.size, position);
    const std::int32_t length = run_length(from.size);
    for (std::int32_t shift = 0; shift < length; shift += kLanes) {
      Match<Lanes> sample[Estimator::kSampleSize];
      for (int k = 0; k < Estimator::kSampleSize; ++k) sample[k] = load(from, position[k] + shift);
      LaneModel model;
      const LaneMask tried = estimator_.solve(sample, &model);
      keep(length - shift < kLanes ? tried & first_lanes(length - shift) : tried, model, num_drawn_ + shift);
    }
    num_drawn_ += length;
  }

  void keep(LaneMask tried, const LaneModel& model, std::int32_t first_index) {
    for (int k = 0; k < kSize; ++k) store_chosen(tried, model[k], model_[k] + num_pending_);
    store_chosen(tried, counting_from(first_index), index_ + num_pending_);
    num_pending_ += __builtin_popcount(bits_of(tried));
  }

  static Match<Lanes> load(const Columns& from, std::int32_t at) {
    return {Lanes::load(from.column[0] + at), Lanes::load(from.column[1] + at),
            Lanes::load(from.column[2] + at), Lanes::load(from.column[3] + at)};
  }

  // Scores the first kLanes pending hypotheses, one in each lane.
  void score_pending() {
    num_scored_ = num_pending_ < kLanes ? num_pending_ : kLanes;
    LaneModel model;
    for (int k = 0; k < kSize; ++k) model[k] = Lanes::load(model_[k]);
    for (std::int64_t& score : score_) score = 0;
    const Columns& matches = problem_.matches;
    for (std::int32_t first = 0; first < matches.size; first += kMaxTermsInInt32) {
      const std::int32_t last = matches.size - first < kMaxTermsInInt32 ? matches.size : first + kMaxTermsInInt32;
      LaneInts sum(0);
      for (std::int32_t i = first; i < last; ++i) {
        const Match<Lanes> match{Lanes(matches.column[0][i]), Lanes(matches.column[1][i]),
                                 Lanes(matches.column[2][i]), Lanes(matches.column[3][i])};
        sum = sum + bits_of(estimator_.term(model, match));
      }
      add_sums(sum, last - first);
    }
  }

  void add_sums(LaneInts sum, std::int32_t num_terms) {
    std::int32_t bits[kLanes];
    sum.store(bits);
    for (int i = 0; i < kLanes; ++i) score_[i] += without_floor(bits[i], num_terms);
  }

  Support support(const Model& m) const {
    LaneModel model;
    for (int k = 0; k < kSize; ++k) model[k] = Lanes(m[k]);
    Support total{0, 0};
    const Columns& matches = problem_.matches;
    for (std::int32_t first = 0; first < matches.size; first += kMaxTermsInInt32) {
      const std::int32_t last = matches.size - first < kMaxTermsInInt32 ? matches.size : first + kMaxTermsInInt32;
      LaneInts sum(0);
      std::int32_t num_terms = 0;
      for (std::int32_t i = first; i < last; i += kLanes, ++num_terms) {
        const Lanes term = estimator_.term(model, load(matches, i));
        sum = sum + bits_of(term);
        total.num_inliers += __builtin_popcount(bits_of(term > Lanes(kTermFloor)));
      }
      total.score += sum_of(sum, num_terms);
    }
    return total;
  }

  bool refit(const Model& m, float squared_radius, Model* fitted) const {
    LaneModel model;
    for (int k = 0; k < kSize; ++k) model[k] = Lanes(m[k]);
    Moments<Lanes> sum;
    for (Lanes& s : sum.at) s = Lanes(0.0f);
    const Columns& matches = problem_.matches;
    const Lanes inverse(1 / squared_radius);
    for (std::int32_t i = 0; i < matches.size; i += kLanes) estimator_.add(model, load(matches, i), inverse, &sum);
    double total[Estimator::kSums];
    for (int k = 0; k < Estimator::kSums; ++k) total[k] = sum_in_pairs(sum.at[k]);
    return estimator_.refit(total, fitted);
  }

  static std::int64_t sum_of(LaneInts sum, std::int32_t num_terms) {
    std::int32_t bits[kLanes];
    sum.store(bits);
    std::int64_t total = 0;
    for (const std::int32_t lane : bits) total += without_floor(lane, num_terms);
    return total;
  }

  Estimator estimator_;
  ProblemView problem_;
  std::uint64_t seed_;
  std::uint32_t num_runs_ = 0;
  std::int32_t num_drawn_ = 0;
  // Hypotheses to be tried, in order; of the first num_scored_ the score is known, and those before looked_at_
  // have been given out or passed over.
  int num_pending_ = 0, num_scored_ = 0, looked_at_ = 0;
  static constexpr int kCapacity = kLanes + kMaxRun + kLanes;  // drop_scored and keep write whole vectors
  alignas(64) float model_[kSize][kCapacity];
  std::int32_t index_[kCapacity];
  std::int64_t score_[kLanes];
};

}  // namespace fastdct::ransac::FASTDCT_LANES
