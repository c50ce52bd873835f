// What the search and the polish need to know of each model. An Estimator has
//   kSampleSize, kModelSize
//   squared_residual(model, match)         over floats, doubles and Lanes alike
// and for samples either
//   solve(sample, Model*)                  over floats and Lanes; whether the hypothesis is to be tried
// or kModelsPerSample and
//   solve_all(sample, Model<double>*)      of one sample; how many there are to be tried
// and for the fit to many matches either
//   kNumSums, add(model, match, weight, sums), refit(sums, from, Model<double>*)
// or
//   refit(some, Model<double>*)            of some matches (fundamental.h);
// false: nothing, or nothing plausible.
#pragma once
#include "ransac/affine.h"
#include "ransac/fundamental.h"
#include "ransac/homography.h"

namespace fastdct::ransac {

struct AffineEstimator {
  static constexpr int kSampleSize = 3, kModelSize = 6, kModelsPerSample = 1, kNumSums = kNumMoments;
  LinearBounds bounds;

  template <class Real>
  FASTDCT_HD auto solve(const Match<Real>* sample, Affine<Real>* model) const {
    return solve_affine(sample, bounds, model);
  }
  template <class Real>
  FASTDCT_HD static Real squared_residual(const Affine<Real>& model, const Match<Real>& match) {
    return squared_affine_residual(model, match);
  }
  template <class Real>
  FASTDCT_HD static void add(const Affine<Real>&, const Match<Real>& match, Real weight, Real* sums) {
    add_moments(match, weight, sums);
  }
  FASTDCT_HD bool refit(const double* sums, const Affine<double>&, Affine<double>* model) const {
    return fit_affine(centred(sums), model) &&
           plausible(model->at[0], model->at[1], model->at[3], model->at[4], bounds);
  }
};

struct SimilarityEstimator : AffineEstimator {
  static constexpr int kSampleSize = 2;

  template <class Real>
  FASTDCT_HD auto solve(const Match<Real>* sample, Affine<Real>* model) const {
    return solve_similarity(sample, bounds, model);
  }
  FASTDCT_HD bool refit(const double* sums, const Affine<double>&, Affine<double>* model) const {
    return fit_similarity(centred(sums), model) && plausible_scale(model->at[0], model->at[3], bounds);
  }
};

struct HomographyEstimator {
  static constexpr int kSampleSize = 4, kModelSize = 8, kModelsPerSample = 1, kNumSums = kNumHomographySums;
  LinearBounds bounds;

  template <class Real>
  FASTDCT_HD auto solve(const Match<Real>* sample, Homography<Real>* model) const {
    return solve_homography(sample, bounds, model);
  }
  template <class Real>
  FASTDCT_HD static Real squared_residual(const Homography<Real>& model, const Match<Real>& match) {
    return squared_homography_residual(model, match);
  }
  template <class Real>
  FASTDCT_HD static void add(const Homography<Real>& model, const Match<Real>& match, Real weight,
                             Real* sums) {
    add_homography(model, match, weight, sums);
  }
  FASTDCT_HD bool refit(const double* sums, const Homography<double>& from, Homography<double>* model) const {
    return step_homography(sums, from, model) && plausible_step(sums, *model, bounds);
  }
};

struct FundamentalEstimator {
  static constexpr int kSampleSize = 7, kModelSize = 9, kModelsPerSample = 3, kNumSums = 0;

  FASTDCT_HD static int solve_all(const Match<double>* sample, Fundamental<double>* models) {
    return solve_seven_point(sample, models);
  }
  template <class Real>
  FASTDCT_HD static Real squared_residual(const Fundamental<Real>& model, const Match<Real>& match) {
    return squared_fundamental_residual(model, match);
  }
  template <class Some>
  FASTDCT_HD static bool refit(const Some& some, Fundamental<double>* model) {
    return fit_fundamental(some, model);
  }
};

}  // namespace fastdct::ransac
