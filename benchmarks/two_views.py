"""Made pairs of images: tentative matches of which some obey a known map, with noise, and the others nothing.

Sizes as retrieval has them: sides of 448 to 1024 pixels, 50 to 300 matches (at least 8 true ones), noise of 1 to 3 pixels. The
true matches lie in one region, the others anywhere. Maps turn by up to 35 degrees, scale by up to 2, stretch by up to 1.5.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Pair:
    """Matches [n, 2] x 2; which are true [n]; true keypoints without noise [k, 2] x 2; frames for one-point sampling."""

    source: Floats
    target: Floats
    is_true: NDArray[np.bool_]
    clean_source: Floats
    clean_target: Floats
    source_frames: Floats  # [n, 2] scale, angle
    target_frames: Floats


@dataclass(frozen=True)
class Recipe:
    ratio: float  # of true matches
    num_matches: tuple[int, int] = (50, 300)
    perspective: float | None = None  # largest, per pixel; None: affine
    max_stretch: float = 1.5
    cluster: float = 0.0  # part of the false matches that run into one place, 8 pixels wide


RECIPES = {
    "r50": Recipe(0.5),
    "r20": Recipe(0.2),
    "r05": Recipe(0.05),
    "r00": Recipe(0.0),
    "m21": Recipe(0.0, cluster=0.3),
    "large r50": Recipe(0.5, (300, 1000)),
    "large r20": Recipe(0.2, (300, 1000)),
    "large r05": Recipe(0.05, (300, 1000)),
    "large r00": Recipe(0.0, (300, 1000)),
    "homography r50": Recipe(0.5, perspective=1.5e-4),
    "homography r20": Recipe(0.2, perspective=1.5e-4),
    "hard r50": Recipe(0.5, perspective=8e-4, max_stretch=3.5),
    "hard r30": Recipe(0.3, perspective=8e-4, max_stretch=3.5),
    "hard r20": Recipe(0.2, perspective=8e-4, max_stretch=3.5),
}
MIXED = {"r50": 10, "r20": 10, "r05": 10, "r00": 70}
"""A shortlist of 100: how many candidates of which kind."""


def make(name: str, *, num_pairs: int = 100, seed: int = 0) -> list[Pair]:
    """Pairs of a recipe, or for ``"mixed"`` a whole shortlist."""
    if name == "mixed":
        return [pair for part, count in MIXED.items() for pair in make(part, num_pairs=count, seed=seed + 50)]
    rng = np.random.default_rng([seed, sorted(RECIPES).index(name)])
    return [make_pair(rng, RECIPES[name]) for _ in range(num_pairs)]


def make_pair(rng: np.random.Generator, recipe: Recipe) -> Pair:
    sizes = rng.integers(448, 1025, (2, 2)).astype(float)  # (width, height) of source and target
    low, high = recipe.num_matches
    if recipe.ratio > 0:
        low = max(low, int(np.ceil(8 / recipe.ratio)))
    num_matches = int(rng.integers(low, high + 1))
    num_true = round(recipe.ratio * num_matches)
    matrix, source = _map_and_points(rng, recipe, sizes, num_true)
    clean_target = project(matrix, source)
    noise = rng.normal(0, rng.uniform(1, 3), clean_target.shape)
    outliers = rng.uniform(0, 1, (2, num_matches - num_true, 2)) * sizes[:, None]
    in_cluster = int(recipe.cluster * (num_matches - num_true))
    outliers[1, :in_cluster] = sizes[1] * rng.uniform(0.1, 0.9, 2) + rng.uniform(-4, 4, (in_cluster, 2))
    order = rng.permutation(num_matches)
    all_source = np.vstack([source, outliers[0]])
    frames = _frames(rng, matrix, all_source, num_true)
    return Pair(
        all_source[order],
        np.vstack([clean_target + noise, outliers[1]])[order],
        (np.arange(num_matches) < num_true)[order],
        source,
        clean_target,
        *(frame[order] for frame in frames),
    )


def project(matrix: Floats, points: Floats) -> Floats:
    with np.errstate(all="ignore"):
        image = np.c_[points, np.ones(len(points))] @ matrix.T
        return np.asarray(image[:, :2] / image[:, 2:])


def _map_and_points(
    rng: np.random.Generator, recipe: Recipe, sizes: Floats, num_true: int
) -> tuple[Floats, Floats]:
    """A map [3, 3] and points of one region of the source that it takes into the target."""
    linear = _linear(rng, recipe.max_stretch)
    while True:
        middles = sizes * rng.uniform(0.35, 0.65, (2, 2))
        matrix = np.eye(3)
        matrix[:2, :2] = linear
        if recipe.perspective is not None:
            matrix[2, :2] = rng.uniform(-recipe.perspective, recipe.perspective, 2)
        matrix = _shift(middles[1]) @ matrix @ _shift(-middles[0])
        points = rng.uniform(0, 1, (20 * num_true + 200, 2)) * sizes[0]
        near = np.abs(points - middles[0]) < sizes[0] * rng.uniform(0.35, 0.9) / 2
        points = points[near.all(axis=1)]
        image = project(matrix, points)
        inside = ((image > 0) & (image < sizes[1])).all(axis=1)
        if recipe.perspective is not None:
            inside &= np.c_[points, np.ones(len(points))] @ matrix[2] > 0
        if inside.sum() >= num_true:
            return matrix, points[inside][:num_true]


def _linear(rng: np.random.Generator, max_stretch: float) -> Floats:
    turn, axis = np.deg2rad(rng.uniform(-35, 35)), rng.uniform(0, np.pi)
    scale, stretch = 2 ** rng.uniform(-1, 1), np.sqrt(max_stretch ** rng.uniform(0, 1))
    return np.asarray(
        scale * _rotation(turn) @ _rotation(-axis) @ np.diag([stretch, 1 / stretch]) @ _rotation(axis)
    )


def _rotation(angle: float) -> Floats:
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def _shift(by: Floats) -> Floats:
    matrix = np.eye(3)
    matrix[:2, 2] = by
    return matrix


def _frames(rng: np.random.Generator, matrix: Floats, points: Floats, num_true: int) -> tuple[Floats, Floats]:
    """Scales and angles of keypoints, those of true matches told to 10 % and 5 degrees, the others anything."""
    count = len(points)
    scales, angles = 2 ** rng.uniform(1, 5, count), rng.uniform(-np.pi, np.pi, count)
    steps = 1e-3 * np.stack([np.c_[np.cos(angles), np.sin(angles)], np.c_[-np.sin(angles), np.cos(angles)]])
    along, across = (project(matrix, points + step) - project(matrix, points) for step in steps)
    area = np.abs(along[:, 0] * across[:, 1] - along[:, 1] * across[:, 0]) / 1e-6
    ratio = np.sqrt(area) * np.exp(rng.normal(0, 0.1, count))
    turned = np.arctan2(along[:, 1], along[:, 0]) + np.deg2rad(rng.normal(0, 5, count))
    ratio[num_true:] = 2 ** rng.uniform(-1, 1, count - num_true)
    turned[num_true:] = rng.uniform(-np.pi, np.pi, count - num_true)
    return np.c_[scales, angles], np.c_[scales * ratio, turned]


def joined(pairs: list[Pair]) -> dict[str, Any]:
    """All pairs ragged, as `fastdct.ops.ransac` takes them."""
    return {
        "source": np.concatenate([pair.source for pair in pairs]),
        "target": np.concatenate([pair.target for pair in pairs]),
        "offsets": np.cumsum([0, *(len(pair.source) for pair in pairs)]),
        "source_frames": np.concatenate([pair.source_frames for pair in pairs]),
        "target_frames": np.concatenate([pair.target_frames for pair in pairs]),
    }
