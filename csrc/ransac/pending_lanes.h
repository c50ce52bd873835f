// Hypotheses made and not yet looked at, as a structure of arrays. Part of search_lanes.h.
#pragma once
#include <cstdint>

#include "common/lanes.h"
#include "ransac/loop.h"
#include "ransac/model.h"
#include "ransac/score.h"

namespace fastdct::ransac::FASTDCT_LANES {

using namespace fastdct::FASTDCT_LANES;

// In order of their index. Of the first num_scored the score is known, and those before `next` have been
// given out or passed over.
template <int Size, int MaxAdded>
class Pending {
 public:
  using Float = Model<float, Size>;
  using Wide = Model<Lanes, Size>;

  int size() const { return size_; }
  int num_scored() const { return num_scored_; }

  // Appends the hypotheses of the chosen lanes; lane i has the index first_index + i.
  FASTDCT_HD void add(LaneMask chosen, const Wide& model, std::int32_t first_index) {
    for (int k = 0; k < Size; ++k) store_chosen(chosen, model[k], model_[k] + size_);
    store_chosen(chosen, counting_from(first_index), index_ + size_);
    size_ += __builtin_popcount(bits_of(chosen));
  }

  void add(const Float& model, std::int32_t index) {
    for (int k = 0; k < Size; ++k) model_[k][size_] = model[k];
    index_[size_++] = index;
  }

  // The next one of index < limit and score > floor. False: there is none among the scored; *ended if because
  // the limit is reached.
  FASTDCT_HD bool take(std::int32_t limit, std::int64_t floor, Hypothesis<Float>* found, bool* ended) {
    *ended = false;
    for (; next_ < num_scored_; ++next_) {
      if (index_[next_] >= limit) {
        *ended = true;
        return false;
      }
      if (score_[next_] <= floor) continue;
      for (int k = 0; k < Size; ++k) found->model[k] = model_[k][next_];
      found->score = score_[next_];
      found->index = index_[next_++];
      return true;
    }
    return false;
  }

  // The first kLanes of them, to be scored; what was scored before is dropped.
  Wide unscored() {
    drop_scored();
    num_scored_ = size_ < kLanes ? size_ : kLanes;
    for (std::int64_t& score : score_) score = 0;
    Wide model;
    for (int k = 0; k < Size; ++k) model[k] = Lanes::load(model_[k]);
    return model;
  }

  // Adds to the scores of these a wrapped sum of bit patterns of num_terms terms (score.h).
  void add_scores(LaneInts sum, std::int32_t num_terms) {
    std::int32_t bits[kLanes];
    sum.store(bits);
    for (int i = 0; i < kLanes; ++i) score_[i] += without_floor(bits[i], num_terms);
  }

  void drop_scored() {
    size_ -= num_scored_;
    for (int first = 0; first < size_; first += kLanes) {
      for (int k = 0; k < Size; ++k) Lanes::load(model_[k] + num_scored_ + first).store(model_[k] + first);
      for (int i = first; i < first + kLanes; ++i) index_[i] = index_[num_scored_ + i];
    }
    num_scored_ = next_ = 0;
  }

 private:
  // Vectors are stored and moved whole.
  static constexpr int kCapacity = kLanes + MaxAdded + 2 * kLanes;

  int size_ = 0, num_scored_ = 0, next_ = 0;
  alignas(64) float model_[Size][kCapacity] = {};
  std::int32_t index_[kCapacity] = {};
  std::int64_t score_[kLanes] = {};
};

}  // namespace fastdct::ransac::FASTDCT_LANES
