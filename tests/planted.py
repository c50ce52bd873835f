"""Matches of which some obey a map that is known, and how they are verified."""

import math
from dataclasses import fields

import numpy as np
from hypothesis import strategies as st

from fastdct.ops import RansacResult, ransac

SEEDS = st.integers(0, 2**32 - 1)
PER_PAIR = ("num_inliers", "num_one_to_one", "score", "model", "num_iterations")


def affine(rng, *, max_scale=2.0, max_anisotropy=1.5):
    """A map [2, 3] that a camera could make: rotation, scale, and stretch along one direction, then a shift."""

    def rotation(angle):
        return np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])

    scale = max_scale ** rng.uniform(-1, 1)
    stretch = math.sqrt(rng.uniform(1, max_anisotropy))
    turn, axis = rng.uniform(0, 2 * math.pi, 2)
    linear = scale * rotation(turn) @ rotation(-axis) @ np.diag([stretch, 1 / stretch]) @ rotation(axis)
    return np.hstack([linear, rng.uniform(-200, 200, (2, 1))])


def apply(model, points):
    return points @ model[:, :2].T + model[:, 2]


def planted(rng, *, num_matches, num_inliers, noise=0.0, offset=0.0):
    """Matches [K, 2] x 2 of which the first ``num_inliers`` obey the returned model, the others nothing."""
    model = affine(rng)
    source = rng.uniform(0, 1000, (num_matches, 2))
    target = rng.uniform(0, 1000, (num_matches, 2))
    target[:num_inliers] = apply(model, source[:num_inliers]) + rng.normal(0, noise, (num_inliers, 2))
    model[:, 2] += offset - model[:, :2] @ [offset, offset]
    return source + offset, target + offset, model


def verify(source, target, **options):
    """One pair; fields without the batch axis."""
    result = ransac(source, target, [0, len(source)], **({"max_error": 3.0} | options))
    return {name: getattr(result, name)[0] for name in PER_PAIR} | {"inlier_mask": result.inlier_mask}


def ragged_batch(rng, num_pairs=12):
    pairs = [
        planted(rng, num_matches=n, num_inliers=n // 3, noise=1.0)[:2]
        for n in rng.integers(0, 90, num_pairs).tolist()
    ]
    offsets = np.cumsum([0, *(len(source) for source, _ in pairs)])
    return np.vstack([s for s, _ in pairs]), np.vstack([t for _, t in pairs]), offsets


def assert_same(first: RansacResult, second: RansacResult):
    for field in fields(RansacResult):
        np.testing.assert_array_equal(
            getattr(first, field.name), getattr(second, field.name), err_msg=field.name
        )
