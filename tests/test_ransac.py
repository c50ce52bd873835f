import math
from dataclasses import fields
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastdct.ops import RansacResult, ransac
from fastdct.reference import matching as reference

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


# What is found


@given(SEEDS, st.integers(4, 60), st.sampled_from([0.0, 1e4, -1e4]))
def test_exact_without_noise(seed, num_matches, offset):
    source, target, model = planted(
        np.random.default_rng(seed), num_matches=num_matches, num_inliers=num_matches, offset=offset
    )
    found = verify(source, target, max_error=0.5, seed=seed)
    assert found["num_inliers"] == found["num_one_to_one"] == num_matches
    assert found["score"] == pytest.approx(num_matches, abs=num_matches * 2**-16)
    np.testing.assert_allclose(apply(found["model"], source), target, atol=1e-6)
    if num_matches > 10:  # few points may lie nearly on a line, which leaves the model open across it
        np.testing.assert_allclose(found["model"][:, :2], model[:, :2], atol=1e-6)


@pytest.mark.parametrize(("ratio", "max_iterations"), [(0.5, 1000), (0.2, 5000)])
@pytest.mark.parametrize("offset", [0.0, 1e4])
def test_planted_model_among_outliers(ratio, max_iterations, offset):
    rng = np.random.default_rng(7)
    for _ in range(20):
        num_matches = int(rng.integers(50, 300))
        num_inliers = round(ratio * num_matches)
        source, target, model = planted(
            rng, num_matches=num_matches, num_inliers=num_inliers, noise=1.0, offset=offset
        )
        found = verify(source, target, max_error=5.0, max_iterations=max_iterations, confidence=0.9999)
        assert found["inlier_mask"][:num_inliers].mean() > 0.95
        assert found["num_inliers"] <= num_inliers * 1.1 + 3
        error = apply(found["model"], source[:num_inliers]) - apply(model, source[:num_inliers])
        assert np.sqrt((error**2).sum(axis=1).mean()) < 2.0


@given(SEEDS, st.floats(0.5, 20.0))
def test_numbers_equal_a_plain_recount_of_the_model(seed, max_error):
    rng = np.random.default_rng(seed)
    source, target, _ = planted(rng, num_matches=60, num_inliers=30, noise=2.0)
    source[40:] = source[rng.integers(0, 60, 20)]  # keypoints in several matches
    target[30:50] = target[rng.integers(0, 60, 20)]
    found = verify(source, target, max_error=max_error, seed=seed)
    if found["num_inliers"] == 0:
        assert np.isnan(found["model"]).all()
        return
    squared = reference.squared_residuals(found["model"], source, target)
    mask = reference.inlier_mask(squared, max_error=max_error)
    np.testing.assert_array_equal(found["inlier_mask"], mask)
    assert found["num_inliers"] == mask.sum()
    assert found["score"] == reference.score(squared, max_error=max_error)
    assert found["num_one_to_one"] == reference.num_one_to_one(squared, source, target, max_error=max_error)


def test_least_squares_beats_the_samples():
    rng = np.random.default_rng(3)
    source, target, model = planted(rng, num_matches=200, num_inliers=200, noise=1.0)
    found = verify(source, target, max_error=8.0)
    fitted, *_ = np.linalg.lstsq(np.hstack([source, np.ones((200, 1))]), target, rcond=None)
    assert found["num_inliers"] == 200
    np.testing.assert_allclose(found["model"], fitted.T, atol=1e-9)
    assert np.abs(apply(found["model"], source) - apply(model, source)).max() < 0.5


# What it must not depend on


@given(SEEDS, st.integers(1, 5))
@settings(max_examples=25)
def test_threads_order_and_batch_size_change_nothing(seed, num_threads):
    rng = np.random.default_rng(seed)
    source, target, offsets = ragged_batch(rng)
    result = ransac(source, target, offsets, max_error=4.0, seed=seed)
    assert_same(result, ransac(source, target, offsets, max_error=4.0, seed=seed, num_threads=num_threads))

    order = rng.permutation(len(offsets) - 1)
    rows = [np.arange(offsets[p], offsets[p + 1]) for p in order]
    moved = np.concatenate(rows)
    shuffled = ransac(
        source[moved], target[moved], np.cumsum([0, *map(len, rows)]), max_error=4.0, seed=seed, num_threads=2
    )
    np.testing.assert_array_equal(shuffled.inlier_mask, result.inlier_mask[moved])
    for name in PER_PAIR:
        np.testing.assert_array_equal(getattr(shuffled, name), getattr(result, name)[order], err_msg=name)

    for pair, (first, last) in enumerate(pairwise(offsets)):
        alone = verify(source[first:last], target[first:last], max_error=4.0, seed=seed)
        np.testing.assert_array_equal(alone["inlier_mask"], result.inlier_mask[first:last])
        for name in PER_PAIR:
            np.testing.assert_array_equal(alone[name], getattr(result, name)[pair], err_msg=name)


def test_seed_chooses_the_hypotheses():
    source, target, _ = planted(np.random.default_rng(0), num_matches=80, num_inliers=0)
    models = [
        verify(source, target, max_error=20.0, max_iterations=50, seed=seed)["model"]
        for seed in (0, 0, 1, 2**63)
    ]
    np.testing.assert_array_equal(models[0], models[1])
    assert not np.array_equal(models[0], models[2])
    assert not np.array_equal(models[0], models[3])


def test_inputs_are_not_modified():
    source, target, offsets = ragged_batch(np.random.default_rng(1))
    copies = [array.copy() for array in (source, target, offsets)]
    for array in (source, target, offsets):
        array.flags.writeable = False
    ransac(source, target, offsets, max_error=4.0)
    for array, copy in zip((source, target, offsets), copies, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_strided_and_float32_inputs_are_the_same_matches():
    source, target, offsets = ragged_batch(np.random.default_rng(2))
    source, target = source.astype(np.float32), target.astype(np.float32)
    wide = np.repeat(source, 2, axis=1)
    expected = ransac(source.astype(np.float64), target.astype(np.float64), offsets, max_error=4.0)
    assert_same(
        expected, ransac(wide[:, ::2], np.asfortranarray(target), offsets.astype(np.int32), max_error=4.0)
    )


# Stopping


@given(SEEDS, st.integers(6, 200), st.floats(0.05, 1.0), st.floats(0.5, 0.9999))
def test_stops_when_the_closed_form_says(seed, num_matches, ratio, confidence):
    source, target, _ = planted(
        np.random.default_rng(seed), num_matches=num_matches, num_inliers=round(ratio * num_matches)
    )
    limit = 20_000
    found = verify(source, target, max_error=1.0, max_iterations=limit, confidence=confidence, seed=seed)
    required = reference.required_iterations(int(found["num_inliers"]), num_matches, confidence=confidence)
    # One hypothesis more or less where the quotient of logarithms is all but an integer.
    assert min(required - 1, limit) <= found["num_iterations"] <= limit
    # It draws on only until the model has been found: one iteration before, there was a worse one, or one that polishing
    # led to the same fit.
    if found["num_iterations"] > required + 1:
        before = verify(
            source,
            target,
            max_error=1.0,
            max_iterations=int(found["num_iterations"]) - 1,
            confidence=confidence,
            seed=seed,
        )
        assert found["num_iterations"] == limit or before["score"] <= found["score"]


def test_full_confidence_never_stops_early():
    source, target, _ = planted(np.random.default_rng(0), num_matches=30, num_inliers=20)
    assert verify(source, target, confidence=1.0, max_iterations=777)["num_iterations"] == 777
    source, target, _ = planted(np.random.default_rng(0), num_matches=30, num_inliers=30)
    assert verify(source, target, max_iterations=777)["num_iterations"] == 1


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
