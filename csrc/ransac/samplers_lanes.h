// Ways of choosing the matches of hypotheses. A sampler's draw() makes the next hypotheses and adds those
// that are to be tried to `pending`; kSlack widens the error allowed while they are compared, kStart says how
// far off they may be. Part of search_lanes.h.
#pragma once
#include <cstdint>

#include "common/lanes.h"
#include "ransac/one_point.h"
#include "ransac/optimise.h"
#include "ransac/pending_lanes.h"
#include "ransac/problem_view.h"
#include "ransac/prosac.h"
#include "ransac/sample.h"
#include "ransac/solve_sample.h"

namespace fastdct::ransac::FASTDCT_LANES {

FASTDCT_HD Match<Lanes> load_matches(const Columns& from, std::int32_t at) {
  return {Lanes::load(from.column[0] + at), Lanes::load(from.column[1] + at),
          Lanes::load(from.column[2] + at), Lanes::load(from.column[3] + at)};
}

// Solves one sample in scalars, where there may be several models or the solver is too branchy for vectors.
template <class Estimator, class PendingList>
void add_all(const Estimator& estimator, const Columns& from, const std::int32_t* position,
             std::int32_t index, PendingList* pending) {
  Model<float, Estimator::kModelSize> models[Estimator::kModelsPerSample];
  const int count = solve_sample(estimator, from, position, models);
  for (int i = 0; i < count; ++i) pending->add(models[i], index);
}

// Uniform, in runs (sample.h).
template <class Estimator>
class UniformSampler {
 public:
  static constexpr int kMaxAdded = kMaxRun * Estimator::kModelsPerSample;
  static constexpr float kSlack = 1;
  static constexpr Start kStart = kStartFromSample;

  UniformSampler(const ProblemView& problem, std::uint64_t seed) : from_(problem.ordered), seed_(seed) {}

  std::int32_t num_drawn() const { return num_drawn_; }

  template <class PendingList>
  FASTDCT_HD void draw(const Estimator& estimator, PendingList* pending) {
    std::int32_t position[Estimator::kSampleSize];
    draw_positions<Estimator::kSampleSize>(seed_, num_runs_++, from_.size, position);
    const std::int32_t length = run_length(from_.size);
    if constexpr (Estimator::kModelsPerSample > 1) {
      for (std::int32_t shift = 0; shift < length; ++shift) {
        add_all(estimator, from_, position, num_drawn_ + shift, pending);
        for (std::int32_t& p : position) p = p + 1 < from_.size ? p + 1 : 0;
      }
    } else {
      for (std::int32_t shift = 0; shift < length; shift += kLanes) {
        Match<Lanes> sample[Estimator::kSampleSize];
        for (int k = 0; k < Estimator::kSampleSize; ++k) sample[k] = load_matches(from_, position[k] + shift);
        typename PendingList::Wide model;
        const LaneMask tried = estimator.solve(sample, &model);
        const bool whole = length - shift >= kLanes;
        pending->add(whole ? tried : tried & first_lanes(length - shift), model, num_drawn_ + shift);
      }
    }
    num_drawn_ += length;
  }

  static double sample_probability(std::int32_t num_inliers, std::int32_t num_matches) {
    return ransac::sample_probability(Estimator::kSampleSize, num_inliers, num_matches);
  }

 private:
  Columns from_;
  std::uint64_t seed_;
  std::uint32_t num_runs_ = 0;
  std::int32_t num_drawn_ = 0;
};

// From the best matches first. Every sample is drawn by itself, since the prefix grows from one to the next:
// a gather a hypothesis is the price, paid back by needing few.
template <class Estimator>
class ProsacSampler {
 public:
  static constexpr int kMaxAdded = kLanes * Estimator::kModelsPerSample;
  static constexpr float kSlack = 1;
  static constexpr Start kStart = kStartFromSample;

  ProsacSampler(const ProblemView& problem, std::uint64_t seed, std::int32_t max_iterations)
      : from_(problem.ordered), seed_(seed), growth_(problem.ordered.size, max_iterations) {}

  std::int32_t num_drawn() const { return num_drawn_; }

  template <class PendingList>
  void draw(const Estimator& estimator, PendingList* pending) {
    float gathered[Estimator::kSampleSize][4][kLanes];
    for (int lane = 0; lane < kLanes; ++lane) {
      const std::int32_t index = num_drawn_ + lane;
      std::int32_t position[Estimator::kSampleSize];
      draw_from_prefix<Estimator::kSampleSize>(seed_, static_cast<std::uint32_t>(index),
                                               growth_.prefix(index), from_.size, position);
      if constexpr (Estimator::kModelsPerSample > 1) {
        add_all(estimator, from_, position, index, pending);
      } else {
        for (int k = 0; k < Estimator::kSampleSize; ++k) {
          for (int c = 0; c < 4; ++c) gathered[k][c][lane] = from_.column[c][position[k]];
        }
      }
    }
    if constexpr (Estimator::kModelsPerSample == 1) {
      Match<Lanes> sample[Estimator::kSampleSize];
      for (int k = 0; k < Estimator::kSampleSize; ++k) {
        sample[k] = {Lanes::load(gathered[k][0]), Lanes::load(gathered[k][1]), Lanes::load(gathered[k][2]),
                     Lanes::load(gathered[k][3])};
      }
      typename PendingList::Wide model;
      const LaneMask tried = estimator.solve(sample, &model);
      pending->add(tried, model, num_drawn_);
    }
    num_drawn_ += kLanes;
  }

  // As if drawn from all: what is drawn from the best matches holds inliers only more often, so that this
  // stops too late rather than too early.
  static double sample_probability(std::int32_t num_inliers, std::int32_t num_matches) {
    return ransac::sample_probability(Estimator::kSampleSize, num_inliers, num_matches);
  }

 private:
  Columns from_;
  std::uint64_t seed_;
  ProsacGrowth<Estimator::kSampleSize> growth_;
  std::int32_t num_drawn_ = 0;
};

// One hypothesis from each match: the similarity that its two keypoints' scales and angles tell. No
// randomness.
template <class Estimator>
class OnePointSampler {
 public:
  static constexpr int kMaxAdded = kLanes;
  static constexpr float kSlack = kOnePointSlack;
  static constexpr Start kStart = kStartFromOnePoint;

  explicit OnePointSampler(const ProblemView& problem) : problem_(problem) {}

  std::int32_t num_drawn() const { return num_drawn_; }

  template <class PendingList>
  void draw(const Estimator& estimator, PendingList* pending) {
    const Match<Lanes> match = load_matches(problem_.matches, num_drawn_);
    const Lanes a = Lanes::load(problem_.turn[0] + num_drawn_),
                c = Lanes::load(problem_.turn[1] + num_drawn_);
    typename PendingList::Wide model;
    const LaneMask tried = solve_one_point(match, a, c, estimator.bounds, &model);
    const std::int32_t rest = problem_.matches.size - num_drawn_;
    pending->add(tried & first_lanes(rest < kLanes ? rest : kLanes), model, num_drawn_);
    num_drawn_ += kLanes;
  }

  // Every hypothesis is looked at: there is nothing to wait for, nor to leave out.
  static double sample_probability(std::int32_t, std::int32_t) { return 0; }

 private:
  ProblemView problem_;
  std::int32_t num_drawn_ = 0;
};

}  // namespace fastdct::ransac::FASTDCT_LANES
