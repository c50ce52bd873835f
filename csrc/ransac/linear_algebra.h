// The little linear algebra that solvers need, for host and device alike.
#pragma once
#include <cmath>

#include "common/host_device.h"

namespace fastdct::ransac {

// Solves a x = b in place, b becoming x; false if `a` (its lower triangle is read) is not positive definite.
// Rows and columns are scaled to a unit diagonal first, since unknowns differ in size by many orders.
template <int N>
FASTDCT_HD bool solve_positive_definite(double (&a)[N][N], double (&b)[N]) {
  double scale[N];
  for (int i = 0; i < N; ++i) {
    if (!(a[i][i] > 0)) return false;
    scale[i] = 1 / std::sqrt(a[i][i]);
  }
  for (int i = 0; i < N; ++i) {  // Cholesky: a becomes its lower factor
    for (int j = 0; j <= i; ++j) {
      double sum = a[i][j] * scale[i] * scale[j];
      for (int k = 0; k < j; ++k) sum -= a[i][k] * a[j][k];
      if (i == j && !(sum > 1e-12)) return false;
      a[i][j] = i == j ? std::sqrt(sum) : sum / a[j][j];
    }
  }
  for (int i = 0; i < N; ++i) {
    double sum = b[i] * scale[i];
    for (int k = 0; k < i; ++k) sum -= a[i][k] * b[k];
    b[i] = sum / a[i][i];
  }
  for (int i = N - 1; i >= 0; --i) {
    double sum = b[i];
    for (int k = i + 1; k < N; ++k) sum -= a[k][i] * b[k];
    b[i] = sum / a[i][i];
  }
  for (int i = 0; i < N; ++i) b[i] *= scale[i];
  return true;
}

// Eigenvalues (the diagonal of `a` afterwards) and eigenvectors (columns of v) of a symmetric matrix, by
// cyclic Jacobi rotations (Golub and Van Loan, section 8.5).
template <int N>
FASTDCT_HD void diagonalise(double (&a)[N][N], double (&v)[N][N]) {
  for (int i = 0; i < N; ++i) {
    for (int j = 0; j < N; ++j) v[i][j] = i == j;
  }
  constexpr int kMaxSweeps = 12;  // it converges quadratically: five or six do
  for (int sweep = 0; sweep < kMaxSweeps; ++sweep) {
    double off = 0, diagonal = 0;
    for (int i = 0; i < N; ++i) {
      diagonal += a[i][i] * a[i][i];
      for (int j = 0; j < i; ++j) off += a[i][j] * a[i][j];
    }
    if (!(off > 1e-30 * diagonal)) return;
    for (int p = 0; p < N; ++p) {
      for (int q = p + 1; q < N; ++q) {
        if (a[p][q] == 0) continue;
        const double ratio = (a[q][q] - a[p][p]) / (2 * a[p][q]);
        const double tangent = (ratio < 0 ? -1 : 1) / (std::fabs(ratio) + std::sqrt(ratio * ratio + 1));
        const double cosine = 1 / std::sqrt(tangent * tangent + 1), sine = tangent * cosine;
        for (int k = 0; k < N; ++k) {
          const double kp = a[k][p], kq = a[k][q];
          a[k][p] = cosine * kp - sine * kq;
          a[k][q] = sine * kp + cosine * kq;
        }
        for (int k = 0; k < N; ++k) {
          const double pk = a[p][k], qk = a[q][k], vp = v[k][p], vq = v[k][q];
          a[p][k] = cosine * pk - sine * qk;
          a[q][k] = sine * pk + cosine * qk;
          v[k][p] = cosine * vp - sine * vq;
          v[k][q] = sine * vp + cosine * vq;
        }
      }
    }
  }
}

// The column of the smallest eigenvalue after diagonalise.
template <int N>
FASTDCT_HD int smallest(const double (&a)[N][N]) {
  int at = 0;
  for (int i = 1; i < N; ++i) at = a[i][i] < a[at][at] ? i : at;
  return at;
}

// Real roots of c[3] x^3 + c[2] x^2 + c[1] x + c[0], how many (Numerical Recipes, section 5.6), each improved
// by two Newton steps.
FASTDCT_HD int solve_cubic(const double* c, double* root) {
  if (std::fabs(c[3]) <= 1e-14 * (std::fabs(c[2]) + std::fabs(c[1]) + std::fabs(c[0]))) return 0;
  const double a = c[2] / c[3], b = c[1] / c[3], d = c[0] / c[3];
  const double q = (a * a - 3 * b) / 9, r = (2 * a * a * a - 9 * a * b + 27 * d) / 54;
  int count = 1;
  if (r * r < q * q * q) {
    const double angle = std::acos(r / std::sqrt(q * q * q)), size = -2 * std::sqrt(q);
    for (count = 0; count < 3; ++count)
      root[count] = size * std::cos((angle + (count - 1) * 2 * M_PI) / 3) - a / 3;
  } else {
    const double s = -std::copysign(std::cbrt(std::fabs(r) + std::sqrt(r * r - q * q * q)), r);
    root[0] = s + (s == 0 ? 0 : q / s) - a / 3;
  }
  for (int i = 0; i < count; ++i) {
    for (int step = 0; step < 2; ++step) {
      const double x = root[i], slope = (3 * x + 2 * a) * x + b;
      if (slope != 0) root[i] -= (((x + a) * x + b) * x + d) / slope;
    }
  }
  return count;
}

}  // namespace fastdct::ransac
