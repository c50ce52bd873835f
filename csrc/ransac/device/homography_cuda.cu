#include "ransac/device/launch_cuda.h"

namespace fastdct::ransac::device {

template const char* verify_cuda(const Batch&, const HomographyEstimator&, const SearchOptions&, void*,
                                 const Results&, void*);

}  // namespace fastdct::ransac::device
