// The fundamental matrix F, (u v 1) F (x y 1)^T = 0, row-major and of unit norm.
#pragma once
#include "common/real.h"
#include "ransac/linear_algebra.h"
#include "ransac/matches.h"
#include "ransac/model.h"

namespace fastdct::ransac {

template <class Real>
using Fundamental = Model<Real, 9>;

// Square of Sampson's first-order distance from the epipolar constraint (Hartley and Zisserman, 11.9). Along
// the epipolar line it is blind: a match agrees by chance far more easily than with the other models.
template <class Real>
FASTDCT_HD Real squared_fundamental_residual(const Fundamental<Real>& f, const Match<Real>& p) {
  const Real a = fused(f[0], p.x, fused(f[1], p.y, f[2])), b = fused(f[3], p.x, fused(f[4], p.y, f[5]));
  const Real c = fused(f[6], p.x, fused(f[7], p.y, f[8]));
  const Real d = fused(f[0], p.u, fused(f[3], p.v, f[6])), e = fused(f[1], p.u, fused(f[4], p.v, f[7]));
  const Real algebraic = fused(a, p.u, fused(b, p.v, c));
  return algebraic * algebraic / fused(a, a, fused(b, b, fused(d, d, e * e)));
}

// Normalising by Hartley (1997): about their mean, sqrt(2) away on average. A point p becomes (p - mean)
// scale.
struct Normaliser {
  Match<double> mean;
  double source_scale, target_scale;
};

// One row of the linear system for F, and what brings its solution back.
FASTDCT_HD void epipolar_row(const Match<double>& p, const Normaliser& n, double* row) {
  const double x = (p.x - n.mean.x) * n.source_scale, y = (p.y - n.mean.y) * n.source_scale;
  const double u = (p.u - n.mean.u) * n.target_scale, v = (p.v - n.mean.v) * n.target_scale;
  const double all[9] = {u * x, u * y, u, v * x, v * y, v, x, y, 1};
  for (int i = 0; i < 9; ++i) row[i] = all[i];
}

// T_target^T F T_source, of unit norm.
FASTDCT_HD Fundamental<double> unnormalised(const double* f, const Normaliser& n) {
  double m[9];
  for (int i = 0; i < 3; ++i) {  // times T_source
    m[3 * i] = f[3 * i] * n.source_scale;
    m[3 * i + 1] = f[3 * i + 1] * n.source_scale;
    m[3 * i + 2] = f[3 * i + 2] - m[3 * i] * n.mean.x - m[3 * i + 1] * n.mean.y;
  }
  double squares = 0;
  for (int j = 0; j < 3; ++j) {
    m[j] *= n.target_scale;
    m[3 + j] *= n.target_scale;
    m[6 + j] -= m[j] * n.mean.u + m[3 + j] * n.mean.v;
    squares += m[j] * m[j] + m[3 + j] * m[3 + j] + m[6 + j] * m[6 + j];
  }
  Fundamental<double> result;
  for (int i = 0; i < 9; ++i) result[i] = m[i] / std::sqrt(squares);
  return result;
}

// Matches that are fitted to are `Some` of a list, in its order: next(i) is the first from i on that takes
// part, or `size`; match(i) in double, weight(i).
template <class Some>
FASTDCT_HD int count_of(const Some& some) {
  int count = 0;
  for (std::int32_t i = some.next(0); i < some.size; i = some.next(i + 1)) ++count;
  return count;
}

template <class Some>
FASTDCT_HD Normaliser normaliser(const Some& some, int count) {
  Normaliser n{{0, 0, 0, 0}, 0, 0};
  for (std::int32_t i = some.next(0); i < some.size; i = some.next(i + 1)) {
    const Match<double> p = some.match(i);
    n.mean = {n.mean.x + p.x / count, n.mean.y + p.y / count, n.mean.u + p.u / count, n.mean.v + p.v / count};
  }
  double source = 0, target = 0;
  for (std::int32_t i = some.next(0); i < some.size; i = some.next(i + 1)) {
    const Match<double> p = some.match(i);
    const double x = p.x - n.mean.x, y = p.y - n.mean.y, u = p.u - n.mean.u, v = p.v - n.mean.v;
    source += std::sqrt(x * x + y * y), target += std::sqrt(u * u + v * v);
  }
  n.source_scale = std::sqrt(2.0) * count / source;
  n.target_scale = std::sqrt(2.0) * count / target;
  return n;
}

// All of an array.
struct Whole {
  const Match<double>* matches;
  std::int32_t size;
  FASTDCT_HD std::int32_t next(std::int32_t i) const { return i; }
  FASTDCT_HD const Match<double>& match(std::int32_t i) const { return matches[i]; }
};

FASTDCT_HD double determinant(const double* m) {
  return m[0] * (m[4] * m[8] - m[5] * m[7]) - m[1] * (m[3] * m[8] - m[5] * m[6]) +
         m[2] * (m[3] * m[7] - m[4] * m[6]);
}

// The matrices through seven matches (Hartley and Zisserman, 11.1.2): of the pencil of the two null vectors
// of the linear system, those that are singular. Returns how many, up to three.
FASTDCT_HD_LARGE int solve_seven_point(const Match<double>* sample, Fundamental<double>* model) {
  const Normaliser n = normaliser(Whole{sample, 7}, 7);
  double a[7][9];
  for (int i = 0; i < 7; ++i) epipolar_row(sample[i], n, a[i]);
  int column[9] = {0, 1, 2, 3, 4, 5, 6, 7, 8};
  for (int i = 0; i < 7; ++i) {  // Gauss-Jordan with full pivoting
    int row = i, col = i;
    for (int r = i; r < 7; ++r) {
      for (int c = i; c < 9; ++c) {
        if (std::fabs(a[r][c]) > std::fabs(a[row][col])) row = r, col = c;
      }
    }
    if (!(std::fabs(a[row][col]) > 1e-10)) return 0;
    for (int c = 0; c < 9; ++c) {
      const double swapped = a[i][c];
      a[i][c] = a[row][c];
      a[row][c] = swapped;
    }
    for (int r = 0; r < 7; ++r) {
      const double swapped = a[r][i];
      a[r][i] = a[r][col];
      a[r][col] = swapped;
    }
    const int moved = column[i];
    column[i] = column[col];
    column[col] = moved;
    for (int r = 0; r < 7; ++r) {
      const double factor = a[r][i] / a[i][i];
      if (r == i) continue;
      for (int c = i; c < 9; ++c) a[r][c] -= factor * a[i][c];
    }
  }
  double basis[2][9] = {};
  for (int k = 0; k < 2; ++k) {
    for (int i = 0; i < 7; ++i) basis[k][column[i]] = -a[i][7 + k] / a[i][i];
    basis[k][column[7 + k]] = 1;
  }
  // det(x basis_0 + basis_1) is a cubic, known from four of its values.
  double value[4];
  const double at[4] = {0, 1, -1, 2};
  for (int i = 0; i < 4; ++i) {
    double m[9];
    for (int j = 0; j < 9; ++j) m[j] = at[i] * basis[0][j] + basis[1][j];
    value[i] = determinant(m);
  }
  const double c0 = value[0], c2 = (value[1] + value[2]) / 2 - c0;
  const double odd = (value[1] - value[2]) / 2, c3 = (value[3] - c0 - 4 * c2 - 2 * odd) / 6;
  const double cubic[4] = {c0, odd - c3, c2, c3};
  double root[3];
  const int count = solve_cubic(cubic, root);
  for (int i = 0; i < count; ++i) {
    double m[9];
    for (int j = 0; j < 9; ++j) m[j] = root[i] * basis[0][j] + basis[1][j];
    model[i] = unnormalised(m, n);
  }
  return count;
}

// The nearest singular matrix in Frobenius norm: takes off the part along the smallest right singular vector.
FASTDCT_HD void make_singular(double* f) {
  double square[3][3], v[3][3];
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 3; ++j) square[i][j] = f[i] * f[j] + f[3 + i] * f[3 + j] + f[6 + i] * f[6 + j];
  }
  diagonalise(square, v);
  const int least = smallest(square);
  for (int r = 0; r < 3; ++r) {
    double along = 0;
    for (int c = 0; c < 3; ++c) along += f[3 * r + c] * v[c][least];
    for (int c = 0; c < 3; ++c) f[3 * r + c] -= along * v[c][least];
  }
}

// Weighted eight-point least squares (Hartley 1997). False with fewer than eight matches.
template <class Some>
FASTDCT_HD_LARGE bool fit_fundamental(const Some& some, Fundamental<double>* model) {
  const int count = count_of(some);
  if (count < 8) return false;
  const Normaliser n = normaliser(some, count);
  if (!(n.source_scale > 0 && n.source_scale < 1e12 && n.target_scale > 0 && n.target_scale < 1e12))
    return false;
  double a[9][9] = {}, v[9][9];
  for (std::int32_t i = some.next(0); i < some.size; i = some.next(i + 1)) {
    double row[9];
    epipolar_row(some.match(i), n, row);
    const double weight = some.weight(i);
    for (int r = 0; r < 9; ++r) {
      for (int c = 0; c <= r; ++c) a[r][c] += weight * row[r] * row[c];
    }
  }
  for (int r = 0; r < 9; ++r) {
    for (int c = r + 1; c < 9; ++c) a[r][c] = a[c][r];
  }
  diagonalise(a, v);
  double f[9];
  const int least = smallest(a);
  for (int i = 0; i < 9; ++i) f[i] = v[i][least];
  make_singular(f);
  *model = unnormalised(f, n);
  return true;
}

}  // namespace fastdct::ransac
