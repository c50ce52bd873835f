"""Geometric verification: RANSAC over a batch of image pairs."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdct import _C
from fastdct.ops._arrays import (
    Array,
    as_tensor,
    bounded_integer,
    is_tensor,
    on_gpu,
    shapes,
    to_numpy,
)
from fastdct.ops._pairs import in_places, padded_pairs, present_rows, ragged_pairs

MODELS = ("similarity", "affine", "homography", "fundamental")
SAMPLINGS = ("uniform", "prosac", "one_point")


@dataclass(frozen=True, repr=False, eq=False)
class RansacResult:
    """What was found for each of P pairs: numpy arrays, or tensors if tensors came in.

    Attributes
    ----------
    num_inliers : int32 [P]
        Matches within ``max_error`` of the model. 0 where nothing was found. As many as a sample has agree with any
        model made from them, and are no evidence.
    num_one_to_one : int32 [P]
        Inliers that remain when each source keypoint and each target keypoint (a distinct pair of coordinates) is used
        at most once, taken greedily by residual.
    score : float64 [P]
        Sum over inliers of 1 - (residual / max_error)^2, each term rounded down to a multiple of 2^-16.
    model : float64 [P, 2, 3] or [P, 3, 3]
        Similarity and affine map [2, 3]: (x, y, 1) of the source to (u, v) of the target, in pixels. Homography
        [3, 3]: the same in homogeneous coordinates, with a positive third one, 1 about the middle of the source
        keypoints. Fundamental matrix [3, 3], of norm 1: (u, v, 1) F (x, y, 1) is 0. NaN where nothing was found.
    inlier_mask : bool [K], or [P, N] if padded
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
    offsets: Array | None = None,
    *,
    max_error: float | Array,
    mask: Array | None = None,
    model: str = "affine",
    sampling: str = "uniform",
    quality: Array | None = None,
    source_frames: Array | None = None,
    target_frames: Array | None = None,
    max_iterations: int = 1000,
    confidence: float = 0.99,
    seed: int = 0,
    scale_range: tuple[float, float] | None = (0.2, 5.0),
    max_anisotropy: float | None = 4.0,
    allow_reflection: bool = False,
    num_threads: int = 1,
) -> RansacResult:
    """Find, for each pair of images, the geometric model that most of its tentative matches agree with.

    Matches are drawn, the model through them solved, and dropped unseen if no camera would make it (the bounds below).
    Models that score about as well as the best before them are refined by weighted least squares, first on the matches
    within three times ``max_error``, then on the inliers for as long as that raises the score. Drawing stops when a
    sample of inliers only would have come up with probability ``confidence``, by the exact probability of sampling
    without replacement (arXiv 2503.07829), or at ``max_iterations``; samples that turn out degenerate or implausible
    count as drawn. All of this goes by 320 or, if more, a quarter of a pair's matches, chosen at random (by all of them for
    a fundamental matrix); what is found is then fitted to all. Up to twelve inliers are each left out once, since a
    false one among few holds the model where it is one. A homography starts from the best affine map and goes on with samples of four.

    A pair's result depends on its own matches and the options only: not on its place in the batch, the other pairs,
    ``num_threads`` or the kind of CPU. Random numbers are Philox4x32-10, keyed by ``seed`` and the index of the
    hypothesis; pairs with equally many matches draw the same. Hypotheses are compared in float32, with coordinates
    taken from about the middle of the keypoints: ``max_error`` should be more than 1e-5 of an image's side. What is
    returned is refined and counted in float64. No more matches than a sample has (2, 3, 4, 7) verify nothing.

    Parameters
    ----------
    source, target : float or integer [K, 2], or [P, N, 2] with ``mask``
        Keypoints (x, y) of the tentative matches in pixels; computed in float64, not modified.
    offsets : integer [P + 1]
        Pair p holds the matches ``offsets[p]`` up to ``offsets[p + 1]``. Not with ``mask``.
    max_error : float or [P]
        Largest residual of an inlier, in pixels of the target, between 1e-9 and 1e9: the distance from where the model
        puts the keypoint; for a fundamental matrix Sampson's distance.
    mask : bool [P, N] or None
        For padded pairs: which of the N places hold a match; the others may hold anything.
    model : str
        ``"similarity"``, ``"affine"``, ``"homography"`` or ``"fundamental"``.
    sampling : str
        ``"uniform"``; ``"prosac"`` (Chum and Matas 2005), from the matches of highest ``quality`` first;
        ``"one_point"``, one hypothesis from each match by its frames, each looked at, no randomness (for a
        homography: no samples of four after it; not for a fundamental matrix).
    quality : [K] or [P, N]
        For ``"prosac"``: larger is better, such as minus the distance of the descriptors.
    source_frames, target_frames : [K, 2] or [P, N, 2]
        For ``"one_point"``: (scale, angle in radians) of the keypoints, scales positive, angles measured from x to y.
    max_iterations : int
        Most hypotheses drawn for a pair (for a homography twice that), 1 to 2^31 - 1.
    confidence : float
        In (0, 1]; 1 always draws ``max_iterations``.
    seed : int
        0 to 2^64 - 1.
    scale_range : (float, float) or None
        Bounds of the scale, the square root of the determinant's magnitude; None sets no bound. For a homography, of
        the affine map that approximates it about its inliers. These bounds do not apply to a fundamental matrix.
        On 1087 true and as many false pairs of photos (benchmarks/bench_bounds.py), at twelve inliers all bounds together
        keep .447 of the true pairs in place of .470, and .0101 of the false in place of .0110: they are for maps that must
        be plausible, not for more right answers.
    max_anisotropy : float or None
        Bound, at least 1, of the larger singular value over the smaller; None sets no bound.
    allow_reflection : bool
        Accept negative determinants too (never similarities).
    num_threads : int
        CPU threads, each taking whole pairs. The GIL is released.

    Tensors on a GPU are verified there, by the same hypotheses; what is found stays there, and nothing is waited for but, with ``mask``, the number of matches: values
    are not checked, NaN and infinity are outliers.

    Raises
    ------
    TypeError, ValueError
        An argument has another type, shape or range than stated; the message says which and what is accepted.
    """
    _check_choice(model, name="model", choices=MODELS)
    _check_choice(sampling, name="sampling", choices=SAMPLINGS)
    extras = {"quality": quality, "source_frames": source_frames, "target_frames": target_frames}
    _check_extras(extras, model=model, sampling=sampling)
    min_scale, max_scale = _scale_bounds(scale_range)
    options = {
        "model": model,
        "sampling": sampling,
        "max_iterations": bounded_integer(max_iterations, name="max_iterations", low=1, high=2**31 - 1),
        "confidence": _confidence(confidence),
        "seed": bounded_integer(seed, name="seed", low=0, high=2**64 - 1),
        "min_scale": min_scale,
        "max_scale": max_scale,
        "max_anisotropy": _anisotropy_bound(max_anisotropy),
        "allow_reflection": bool(allow_reflection),
        "num_threads": bounded_integer(num_threads, name="num_threads", low=1, high=2**31 - 1),
    }
    if on_gpu(source):
        if (mask is None) == (offsets is None):
            raise TypeError("offsets (for [K, 2] points) or mask (for padded [P, N, 2] points) must be given")
        points = {"source": source, "target": target, **extras}
        if mask is None:
            return _ransac_on_gpu(points, offsets, max_error, options)
        points, offsets = present_rows(points, mask)
        found = _ransac_on_gpu(points, offsets, max_error, options)
        return replace(found, inlier_mask=in_places(found.inlier_mask, mask))
    if mask is None:
        pairs = ragged_pairs(source, target, offsets, extras)
    else:
        pairs = padded_pairs(source, target, offsets, extras, mask=mask)
    arrays = (
        pairs.source,
        pairs.target,
        pairs.offsets,
        _per_pair(max_error, num_pairs=len(pairs.offsets) - 1),
    )
    optional = (pairs.quality, pairs.source_frames, pairs.target_frames)
    tensors = any(map(is_tensor, (source, target, offsets, mask)))
    num_inliers, num_one_to_one, score, models, inlier_mask, num_iterations = _run(
        arrays, optional, options, tensors=tensors
    )
    return RansacResult(num_inliers, num_one_to_one, score, models, pairs.padded(inlier_mask), num_iterations)


def _ransac_on_gpu(
    points: dict[str, Any], offsets: Any, max_error: Any, options: dict[str, Any]
) -> RansacResult:
    """As for tensors of the CPU, but what would have to be waited for is not checked: values, and offsets."""
    import torch

    from fastdct.ops import torch_ops

    source = points["source"]
    for name, tensor in points.items():
        shape = (len(source),) if name == "quality" else (len(source), 2)
        if tensor is not None and tuple(tensor.shape) != shape:
            raise ValueError(f"{name} must be {list(shape)}, a row for each match, not {list(tensor.shape)}")
    rows = [None if tensor is None else tensor.double() for tensor in points.values()]
    starts = torch.as_tensor(offsets, dtype=torch.int64, device=source.device)
    errors = torch.as_tensor(max_error, dtype=torch.float64, device=source.device)
    errors = errors.expand(len(starts) - 1).contiguous()
    return RansacResult(*torch_ops.ransac(*rows[:2], starts, errors, *rows[2:], **_with_signed_seed(options)))


def _with_signed_seed(options: dict[str, Any]) -> dict[str, Any]:
    """An operator's integers are signed."""
    seed = options["seed"]
    return {**options, "seed": seed - (1 << 64) if seed >= 1 << 63 else seed}


def _run(
    arrays: tuple[NDArray[Any], ...],
    optional: tuple[NDArray[Any] | None, ...],
    options: dict[str, Any],
    *,
    tensors: bool,
) -> tuple[Array, ...]:
    """Call the kernel, through its torch operator if tensors are wanted."""
    if not tensors:
        return _C.ransac(*arrays, *optional, **options)
    from fastdct.ops import torch_ops

    inputs = [None if array is None else as_tensor(array) for array in (*arrays, *optional)]
    found: tuple[Array, ...] = torch_ops.ransac(*inputs, **_with_signed_seed(options))
    return found


def _check_choice(value: str, *, name: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{name} {value!r} is not known: accepted are {', '.join(map(repr, choices))}")


def _check_extras(extras: dict[str, Array | None], *, model: str, sampling: str) -> None:
    if model == "fundamental" and sampling == "one_point":
        raise ValueError("sampling 'one_point' tells no fundamental matrix: accepted are 'uniform', 'prosac'")
    needed = {"uniform": (), "prosac": ("quality",), "one_point": ("source_frames", "target_frames")}[
        sampling
    ]
    for name, value in extras.items():
        if name in needed and value is None:
            raise TypeError(f"sampling {sampling!r} needs {name}")
        if name not in needed and value is not None:
            raise TypeError(f"{name} is not used by sampling {sampling!r}: leave it out")


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
