// What the search needs to know of each model. An Estimator has
//   kSampleSize, kModelSize
//   solve(sample[kSampleSize], Model*) const      the hypothesis of a sample; whether it is to be tried
//   term(model, match) const                      kTermFloor plus the match's score, in search coordinates
//   kSums; add(model, match, 1 / radius^2, sums)  what refit needs to know of the matches near a model
//   refit(sums, Model*) const                     false: nothing, or nothing plausible
// all but refit over floats or Lanes alike.
#pragma once
#include "ransac/affine.h"

namespace fastdct::ransac {

struct AffineEstimator {
  static constexpr int kSampleSize = 3;
  static constexpr int kModelSize = 6;
  static constexpr int kSums = 13;
  LinearBounds bounds;

  template <class Real>
  FASTDCT_HD auto solve(const Match<Real>* sample, Affine<Real>* model) const {
    return solve_affine(sample, bounds, model);
  }
  template <class Real>
  FASTDCT_HD Real term(const Affine<Real>& model, const Match<Real>& match) const {
    return affine_term(model, match);
  }
  template <class Real>
  FASTDCT_HD void add(const Affine<Real>& m, const Match<Real>& p, Real inverse, Moments<Real>* sum) const {
    ransac::add(m, p, inverse, sum);
  }
  FASTDCT_HD bool refit(const double* sums, Affine<float>* model) const {
    if (!(sums[kCount] >= kSampleSize)) return false;
    Affine<double> fitted;
    if (!fit_affine(centred(sums), 1e-3, &fitted)) return false;
    for (int i = 0; i < kModelSize; ++i) model->at[i] = static_cast<float>(fitted[i]);
    return plausible((*model)[0], (*model)[1], (*model)[3], (*model)[4], bounds);
  }
};

}  // namespace fastdct::ransac
