// The little linear algebra that solvers need, for host and device alike.
#pragma once
#include <cmath>

#include "common/host_device.h"

namespace fastdct::ransac {

// Solves a x = b in place, b becoming x; false if `a` (its lower triangle is read) is not positive definite.
// Rows and columns are scaled to a unit diagonal first, since unknowns differ in size by many orders.
template <int N>
FASTDCT_HD_LARGE bool solve_positive_definite(double (&a)[N][N], double (&b)[N]) {
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
FASTDCT_HD_LARGE void diagonalise(double (&a)[N][N], double (&v)[N][N]) {
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

// About the cube root of x >= 0, by square roots alone, which every machine rounds alike: 1/3 = 1/4 + 1/16 +
// 1/64 + ... It is too large by up to 1.5 where x is near nothing.
FASTDCT_HD double rough_cube_root(double x) {
  double power = x, root = 1;
  for (int i = 0; i < 5; ++i) {
    power = std::sqrt(std::sqrt(power));
    root *= power;
  }
  return root;
}

// The root of y^3 + s y + v that is farthest from zero, for v <= 0: it is positive, and Newton's iteration
// comes down to it from Lagrange's bound (1.325 is the root of k^3 = k + 1), without passing it.
FASTDCT_HD double outermost_root(double s, double v) {
  const double by_value = 1.05 * rough_cube_root(-v), by_slope = s < 0 ? std::sqrt(-s) : 0;
  double y = 1.325 * (by_value > by_slope ? by_value : by_slope);
  constexpr int kMaxSteps = 60;  // six or seven do, but where roots coincide
  for (int step = 0; step < kMaxSteps; ++step) {
    const double slope = 3 * y * y + s;
    const double next = slope > 0 ? y - ((y * y + s) * y + v) / slope : y;
    if (step > 0 && !(next < y)) break;
    y = next;
  }
  return y;
}

// Real roots of c[3] x^3 + c[2] x^2 + c[1] x + c[0], how many: one, or three, each improved by two Newton
// steps. One is found by iteration, the others by what is left (Kahan, "To solve a real cubic equation",
// 1986); no function is called that machines round differently.
FASTDCT_HD int solve_cubic(const double* c, double* root) {
  if (std::fabs(c[3]) <= 1e-14 * (std::fabs(c[2]) + std::fabs(c[1]) + std::fabs(c[0]))) return 0;
  const double a = c[2] / c[3], b = c[1] / c[3], d = c[0] / c[3];
  const double middle = -a / 3, slope = b - a * a / 3, value = ((middle + a) * middle + b) * middle + d;
  const double side = value > 0 ? -1 : 1;  // roots mirrored: y^3 + slope y + side value
  const double y = outermost_root(slope, side * value);
  const double product = y == 0 ? 0 : -side * value / y;  // of the other two, whose sum is -y
  const double discriminant = y * y - 4 * product;
  root[0] = middle + side * y;
  int count = 1;
  if (discriminant > 0) {
    const double larger = -(y + std::sqrt(discriminant)) / 2;
    root[1] = middle + side * larger;
    root[2] = middle + side * product / larger;
    count = 3;
  }
  for (int i = 0; i < count; ++i) {
    for (int step = 0; step < 2; ++step) {
      const double x = root[i], incline = (3 * x + 2 * a) * x + b;
      if (incline != 0) root[i] -= (((x + a) * x + b) * x + d) / incline;
    }
  }
  return count;
}

}  // namespace fastdct::ransac
