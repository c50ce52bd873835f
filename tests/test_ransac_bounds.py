"""RANSAC: implausible maps, degenerate matches and wrong arguments."""

import math
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given

from fastdct.ops import RansacResult, ransac
from planted import SEEDS, assert_same, planted, ragged_batch, verify

# Plausibility


def mapped(linear, *, num_matches=40, seed=0):
    source = np.random.default_rng(seed).uniform(0, 100, (num_matches, 2))
    return source, source @ np.array(linear, float).T


@pytest.mark.parametrize(
    ("linear", "widened"),
    [
        ([[-1, 0], [0, 1]], {"allow_reflection": True}),
        ([[6, 0], [0, 6]], {"scale_range": (0.1, 10)}),
        ([[6, 0], [0, 6]], {"scale_range": None}),
        ([[0.1, 0], [0, 0.1]], {"scale_range": (0.05, 1)}),
        ([[3, 0], [0, 0.5]], {"max_anisotropy": 7}),
        ([[3, 0], [0, 0.5]], {"max_anisotropy": None}),
        ([[30, 0], [0, -0.5]], {"max_anisotropy": None, "scale_range": None, "allow_reflection": True}),
    ],
)
def test_implausible_maps_are_rejected_unless_allowed(linear, widened):
    source, target = mapped(linear)
    assert verify(source, target, max_error=0.01)["num_inliers"] < 10
    found = verify(source, target, max_error=0.01, **widened)
    assert found["num_inliers"] == len(source)
    np.testing.assert_allclose(found["model"][:, :2], linear, atol=1e-6)


@given(SEEDS)
def test_found_models_are_within_the_bounds(seed):
    source, target, _ = planted(np.random.default_rng(seed), num_matches=30, num_inliers=0)
    model = verify(source, target, max_error=100.0, scale_range=(0.8, 1.2), max_anisotropy=1.5)["model"]
    if not np.isnan(model).any():
        large, small = np.linalg.svd(model[:, :2], compute_uv=False)
        assert np.linalg.det(model[:, :2]) > 0
        assert 0.8 * (1 - 1e-9) <= math.sqrt(large * small) <= 1.2 * (1 + 1e-9)
        assert large / small <= 1.5 * (1 + 1e-9)


# Degenerate matches


@pytest.mark.parametrize("num_matches", [0, 1, 2, 3])
def test_fewer_than_four_matches_verify_nothing(num_matches):
    points = np.random.default_rng(0).uniform(0, 100, (num_matches, 2))
    found = verify(points, points)
    assert found["num_inliers"] == found["num_one_to_one"] == found["score"] == found["num_iterations"] == 0
    assert np.isnan(found["model"]).all()
    assert found["inlier_mask"].shape == (num_matches,)
    assert not found["inlier_mask"].any()


def test_no_pairs():
    result = ransac(np.empty((0, 2)), np.empty((0, 2)), [0], max_error=1.0)
    assert result.model.shape == (0, 2, 3)
    assert result.num_inliers.shape == result.inlier_mask.shape == (0,)


@pytest.mark.parametrize(("slope", "offset"), [(0.0, 0.0), (0.37, 1e4), (3.0, -1e4)])
def test_collinear_matches_have_no_model(slope, offset):
    x = np.random.default_rng(0).uniform(0, 1000, 50)
    line = np.stack([x, slope * x], axis=1) + offset
    plane = np.random.default_rng(1).uniform(0, 1000, (50, 2))
    for source, target in ((line, line), (line, plane), (plane, line)):
        found = verify(source, target, scale_range=None, max_anisotropy=None, allow_reflection=True)
        assert found["num_inliers"] == 0
        assert np.isnan(found["model"]).all()


def test_duplicate_matches_are_one_piece_of_evidence():
    point = np.full((20, 2), 5.0)
    assert verify(point, point)["num_inliers"] == 0
    corners = np.repeat([[0.0, 0.0], [100.0, 0.0], [0.0, 100.0]], 10, axis=0)
    found = verify(corners, corners)
    assert found["num_inliers"] == 30
    assert found["num_one_to_one"] == 3


def test_one_point_takes_one_match():
    rng = np.random.default_rng(0)
    source = rng.uniform(0, 1000, (60, 2))
    target = np.repeat(source[:1], 60, axis=0)
    target[:20] = source[:20]
    source[20:] = source[0] + rng.uniform(-5, 5, (40, 2))  # forty matches around the one at source[0]
    found = verify(source, target, max_error=10.0)
    assert found["num_inliers"] == 60
    assert found["num_one_to_one"] == 20


def test_bounds_keep_a_cluster_from_winning():
    """A map that shrinks the image into a cluster of targets explains more matches than the true one."""
    rng = np.random.default_rng(0)
    source = rng.uniform(0, 1000, (60, 2))
    target = 500 + rng.uniform(-4, 4, (60, 2))
    target[:20] = source[:20]
    true = np.arange(60) < 20
    collapsed = verify(source, target, max_error=10.0, scale_range=None, max_anisotropy=None)["inlier_mask"]
    assert collapsed[~true].all()
    bounded = verify(source, target, max_error=10.0)["inlier_mask"]
    assert bounded[true].all()
    assert bounded[~true].sum() <= 3


def test_huge_coordinates_are_harmless():
    rng = np.random.default_rng(0)
    source = rng.uniform(-1, 1, (30, 2)) * 10.0 ** rng.integers(-300, 300, (30, 1))
    for bounds in ({}, {"scale_range": None, "max_anisotropy": None}):
        assert 0 <= verify(source, source[::-1], **bounds)["num_inliers"] <= 30


# Arguments


def test_tensors_in_tensors_out():
    torch = pytest.importorskip("torch")
    source, target, offsets = ragged_batch(np.random.default_rng(4))
    expected = ransac(source, target, offsets, max_error=4.0)
    tensors = [torch.from_numpy(array) for array in (source, target, offsets)]
    found = ransac(tensors[0].requires_grad_(), *tensors[1:], max_error=torch.tensor(4.0))
    assert all(isinstance(getattr(found, field.name), torch.Tensor) for field in fields(found))
    assert repr(found) == repr(expected)
    assert_same(RansacResult(*(getattr(found, field.name).numpy() for field in fields(found))), expected)


def test_repr_prints_shapes():
    source, target, offsets = ragged_batch(np.random.default_rng(0), num_pairs=5)
    text = repr(ransac(source, target, offsets, max_error=1.0))
    assert text.startswith("RansacResult(num_inliers=int32[5], num_one_to_one=int32[5], score=float64[5]")
    assert f"model=float64[5, 2, 3], inlier_mask=bool[{len(source)}]" in text


def test_max_error_may_differ_by_pair():
    source, target, _ = planted(np.random.default_rng(0), num_matches=50, num_inliers=50, noise=3.0)
    result = ransac(
        np.vstack([source, source]),
        np.vstack([target, target]),
        [0, 50, 100],
        max_error=np.array([1.0, 20.0]),
    )
    assert result.num_inliers[0] == verify(source, target, max_error=1.0)["num_inliers"] < 50
    assert result.num_inliers[1] == 50


POINTS = np.random.default_rng(0).uniform(0, 10, (6, 2))


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"source": np.zeros((6, 3))}, ValueError, r"source must be \[rows, 2\], not \[6, 3\]"),
        ({"source": np.zeros(6)}, ValueError, r"source must be \[rows, 2\], not \[6\]"),
        ({"target": np.zeros((5, 2))}, ValueError, "row for each match, not 6 and 5"),
        ({"source": POINTS.astype(complex)}, TypeError, "source must hold .* not complex128"),
        ({"source": np.array([["a", "b"]] * 6)}, TypeError, "source must hold"),
        (
            {"target": np.where(np.arange(6)[:, None] == 4, np.nan, POINTS)},
            ValueError,
            r"target\[4\] is .*finite",
        ),
        (
            {"source": np.where(np.arange(6)[:, None] == 2, np.inf, POINTS)},
            ValueError,
            r"source\[2\] is .*finite",
        ),
        ({"offsets": [0, 4, 2, 6]}, ValueError, r"offsets\[2\] = 2 < offsets\[1\] = 4"),
        ({"offsets": [0, 5]}, ValueError, "from 0 to 6, the rows of source, not from 0 to 5"),
        ({"offsets": [1, 6]}, ValueError, "not from 1 to 6"),
        ({"offsets": []}, TypeError, "offsets must hold integers"),
        ({"offsets": np.zeros(0, int)}, ValueError, r"offsets must be \[P \+ 1\]"),
        ({"offsets": [0.0, 6.0]}, TypeError, "offsets must hold integers, not float64"),
        ({"offsets": [[0, 6]]}, ValueError, r"not \[1, 2\]"),
        ({"max_error": 0.0}, ValueError, "max_error must be between .* it is 0.0 for pair 0"),
        ({"max_error": [1.0, math.nan], "offsets": [0, 3, 6]}, ValueError, "nan for pair 1"),
        ({"max_error": [1.0, 2.0]}, ValueError, r"or \[1\], one for each pair, not \[2\]"),
        ({"max_error": "3"}, TypeError, "max_error must be a number"),
        ({"max_iterations": 0}, ValueError, "max_iterations must be between 1"),
        ({"max_iterations": 10.0}, TypeError, "max_iterations must be an integer"),
        ({"confidence": 0.0}, ValueError, "confidence must be in"),
        ({"confidence": math.nan}, ValueError, "confidence must be in"),
        ({"seed": -1}, ValueError, "seed must be between"),
        ({"num_threads": 0}, ValueError, "num_threads must be between"),
        ({"scale_range": (2.0, 1.0)}, ValueError, "scale_range must be"),
        ({"max_anisotropy": 0.5}, ValueError, "max_anisotropy must be at least 1"),
    ],
)
def test_wrong_arguments_are_named(changes, error, message):
    arguments = {"source": POINTS, "target": POINTS, "offsets": [0, 6], "max_error": 1.0} | changes
    with pytest.raises(error, match=message):
        ransac(arguments.pop("source"), arguments.pop("target"), arguments.pop("offsets"), **arguments)


def test_tensors_elsewhere_are_refused():
    torch = pytest.importorskip("torch")
    with pytest.raises(ValueError, match="source is on meta"):
        ransac(torch.zeros((4, 2), device="meta"), np.zeros((4, 2)), [0, 4], max_error=1.0)
