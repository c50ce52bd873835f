// One picture at a time, from coefficients to a tensor: A_v X A_h^T of every component, one axis after the
// other.
#pragma once
#include <array>
#include <memory>
#include <vector>

#include "dct/assembly.h"
#include "dct/layout.h"
#include "dct/picture.h"
#include "dct/stream.h"

namespace fastdct::dct {

// Blocks of a component that a window reads.
struct BlockRange {
  int first_row;
  int num_rows;
  int first_col;
  int num_cols;
};

// Keeps its memory and, while windows repeat, its plans. One thread uses it at a time.
class Resampler {
 public:
  Resampler();
  ~Resampler();

  // Whole planes.
  void run(const Assembly& assembly, const Picture& picture, const Window& window, const Tensors& tensors);

  // The same by rows of blocks, as they become known: start, push the rows of every group, finish. A group is
  // one component, or two of the same geometry. The planes' blocks are not looked at. References must stay
  // valid.
  void start(const Assembly& assembly, const Picture& picture, const Window& window, const Tensors& tensors);
  struct Group {
    std::vector<int> planes;
    BlockRange range;
    Stream* stream;  // push rows from range.first_row on, at range.first_col
  };
  const std::vector<Group>& groups() const { return groups_; }
  void finish();

 private:
  struct Work;

  void start_coefficients();
  void start_colour_mix();
  void start_samples();
  void add_group(const std::vector<int>& planes);
  void launch(Work* work, const PlaneGeometry& geometry, bool to_samples, std::vector<int> planes);
  Work* next_work();
  void fill_empty_chroma();
  void mix_colours();
  void write_rgb();
  TensorLayout tensor_of(int component) const;

  const Kernel* kernel_ = nullptr;
  const Assembly* assembly_ = nullptr;
  const Picture* picture_ = nullptr;
  Window window_;
  Tensors tensors_;
  std::vector<std::unique_ptr<Work>> works_;
  size_t num_works_ = 0;
  std::vector<Group> groups_;
  std::vector<Grid> mix_grids_;
  AlignedBuffer<float> planes_;  // colour mixing and RGB: whole planes of floats
  RowWriter writer_;
};

}  // namespace fastdct::dct
