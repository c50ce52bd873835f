"""Models other than the affine one, ways of sampling, padded pairs, and what must be the same on every machine."""

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
SAMPLE_SIZE = {"similarity": 2, "affine": 3, "homography": 4, "fundamental": 7}
KINDS = list(SAMPLE_SIZE)


def rotation(angle):
    return np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])


def plane_map(rng, kind):
    """A map [3, 3] of points about (500, 400) that a camera could make."""
    linear = 2 ** rng.uniform(-1, 1) * rotation(rng.uniform(0, 2 * math.pi))
    if kind != "similarity":
        stretch = math.sqrt(rng.uniform(1, 1.5))
        linear = linear @ np.diag([stretch, 1 / stretch])
    centred = np.eye(3)
    centred[:2, :2] = linear
    if kind == "homography":
        centred[2, :2] = rng.uniform(-4e-4, 4e-4, 2)
    there, back = np.eye(3), np.eye(3)
    there[:2, 2], back[:2, 2] = (450, 380), (-500, -400)
    return there @ centred @ back


def project(matrix, points):
    image = np.c_[points, np.ones(len(points))] @ matrix.T
    return image[:, :2] / image[:, 2:]


def two_views(rng, num_points):
    """Points before two cameras: their images [n, 2] x 2 obey a fundamental matrix, and no plane map."""
    camera = np.array([[800.0, 0, 500], [0, 800, 400], [0, 0, 1]])
    points = np.c_[rng.uniform(-3, 3, (num_points, 2)), rng.uniform(4, 12, num_points)]
    turn = rng.uniform(-0.2, 0.2, 3)
    x, y, z = turn
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    moved = points @ (np.eye(3) + cross + cross @ cross / 2).T + rng.uniform(-1, 1, 3)
    images = [points_before @ camera.T for points_before in (points, moved)]
    return tuple(image[:, :2] / image[:, 2:] for image in images)


def planted(rng, kind, *, num_matches, num_inliers, noise=0.0, offset=0.0):
    """Matches [K, 2] x 2 of which the first ``num_inliers`` obey a model, the others nothing."""
    if kind == "fundamental":
        source, target = two_views(rng, num_matches)
    else:
        source = rng.uniform(0, 1000, (num_matches, 2)) * [1, 0.8]
        target = project(plane_map(rng, kind), source)
    target = target + rng.normal(0, noise, target.shape)
    target[num_inliers:] = rng.uniform(0, 1000, (num_matches - num_inliers, 2)) * [1, 0.8]
    return source + offset, target + offset


def verify(source, target, **options):
    return ransac(source, target, [0, len(source)], **({"max_error": 3.0} | options))


def assert_same(first: RansacResult, second: RansacResult):
    for field in fields(RansacResult):
        np.testing.assert_array_equal(
            getattr(first, field.name), getattr(second, field.name), err_msg=field.name
        )


def ragged(rng, kind, num_pairs=10):
    sizes = rng.integers(0, 80, num_pairs)
    pairs = [planted(rng, kind, num_matches=n, num_inliers=n // 2, noise=1.0) for n in sizes.tolist()]
    return (
        np.vstack([s for s, _ in pairs]),
        np.vstack([t for _, t in pairs]),
        np.cumsum([0, *sizes]),
    )


@pytest.mark.parametrize("offset", [0.0, 1e4])
@pytest.mark.parametrize("kind", KINDS)
def test_exact_without_noise(kind, offset):
    rng = np.random.default_rng(1)
    for _ in range(20):
        source, target = planted(rng, kind, num_matches=40, num_inliers=40, offset=offset)
        found = verify(source, target, model=kind, max_error=0.5)
        assert found.num_inliers[0] == 40
        squared = reference.squared_residuals(found.model[0], source, target, kind=kind)
        assert np.sqrt(squared.max()) < 1e-5


@pytest.mark.parametrize("kind", KINDS)
def test_planted_model_among_outliers(kind):
    rng = np.random.default_rng(2)
    for _ in range(10):
        source, target = planted(rng, kind, num_matches=150, num_inliers=75, noise=0.7)
        found = verify(source, target, model=kind, max_iterations=20_000, confidence=0.999)
        assert found.inlier_mask[:75].mean() > 0.95
        if kind != "fundamental":  # whose residual is blind along a line: a tenth of outliers agree by chance
            assert found.inlier_mask[75:].sum() <= 4


@given(SEEDS, st.sampled_from(KINDS), st.floats(0.5, 20.0))
@settings(max_examples=60)
def test_numbers_equal_a_plain_recount_of_the_model(seed, kind, max_error):
    rng = np.random.default_rng(seed)
    source, target = planted(rng, kind, num_matches=50, num_inliers=30, noise=1.0)
    target[30:40] = target[rng.integers(0, 50, 10)]  # keypoints in several matches
    found = verify(source, target, model=kind, max_error=max_error, seed=seed)
    if found.num_inliers[0] == 0:
        assert np.isnan(found.model).all()
        return
    squared = reference.squared_residuals(found.model[0], source, target, kind=kind)
    mask = reference.inlier_mask(squared, max_error=max_error)
    np.testing.assert_array_equal(found.inlier_mask, mask)
    assert found.num_inliers[0] == mask.sum()
    assert found.score[0] == reference.score(squared, max_error=max_error)
    assert found.num_one_to_one[0] == reference.num_one_to_one(squared, source, target, max_error=max_error)


@given(SEEDS, st.sampled_from(KINDS))
@settings(max_examples=30)
def test_stops_when_the_closed_form_says(seed, kind):
    rng = np.random.default_rng(seed)
    num_matches = int(rng.integers(12, 100))
    source, target = planted(rng, kind, num_matches=num_matches, num_inliers=num_matches // 2 + 1)
    limit = 5000
    found = verify(source, target, model=kind, max_iterations=limit, confidence=0.95, max_error=0.5)
    required = reference.required_iterations(
        int(found.num_inliers[0]), num_matches, confidence=0.95, sample_size=SAMPLE_SIZE[kind]
    )
    assert min(required - 1, limit) <= found.num_iterations[0] <= 2 * limit


@pytest.mark.parametrize("kind", KINDS)
def test_threads_order_batch_size_and_padding_change_nothing(kind):
    rng = np.random.default_rng(3)
    source, target, offsets = ragged(rng, kind)
    options = {"max_error": 4.0, "model": kind, "max_iterations": 300}
    result = ransac(source, target, offsets, **options)
    assert_same(result, ransac(source, target, offsets, num_threads=3, **options))
    for pair, (first, last) in enumerate(pairwise(offsets)):
        alone = ransac(source[first:last], target[first:last], [0, last - first], **options)
        np.testing.assert_array_equal(alone.inlier_mask, result.inlier_mask[first:last])
        for name in ("num_inliers", "num_one_to_one", "score", "model", "num_iterations"):
            np.testing.assert_array_equal(getattr(alone, name)[0], getattr(result, name)[pair])

    mask = rng.random((len(offsets) - 1, 120)).argsort(axis=1) < np.diff(offsets)[:, None]  # [P, N]
    padded = np.full((2, *mask.shape, 2), np.nan)
    padded[0][mask], padded[1][mask] = source, target
    found = ransac(*padded, mask=mask, **options)
    np.testing.assert_array_equal(found.inlier_mask[mask], result.inlier_mask)
    assert not found.inlier_mask[~mask].any()
    np.testing.assert_array_equal(found.model, result.model)


@pytest.mark.parametrize("level", ["portable", "avx2"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_instruction_set_finds_the_same(monkeypatch, kind, level):
    rng = np.random.default_rng(4)
    source, target, offsets = ragged(rng, kind)
    options = {"max_error": 4.0, "model": kind, "max_iterations": 200}
    expected = ransac(source, target, offsets, **options)
    monkeypatch.setenv("FASTDCT_CPU", level)
    assert_same(ransac(source, target, offsets, **options), expected)


@pytest.mark.parametrize("kind", KINDS)
def test_no_more_matches_than_a_sample_verify_nothing(kind):
    rng = np.random.default_rng(5)
    source, target = planted(rng, kind, num_matches=20, num_inliers=20)
    size = SAMPLE_SIZE[kind]
    for num_matches in range(size + 1):
        assert verify(source[:num_matches], target[:num_matches], model=kind).num_inliers.tolist() == [0]
    if kind != "fundamental":  # least squares needs eight matches, chance no more than seven
        assert verify(source[: size + 1], target[: size + 1], model=kind).num_inliers.tolist() == [size + 1]


@pytest.mark.parametrize("kind", KINDS)
def test_degenerate_matches_are_harmless(kind):
    rng = np.random.default_rng(6)
    points = rng.uniform(0, 1000, (40, 2))
    line = np.c_[points[:, 0], 0.5 * points[:, 0]]
    same = np.full((40, 2), 7.0)
    wild = points * 10.0 ** rng.integers(-300, 300, (40, 1))
    for source, target in (
        (line, line),
        (line, points),
        (same, points),
        (points, same),
        (wild, points[::-1]),
    ):
        found = verify(source, target, model=kind, scale_range=None, max_anisotropy=None)
        assert 0 <= found.num_one_to_one[0] <= found.num_inliers[0] <= 40
    if kind in ("affine", "homography"):
        assert verify(line, line, model=kind).num_inliers.tolist() == [0]
    assert verify(same, points, model="similarity").num_inliers.tolist() == [0]


@pytest.mark.parametrize("kind", ["affine", "homography"])
def test_reflections_are_rejected_unless_allowed(kind):
    source = np.random.default_rng(7).uniform(0, 1000, (60, 2))
    target = source * [-1, 1] + [1000, 0]
    assert verify(source, target, model=kind).num_inliers[0] < 12
    assert verify(source, target, model=kind, allow_reflection=True).num_inliers[0] == 60


# Sampling


def test_prosac_finds_in_few_draws_what_is_best_first():
    rng = np.random.default_rng(8)
    for kind in KINDS:
        source, target = planted(rng, kind, num_matches=300, num_inliers=45, noise=0.5)
        quality = np.r_[rng.uniform(0.5, 1, 45), rng.uniform(0, 0.7, 255)]
        options = {"model": kind, "max_iterations": 300}
        found = verify(source, target, sampling="prosac", quality=quality, **options)
        assert found.inlier_mask[:45].mean() > 0.9, kind


def test_prosac_is_reproducible_and_ordered_by_quality_alone():
    rng = np.random.default_rng(9)
    source, target = planted(rng, "affine", num_matches=80, num_inliers=0)
    quality = rng.random(80)
    options = {"sampling": "prosac", "max_iterations": 100}
    found = verify(source, target, quality=quality, **options)
    assert_same(found, verify(source, target, quality=10 * quality - 3, **options))
    other = verify(source, target, quality=-quality, **options)
    assert not np.array_equal(found.model, other.model)


def frames(rng, source, num_inliers, *, model):
    """(scale, angle) of keypoints that turn with the map, noisily; of outliers anything."""
    n = len(source)
    sizes, angles = 2 ** rng.uniform(1, 5, n), rng.uniform(-math.pi, math.pi, n)
    ends = source + 1e-3 * np.c_[np.cos(angles), np.sin(angles)]
    arrow = project(model, ends) - project(model, source)
    scale = np.linalg.norm(arrow, axis=1) / 1e-3 * 2 ** rng.normal(0, 0.1, n)
    turned = np.arctan2(arrow[:, 1], arrow[:, 0]) + rng.normal(0, math.radians(5), n)
    scale[num_inliers:], turned[num_inliers:] = 1, rng.uniform(-math.pi, math.pi, n - num_inliers)
    return np.c_[sizes, angles], np.c_[sizes * scale, turned]


@pytest.mark.parametrize(("kind", "num_inliers"), [("similarity", 12), ("affine", 24), ("homography", 36)])
def test_one_point_finds_few_inliers_in_as_many_draws_as_matches(kind, num_inliers):
    """5, 10 and 15 % over the whole image: the farther the map is from a similarity, the more it takes."""
    found = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        model = plane_map(rng, kind)
        source = rng.uniform(0, 1000, (240, 2)) * [1, 0.8]
        target = project(model, source) + rng.normal(0, 1.0, (240, 2))
        target[num_inliers:] = rng.uniform(0, 1000, (240 - num_inliers, 2)) * [1, 0.8]
        source_frames, target_frames = frames(rng, source, num_inliers, model=model)
        result = verify(
            source,
            target,
            model=kind,
            sampling="one_point",
            source_frames=source_frames,
            target_frames=target_frames,
            max_error=8.0,
        )
        assert result.num_iterations[0] == 240
        found.append(result.inlier_mask[:num_inliers].mean() > 0.8)
    assert np.mean(found) >= 0.9


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"model": "projective"}, ValueError, "model 'projective' is not known: accepted are 'similarity'"),
        ({"sampling": "guess"}, ValueError, "sampling 'guess' is not known"),
        ({"sampling": "prosac"}, TypeError, "sampling 'prosac' needs quality"),
        ({"quality": np.ones(9)}, TypeError, "quality is not used by sampling 'uniform'"),
        ({"sampling": "prosac", "quality": np.ones(8)}, ValueError, "a row for each of the 9 matches, not 8"),
        ({"sampling": "one_point", "source_frames": np.ones((9, 2))}, TypeError, "needs target_frames"),
        (
            {"sampling": "one_point", "source_frames": np.ones((9, 2)), "target_frames": np.zeros((9, 2))},
            ValueError,
            "target_frames must hold .* positive scales",
        ),
        ({"model": "fundamental", "sampling": "one_point"}, ValueError, "tells no fundamental matrix"),
        ({"offsets": None}, TypeError, "offsets .* or mask .* must be given"),
        ({"mask": np.ones((1, 9), bool)}, TypeError, "must not both be given"),
        ({"mask": np.ones((1, 9)), "offsets": None}, TypeError, "mask must be of booleans, not float64"),
        ({"mask": np.ones((2, 9), bool), "offsets": None}, ValueError, r"source must be \[2, 9\] and more"),
    ],
)
def test_wrong_arguments_are_named(changes, error, message):
    arguments = {"offsets": [0, 9], "max_error": 1.0} | changes
    points = np.random.default_rng(0).uniform(0, 10, (9, 2))
    with pytest.raises(error, match=message):
        ransac(points, points, arguments.pop("offsets"), **arguments)
