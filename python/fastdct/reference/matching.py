"""Matching and verification by their definitions: plain loops, float64."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

_Floats = NDArray[np.float64]

SCORE_STEPS = 1 << 16
"""Steps of one inlier's largest score."""


def match(
    query: _Floats,
    candidate: _Floats,
    *,
    mutual: bool = True,
    max_ratio: float | None = None,
    max_distance: float | None = None,
) -> list[tuple[int, int, float]]:
    """Match descriptors [n, d] and [m, d]: (query row, candidate row, distance) each; the first row wins a tie."""
    matches = []
    for i, descriptor in enumerate(query):
        ranked = _by_distance(descriptor, candidate)
        if not ranked:
            continue
        distance, j = ranked[0]
        if mutual and _by_distance(candidate[j], query)[0][1] != i:
            continue
        if max_ratio is not None and len(ranked) > 1 and distance > max_ratio * ranked[1][0]:
            continue
        if max_distance is not None and distance > max_distance:
            continue
        matches.append((i, j, distance))
    return matches


def _by_distance(descriptor: _Floats, others: _Floats) -> list[tuple[float, int]]:
    return sorted((math.dist(descriptor.tolist(), other.tolist()), j) for j, other in enumerate(others))


def squared_residuals(model: _Floats, source: _Floats, target: _Floats) -> _Floats:
    """Squared distance [K] of each target [K, 2] from the source [K, 2] under an affine model [2, 3], pixels^2."""
    (a, b, tx), (c, d, ty) = model
    x, y = source.T
    u, v = target.T
    du = a * x + b * y + tx - u
    dv = c * x + d * y + ty - v
    residuals: _Floats = du * du + dv * dv
    return residuals


def inlier_mask(squared: _Floats, *, max_error: float) -> NDArray[np.bool_]:
    """Which squared residuals [K] are at most ``max_error`` squared."""
    return np.asarray(squared <= max_error * max_error)


def score(squared: _Floats, *, max_error: float) -> float:
    """Sum the truncated quadratic score of squared residuals [K], in inliers."""
    bound = max_error * max_error
    inliers: list[float] = squared[squared <= bound].tolist()
    steps = [math.floor((1 - r / bound) * SCORE_STEPS) for r in inliers]
    return sum(steps) / SCORE_STEPS


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


def required_iterations(num_inliers: int, num_matches: int, *, confidence: float) -> float:
    """Draws until three inliers in one sample are expected with ``confidence``, sampling without replacement."""
    probability = math.comb(num_inliers, 3) / math.comb(num_matches, 3)
    if probability in (0, 1):
        return 1 if probability else math.inf
    return math.ceil(math.log1p(-confidence) / math.log1p(-probability)) if confidence < 1 else math.inf
