// The one exception type of the core: what is wrong with the input, in words a user can act on.
#pragma once
#include <stdexcept>
#include <string>

namespace fastdct {

class JpegError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace fastdct
