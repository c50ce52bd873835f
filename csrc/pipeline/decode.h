// From files to tensors: entropy decoding and geometry in one go, one picture to a thread at a time.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "dct/assembly.h"
#include "dct/picture.h"

namespace fastdct::pipeline {

// A file in memory, or a picture that was read already (then `data` is null).
struct Job {
  const uint8_t* data = nullptr;
  size_t size = 0;
  const dct::Picture* picture = nullptr;
  dct::Window window;
  dct::Tensors tensors;
  std::string error;  // what is wrong with the file; empty if nothing
};

struct Options {
  int num_threads = 1;
  uint64_t max_pixels = 0;
  bool upright = true;  // apply the orientation of files
};

// Sets the error of jobs whose file is bad and leaves their tensors as they happen to be.
void decode(const dct::Assembly& assembly, const Options& options, std::vector<Job>* jobs);

}  // namespace fastdct::pipeline
