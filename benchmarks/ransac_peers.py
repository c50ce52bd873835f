"""RANSAC of other libraries behind one interface: a pair in, a matrix [3, 3] or None and an inlier mask out."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from two_views import Pair

Estimate = tuple[Any, np.ndarray]  # matrix [3, 3] or None, inliers bool [n]
Peer = Callable[..., Estimate]

MAX_ERROR = 10.0
OPENCV_METHODS = ("RANSAC", "USAC_FAST", "USAC_DEFAULT", "USAC_ACCURATE", "USAC_MAGSAC")


def peers(model: str) -> dict[str, Peer]:
    """Those installed, by name; each takes (pair, max_iterations=, confidence=)."""
    found: dict[str, Peer] = {}
    cv2 = _module("cv2")
    if cv2 is not None:
        cv2.setNumThreads(1)
        name = f"opencv {cv2.__version__}"
        for method in OPENCV_METHODS:
            estimate = _opencv_affine if model == "affine" else _opencv_homography
            found[f"{name} {method}"] = partial(estimate, cv2, method)
    if model == "homography" and (poselib := _module("poselib")) is not None:
        found["poselib"] = partial(_poselib, poselib)
    if model == "affine" and (pycolmap := _module("pycolmap")) is not None:
        found["pycolmap"] = partial(_pycolmap, pycolmap)
    return found


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def _opencv_affine(cv2: Any, method: str, pair: Pair, max_iterations: int, confidence: float) -> Estimate:
    matrix, mask = cv2.estimateAffine2D(
        pair.source,
        pair.target,
        method=getattr(cv2, method),
        ransacReprojThreshold=MAX_ERROR,
        maxIters=max_iterations,
        confidence=confidence,
    )
    return _estimate(matrix, mask, pair)


def _opencv_homography(cv2: Any, method: str, pair: Pair, max_iterations: int, confidence: float) -> Estimate:
    matrix, mask = cv2.findHomography(
        pair.source,
        pair.target,
        getattr(cv2, method),
        MAX_ERROR,
        maxIters=max_iterations,
        confidence=confidence,
    )
    return _estimate(matrix, mask, pair)


def _poselib(poselib: Any, pair: Pair, max_iterations: int, confidence: float) -> Estimate:
    options = {
        "max_reproj_error": MAX_ERROR,
        "max_iterations": max_iterations,
        "min_iterations": 100,
        "success_prob": confidence,
    }
    matrix, info = poselib.estimate_homography(pair.source, pair.target, options, {})
    return _estimate(matrix, info["inliers"], pair)


def _pycolmap(pycolmap: Any, pair: Pair, max_iterations: int, confidence: float) -> Estimate:
    options = pycolmap.RANSACOptions()
    options.max_error = MAX_ERROR
    options.max_num_trials = max_iterations
    options.min_num_trials = 100
    options.confidence = confidence
    options.min_inlier_ratio = 0.01
    options.dyn_num_trials_multiplier = 1.0
    found = pycolmap.estimate_affine2d_robust(pair.source, pair.target, options)
    if found is None:
        return _estimate(None, None, pair)
    matrices = [value for value in found.values() if np.ndim(value) == 2]
    return _estimate(matrices[0], found["inlier_mask"], pair)


def skimage_affine(pair: Pair, num_trials: int) -> Estimate:
    """As DELF verifies: every trial is run."""
    from skimage.measure import ransac
    from skimage.transform import AffineTransform

    model, mask = ransac(
        (pair.source, pair.target),
        AffineTransform,
        min_samples=3,
        residual_threshold=MAX_ERROR,
        max_trials=num_trials,
        stop_probability=1,
        rng=0,
    )
    return _estimate(None if model is None else model.params, mask, pair)


def _estimate(matrix: Any, mask: Any, pair: Pair) -> Estimate:
    inliers = np.zeros(len(pair.source), np.bool_)
    if mask is not None and np.size(mask) == len(inliers):
        inliers = np.asarray(mask).ravel().astype(np.bool_)
    if matrix is None or np.size(matrix) == 0 or not np.isfinite(matrix).all():
        return None, inliers
    matrix = np.asarray(matrix, np.float64)
    return (np.vstack([matrix, [0, 0, 1]]) if matrix.shape == (2, 3) else matrix), inliers
