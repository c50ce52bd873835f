// From the name of a model to its estimator.
#pragma once
#include <cstddef>

#include "ransac/device/search.h"
#include "ransac/ransac.h"

namespace fastdct::ransac::device {

// call(estimator), of any of the four.
template <class Call>
auto with_estimator(ModelKind model, const LinearBounds& bounds, const Call& call) {
  switch (model) {
    case ModelKind::similarity:
      return call(SimilarityEstimator{{bounds}});
    case ModelKind::affine:
      return call(AffineEstimator{bounds});
    case ModelKind::homography:
      return call(HomographyEstimator{bounds});
    default:
      return call(FundamentalEstimator{});
  }
}

// Bytes of working memory that verifying a batch needs.
inline std::size_t workspace_size(const Batch& batch, ModelKind model, Sampling sampling) {
  return with_estimator(model, {}, [&](const auto& estimator) {
    return lay_out<std::decay_t<decltype(estimator)>>(batch, sampling, nullptr).size;
  });
}

}  // namespace fastdct::ransac::device
