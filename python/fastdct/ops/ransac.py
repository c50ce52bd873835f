"""Geometric verification: affine RANSAC over a batch of image pairs."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdct import _C
from fastdct.ops._arrays import (
    Array,
    bounded_integer,
    checked_offsets,
    finite_matrix,
    is_tensor,
    like,
    shapes,
    to_numpy,
)

MODELS = ("affine",)


@dataclass(frozen=True, repr=False, eq=False)
class RansacResult:
    """What was found for each of P pairs that hold K matches together: numpy arrays, or tensors if tensors came in.

    Attributes
    ----------
    num_inliers : int32 [P]
        Matches within ``max_error`` of the model. 0 where nothing was found. Three is what any model through three
        matches has, and no evidence.
    num_one_to_one : int32 [P]
        Inliers that remain when each source keypoint and each target keypoint (a distinct pair of coordinates) is used
        at most once, taken greedily by residual.
    score : float64 [P]
        Sum over inliers of 1 - (residual / max_error)^2, each term rounded down to a multiple of 2^-16.
    model : float64 [P, 2, 3]
        (x, y, 1) of the source to (u, v) of the target, in pixels. NaN where nothing was found.
    inlier_mask : bool [K]
        Which matches are inliers of their pair's model.
    num_iterations : int32 [P]
        Hypotheses drawn.
    """

    num_inliers: Array
    num_one_to_one: Array
    score: Array
    model: Array
    inlier_mask: Array
    num_iterations: Array

    def __repr__(self) -> str:
        return shapes(self, tuple(field.name for field in fields(self)))


def ransac(
    source: Array,
    target: Array,
    offsets: Array,
    *,
    max_error: float | Array,
    model: str = "affine",
    max_iterations: int = 1000,
    confidence: float = 0.99,
    seed: int = 0,
    scale_range: tuple[float, float] | None = (0.2, 5.0),
    max_anisotropy: float | None = 4.0,
    allow_reflection: bool = False,
    num_threads: int = 1,
) -> RansacResult:
    """Find, for each pair of images, the affine map that most of its tentative matches agree with.

    Three matches are drawn without replacement, solved, and the model dropped unseen if no camera would make it (the
    bounds below). A model that scores better than all before is refined by least squares on its inliers for as long as
    that does not lower its score. Drawing stops when an all-inlier sample would have come up with probability
    ``confidence``, by the exact probability of sampling without replacement (arXiv 2503.07829), or at
    ``max_iterations``; samples that turn out degenerate or implausible count as drawn.

    A pair's result depends on its own matches and the options only: not on its place in the batch, the other pairs or
    ``num_threads``. Random numbers are Philox4x32-10, keyed by ``seed`` and the index of the hypothesis; pairs with
    equally many matches draw the same indices. Fewer than four matches verify nothing (DELG scores 0 up to three).

    Parameters
    ----------
    source, target : float or integer [K, 2]
        Keypoints (x, y) of the tentative matches in pixels; computed in float64, not modified.
    offsets : integer [P + 1]
        Pair p holds the matches ``offsets[p]`` up to ``offsets[p + 1]``.
    max_error : float or [P]
        Largest residual of an inlier, in pixels of the target, between 1e-9 and 1e9.
    model : str
        ``"affine"``.
    max_iterations : int
        Most hypotheses drawn for a pair, 1 to 2^31 - 1.
    confidence : float
        In (0, 1]; 1 always draws ``max_iterations``.
    seed : int
        0 to 2^64 - 1.
    scale_range : (float, float) or None
        Bounds of the scale, the square root of the determinant's magnitude; None sets no bound.
    max_anisotropy : float or None
        Bound, at least 1, of the larger singular value over the smaller; None sets no bound.
    allow_reflection : bool
        Accept negative determinants too.
    num_threads : int
        CPU threads, each taking whole pairs. The GIL is released.

    Raises
    ------
    TypeError, ValueError
        An argument has another type, shape or range than stated; the message says which and what is accepted.
    """
    if model not in MODELS:
        raise ValueError(f"model {model!r} is not known: accepted are {', '.join(map(repr, MODELS))}")
    source_points = finite_matrix(source, name="source", num_columns=2)  # [K, 2]
    target_points = finite_matrix(target, name="target", num_columns=2)  # [K, 2]
    if len(source_points) != len(target_points):
        raise ValueError(
            f"source and target must have a row for each match, not {len(source_points)} and {len(target_points)}"
        )
    pairs = checked_offsets(offsets, num_rows=len(source_points), rows_of="source")
    min_scale, max_scale = _scale_bounds(scale_range)
    found = _C.ransac_affine(
        source_points,
        target_points,
        pairs,
        _per_pair(max_error, num_pairs=len(pairs) - 1),
        max_iterations=bounded_integer(max_iterations, name="max_iterations", low=1, high=2**31 - 1),
        confidence=_confidence(confidence),
        seed=bounded_integer(seed, name="seed", low=0, high=2**64 - 1),
        min_scale=min_scale,
        max_scale=max_scale,
        max_anisotropy=_anisotropy_bound(max_anisotropy),
        allow_reflection=bool(allow_reflection),
        num_threads=bounded_integer(num_threads, name="num_threads", low=1, high=2**31 - 1),
    )
    tensors = any(map(is_tensor, (source, target, offsets)))
    return RansacResult(*(like(array, tensors=tensors) for array in found))


def _confidence(value: float) -> float:
    if not 0 < value <= 1:
        raise ValueError(f"confidence must be in (0, 1], not {value}")
    return float(value)


def _per_pair(max_error: Any, *, num_pairs: int) -> NDArray[np.float64]:
    array = to_numpy(max_error, name="max_error")
    if array.dtype.kind not in "fiu":
        raise TypeError(f"max_error must be a number or an array of numbers, not {array.dtype}")
    if array.shape not in ((), (num_pairs,)):
        raise ValueError(
            f"max_error must be one number or [{num_pairs}], one for each pair, not {list(array.shape)}"
        )
    errors = np.full(num_pairs, array, np.float64)  # [P]
    outside = np.flatnonzero(~((errors >= 1e-9) & (errors <= 1e9)))
    if outside.size:
        pair = int(outside[0])
        raise ValueError(
            f"max_error must be between 1e-9 and 1e9 pixels, but it is {errors[pair]} for pair {pair}"
        )
    return errors


def _scale_bounds(scale_range: tuple[float, float] | None) -> tuple[float, float]:
    if scale_range is None:
        return 0.0, math.inf
    low, high = scale_range
    if not 0 <= low <= high:
        raise ValueError(f"scale_range must be (low, high) with 0 <= low <= high, or None, not {scale_range}")
    return float(low), float(high)


def _anisotropy_bound(max_anisotropy: float | None) -> float:
    if max_anisotropy is None:
        return math.inf
    if not max_anisotropy >= 1:
        raise ValueError(f"max_anisotropy must be at least 1, or None, not {max_anisotropy}")
    return float(max_anisotropy)
