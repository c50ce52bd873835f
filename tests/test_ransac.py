"""RANSAC: what is found, and that it is always the same."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastdct.ops import ransac
from fastdct.reference import matching as reference
from planted import PER_PAIR, SEEDS, apply, assert_same, planted, ragged_batch, verify

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
