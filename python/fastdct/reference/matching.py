"""Matching and verification by their definitions: plain loops, float64."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

_Floats = NDArray[np.float64]

SCORE_STEPS = 1 << 16
"""Steps of one inlier's largest score."""

MIN_DEPTH, MAX_DEPTH = float(np.float32(0.1)), 10.0
"""A homography's third coordinate, 1 about the middle of the source keypoints, is between these at an inlier."""


def match(
    query: NDArray[Any],
    candidate: NDArray[Any],
    *,
    metric: str = "euclidean",
    mutual: bool = True,
    max_ratio: float | None = None,
    max_distance: float | None = None,
) -> list[tuple[int, int, float]]:
    """Match descriptors [n, d] and [m, d]: (query row, candidate row, distance) each; the first row wins a tie."""
    matches = []
    for i, descriptor in enumerate(query):
        ranked = _by_distance(descriptor, candidate, metric)
        if not ranked:
            continue
        distance, j = ranked[0]
        if mutual and _by_distance(candidate[j], query, metric)[0][1] != i:
            continue
        if max_ratio is not None and len(ranked) > 1 and distance > max_ratio * ranked[1][0]:
            continue
        if max_distance is not None and distance > max_distance:
            continue
        matches.append((i, j, distance))
    return matches


def _by_distance(descriptor: NDArray[Any], others: NDArray[Any], metric: str) -> list[tuple[float, int]]:
    return sorted((_distance(descriptor, other, metric), j) for j, other in enumerate(others))


def _distance(a: NDArray[Any], b: NDArray[Any], metric: str) -> float:
    if metric == "hamming":
        return float(np.unpackbits(a ^ b).sum())
    if metric == "inner_product":
        return 1.0 - float(a.astype(np.float64) @ b.astype(np.float64))
    return math.dist(a.tolist(), b.tolist())


def squared_residuals(model: _Floats, source: _Floats, target: _Floats, *, kind: str = "affine") -> _Floats:
    """Squared residuals [K] of matches [K, 2] x 2 under a model as `fastdct.ops.ransac` returns it, pixels^2."""
    if kind == "fundamental":
        return _squared_sampson_distances(model, source, target)
    x, y = source.T
    u, v = target.T
    if kind != "homography":
        (a, b, tx), (c, d, ty) = model
        du = a * x + b * y + tx - u
        dv = c * x + d * y + ty - v
        return np.asarray(du * du + dv * dv)
    (a, b, tx), (c, d, ty), (g, h, i) = model
    w = g * x + h * y + i
    du = (a * x + b * y + tx) / w - u
    dv = (c * x + d * y + ty) / w - v
    return np.where((w > MIN_DEPTH) & (w < MAX_DEPTH), du * du + dv * dv, np.inf)


def _squared_sampson_distances(model: _Floats, source: _Floats, target: _Floats) -> _Floats:
    x, y = source.T
    u, v = target.T
    a, b, c = (row[0] * x + row[1] * y + row[2] for row in model)  # the epipolar line in the target
    d, e = (column[0] * u + column[1] * v + column[2] for column in model.T[:2])
    algebraic = a * u + b * v + c
    return np.asarray(algebraic * algebraic / (a * a + b * b + d * d + e * e))


def inlier_mask(squared: _Floats, *, max_error: float) -> NDArray[np.bool_]:
    """Which squared residuals [K] are at most ``max_error`` squared."""
    return np.asarray(squared <= max_error * max_error)


def score(squared: _Floats, *, max_error: float) -> float:
    """Sum the truncated quadratic score of squared residuals [K], in inliers."""
    bound = max_error * max_error
    inliers: list[float] = squared[squared <= bound].tolist()
    return sum(int(SCORE_STEPS - r * (SCORE_STEPS / bound)) for r in inliers) / SCORE_STEPS


def num_one_to_one(squared: _Floats, source: _Floats, target: _Floats, *, max_error: float) -> int:
    """Inliers that remain when, smallest residual first, every source and every target point is used at most once."""
    used_source: set[tuple[float, ...]] = set()
    used_target: set[tuple[float, ...]] = set()
    count = 0
    for i in np.argsort(squared, kind="stable"):
        p, q = tuple(source[i].tolist()), tuple(target[i].tolist())
        if squared[i] <= max_error * max_error and p not in used_source and q not in used_target:
            used_source.add(p)
            used_target.add(q)
            count += 1
    return count


def required_iterations(
    num_inliers: int, num_matches: int, *, confidence: float, sample_size: int = 3
) -> float:
    """Draws until a sample of inliers only is expected with ``confidence``, sampling without replacement."""
    probability = math.comb(num_inliers, sample_size) / math.comb(num_matches, sample_size)
    if probability in (0, 1):
        return 1 if probability else math.inf
    return math.ceil(math.log1p(-confidence) / math.log1p(-probability)) if confidence < 1 else math.inf
