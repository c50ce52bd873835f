// Descriptors as the kernels want them. Part of match_cpu.cpp.
#pragma once
#include <algorithm>
#include <cstdint>
#include <limits>

#include "common/aligned.h"
#include "matching/kernels.h"
#include "matching/match.h"

namespace fastdct::matching {

// Half of this and twice this are far from overflow in whatever is computed from squares.
constexpr float kMaxSquare = std::numeric_limits<float>::max() / 8;

inline std::int32_t words_of(std::int32_t num_bytes) { return (num_bytes + 7) / 8; }

// Rows of one image as the kernels want them. Reserved once for the most rows; refers to the caller's memory
// where that will do.
class Rows {
 public:
  Rows(const Descriptors& like, const Rules& rules, std::int64_t max_rows) : like_(like), rules_(rules) {
    const auto rows = static_cast<size_t>(max_rows);
    half_squares_.reserve(rows);
    if (like.element == Element::float16) floats_.reserve(rows * static_cast<size_t>(like.width));
    if (like.element == Element::byte) words_.reserve(rows * static_cast<size_t>(words_of(like.width)));
  }

  // Rows [first, first + count) of `like`. Returns the first bad row, or -1.
  std::int64_t take(std::int64_t first, std::int64_t count) {
    const std::int64_t width = like_.width;
    std::fill_n(half_squares_.data(), count, 0.0f);
    if (like_.element == Element::byte) {
      take_bytes(static_cast<const std::uint8_t*>(like_.data) + first * width, count);
      return -1;
    }
    if (like_.element == Element::float16) {
      const auto* halves = static_cast<const std::uint16_t*>(like_.data) + first * width;
      best_kernels().widen(halves, count * width, floats_.data());
      elements_ = floats_.data();
    } else {
      elements_ = static_cast<const float*>(like_.data) + first * width;
    }
    return measure(first, count);
  }

  CandidateRows view(std::int64_t count) const {
    const bool bytes = like_.element == Element::byte;
    return {bytes ? nullptr : elements_, bytes ? words_.data() : nullptr, half_squares_.data(),
            static_cast<std::int32_t>(count)};
  }

 private:
  std::int64_t measure(std::int64_t first, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) {
      const float* row = elements_ + i * like_.width;
      const float square = best_kernels().inner_product(row, row, like_.width);
      if (!(square <= kMaxSquare)) return first + i;
      if (rules_.metric == Metric::euclidean) half_squares_.data()[i] = square / 2;
    }
    return -1;
  }

  // Bytes beyond the last are zero in every row, and differ in none.
  void take_bytes(const std::uint8_t* bytes, std::int64_t count) {
    const std::int64_t num_words = words_of(like_.width);
    std::fill_n(words_.data(), count * num_words, std::uint64_t{0});
    auto* to = reinterpret_cast<std::uint8_t*>(words_.data());
    for (std::int64_t i = 0; i < count; ++i) {
      std::copy_n(bytes + i * like_.width, like_.width, to + i * num_words * 8);
    }
  }

  Descriptors like_;
  Rules rules_;
  const float* elements_ = nullptr;
  AlignedBuffer<float> floats_, half_squares_;
  AlignedBuffer<std::uint64_t> words_;
};

inline std::int32_t width_of(const Descriptors& d) {
  return d.element == Element::byte ? words_of(d.width) : d.width;
}

// The query, packed once and read by every worker.
class Query {
 public:
  Query(const Descriptors& query, const Rules& rules) : rows_(query, rules, query.size) {
    bad_row_ = rows_.take(0, query.size);
    if (bad_row_ < 0) pack(query);
  }
  std::int64_t bad_row() const { return bad_row_; }
  const PackedQuery& packed() const { return packed_; }
  CandidateRows rows(std::int64_t size) const { return rows_.view(size); }

 private:
  void pack(const Descriptors& query) {
    const std::int64_t width = width_of(query), n = query.size;
    packed_.num_tiles = static_cast<std::int32_t>((n + kTile - 1) / kTile);
    const std::int64_t lanes = std::int64_t{packed_.num_tiles} * kTile;
    const CandidateRows rows = rows_.view(n);
    float* half_squares = half_squares_.reserve(static_cast<size_t>(lanes));
    std::fill_n(half_squares, lanes, std::numeric_limits<float>::infinity());
    std::copy_n(rows.half_squares, n, half_squares);
    packed_.half_squares = half_squares;
    if (rows.words != nullptr) {
      std::uint64_t* words = words_.reserve(static_cast<size_t>(lanes * width));
      std::copy_n(rows.words, n * width, words);
      packed_.words = words;
      return;
    }
    float* elements = elements_.reserve(static_cast<size_t>(lanes * width));
    for (std::int64_t i = 0; i < n; ++i) {
      float* tile = elements + i / kTile * kTile * width + i % kTile;
      for (std::int64_t k = 0; k < width; ++k) tile[k * kTile] = rows.elements[i * width + k];
    }
    packed_.elements = elements;
  }

  Rows rows_;
  std::int64_t bad_row_;
  PackedQuery packed_{};
  AlignedBuffer<float> elements_, half_squares_;
  AlignedBuffer<std::uint64_t> words_;
};

}  // namespace fastdct::matching
