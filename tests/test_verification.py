import dataclasses

import numpy as np
import pytest

from fastdct.retrieval import LocalFeatures, VerificationOptions, verify
from made import SPEC, features, unit

AFFINE = np.array([[0.9, -0.3, 40.0], [0.25, 1.1, -10.0]])


def seen_through(query, affine, *, height=300, width=400, noise=0.0, seed=0):
    """Features of a picture in which every point of ``query`` is where ``affine`` puts it."""
    random = np.random.default_rng(seed)
    points = (
        query.keypoints @ affine[:, :2].T
        + affine[:, 2]
        + noise * random.standard_normal(query.keypoints.shape)
    )
    shuffled = random.permutation(len(query))
    return dataclasses.replace(
        query,
        keypoints=points[shuffled].astype(np.float32),
        descriptors=unit(
            query.descriptors[shuffled] + 0.01 * random.standard_normal(query.descriptors.shape)
        ),
        height=height,
        width=width,
    )


@pytest.fixture
def query():
    spec = dataclasses.replace(SPEC, local_dim=32)
    return features(0, count=60, spec=spec, height=300, width=400)


def unlike(seed, query):
    spec = dataclasses.replace(SPEC, local_dim=query.descriptors.shape[1])
    return features(seed, count=60, spec=spec, height=300, width=400)


def test_a_planted_map_is_found_in_pixels(query):
    candidates = LocalFeatures.of(
        [("other", unlike(5, query)), ("same", seen_through(query, AFFINE, noise=0.5))]
    )
    result = verify(query, candidates, options=VerificationOptions(max_error=8))
    assert result.num_inliers[1] == 60
    assert result.num_inliers[0] < 15
    assert (np.abs(result.models[1] - AFFINE) < [0.01, 0.01, 1.0]).all()
    rows = slice(*result.offsets[1:3])
    assert result.offsets[-1] == len(result.points) == len(result.query_points)
    mapped = result.query_points[rows] @ AFFINE[:, :2].T + AFFINE[:, 2]
    assert np.abs(mapped - result.points[rows]).max() < 4


def test_the_threshold_does_not_depend_on_the_resolution(query):
    large = dataclasses.replace(query, keypoints=query.keypoints * 8, height=2400, width=3200)
    noisy = seen_through(query, AFFINE, noise=6.0)
    larger = dataclasses.replace(noisy, keypoints=noisy.keypoints * 4, height=1200, width=1600)
    small = verify(query, LocalFeatures.of([("c", noisy)]))
    big = verify(large, LocalFeatures.of([("c", larger)]))
    assert 12 <= small.num_inliers[0] == big.num_inliers[0]
    np.testing.assert_allclose(big.points, small.points * 4, rtol=1e-6)


def test_a_candidate_is_judged_alike_alone_and_in_a_batch(query):
    images = [(str(seed), unlike(seed, query)) for seed in range(1, 20)]
    images[7] = ("same", seen_through(query, AFFINE, noise=3.0))
    together = verify(query, LocalFeatures.of(images))
    for i, image in enumerate(images):
        alone = verify(query, LocalFeatures.of([image]))
        assert alone.num_inliers[0] == together.num_inliers[i]
        np.testing.assert_array_equal(alone.models[0], together.models[i])


def test_few_inliers_are_no_evidence(query):
    def first(count):
        return dataclasses.replace(
            query,
            **{
                name: getattr(query, name)[:count]
                for name in ("keypoints", "scales", "scores", "descriptors")
            },
        )

    candidates = LocalFeatures.of([(str(count), first(count)) for count in range(6)])
    result = verify(query, candidates, options=VerificationOptions(min_inliers=4))
    assert result.num_inliers.tolist() == [0, 0, 0, 0, 4, 5]
    assert verify(query, candidates, options=VerificationOptions(min_inliers=5)).num_inliers.tolist()[4:] == [
        0,
        5,
    ]
    assert np.diff(result.offsets).tolist() == result.num_inliers.tolist()


def test_three_inliers_cannot_be_made_evidence():
    with pytest.raises(ValueError, match="min_inliers must be more than 3"):
        VerificationOptions(min_inliers=3)


def test_nothing_to_compare_is_an_answer(query):
    none = features(3, count=0, spec=dataclasses.replace(SPEC, local_dim=32))
    assert verify(none, LocalFeatures.of([("a", query)])).num_inliers.tolist() == [0]
    empty = dataclasses.replace(LocalFeatures.of([("a", none)]), names=(), offsets=np.zeros(1, np.int64))
    assert len(verify(query, dataclasses.replace(empty, sizes=np.zeros((0, 2), np.int64)))) == 0
