import dataclasses
import math

import numpy as np
import pytest

from fastdct.retrieval import GeometricVerification, Index, Record, VerificationOptions, search
from fastdct.retrieval.steps import Step
from made import SPEC, features, unit


def alike(query, seed, *, share, local=True):
    """Features whose global descriptor is a mix of the query's and noise, with or without its local features."""
    other = features(seed, count=len(query))
    vector = unit(share * query.global_descriptor + (1 - share) * other.global_descriptor)
    return dataclasses.replace(query if local else other, global_descriptor=vector)


@pytest.fixture
def query():
    return features(0, count=50)


@pytest.fixture
def index(tmp_path, query):
    """g0 … g9: ever less similar; every third one has the query's local features."""
    index = Index.create(tmp_path / "index", spec=SPEC)
    images = [alike(query, 10 + i, share=0.95 - 0.05 * i, local=i % 3 == 2) for i in range(10)]
    index.add(Record(f"g{i}", image) for i, image in enumerate(images))
    return index


def by_similarity(index, query):
    return [name for name, _ in index.nearest(query.global_descriptor, top_k=10)]


def test_without_verification_the_ranking_is_by_similarity(index, query):
    ranking = search(index, query, top_k=4, steps=())
    assert list(ranking.names) == by_similarity(index, query)[:4]
    assert [hit.num_inliers for hit in ranking] == [None] * 4
    assert ranking[0].similarity == pytest.approx(
        float(index.features(ranking[0].name).global_descriptor @ query.global_descriptor), abs=1e-6
    )


def test_inliers_come_first_with_an_infinite_weight(index, query):
    ranking = search(index, query, top_k=10, steps=[GeometricVerification(weight=math.inf)])
    order = by_similarity(index, query)
    planted = [name for name in order if int(name[1:]) % 3 == 2]
    assert list(ranking.names[:3]) == planted
    assert [hit.num_inliers for hit in ranking][:3] == [50, 50, 50]
    expected = sorted(ranking, key=lambda hit: (-hit.num_inliers, -hit.similarity))
    assert list(ranking) == expected
    np.testing.assert_allclose(ranking[0].model, [[1, 0, 0], [0, 1, 0]], atol=1e-3)
    np.testing.assert_allclose(ranking[0].points, ranking[0].query_points, atol=1e-3)
    assert all((hit.model is None) == (hit.num_inliers == 0) for hit in ranking)


def test_an_inlier_is_worth_a_little_similarity(index, query):
    ranking = search(index, query, top_k=10)
    score = {hit.name: hit.similarity + 0.005 * hit.num_inliers for hit in ranking}
    assert list(ranking.names) == sorted(score, key=lambda name: -score[name])
    assert list(ranking.names) != by_similarity(index, query)
    assert list(ranking.names) != list(
        search(index, query, top_k=10, steps=[GeometricVerification(weight=math.inf)]).names
    )
    with pytest.raises(ValueError, match="weight of an inlier must be positive"):
        GeometricVerification(weight=0)


class Backwards(Step):
    """Turns a ranking round."""

    def rank(self, candidates, database):
        return candidates.reordered(np.arange(len(candidates.rows))[::-1])


def test_an_order_that_other_steps_made_is_kept_where_inliers_do_not_speak(index, query):
    order = by_similarity(index, query)[::-1]
    ranking = search(index, query, top_k=10, steps=[Backwards(), GeometricVerification()])
    plain = [hit.name for hit in ranking if hit.num_inliers == 0]
    assert plain == [name for name in order if name in plain]
    assert len(plain) == 7


def test_only_the_shortlist_is_verified(index, query):
    ranking = search(index, query, top_k=10, steps=[GeometricVerification(shortlist=4)])
    order = by_similarity(index, query)
    assert set(ranking.names[:4]) == set(order[:4])
    assert list(ranking.names[4:]) == order[4:]
    assert [hit.num_inliers for hit in ranking][4:] == [None] * 6


def test_excluded_images_leave_their_place_on_the_shortlist(index, query):
    order = by_similarity(index, query)
    steps = [GeometricVerification(shortlist=3)]
    ranking = search(index, query, top_k=10, steps=steps, exclude={order[0], order[1], "unknown"})
    assert set(ranking.names[:3]) == set(order[2:5])
    assert len(ranking) == 8
    assert len(search(index, query, exclude=set(order))) == 0


def test_the_same_question_has_the_same_answer(index, query):
    steps = [GeometricVerification(options=VerificationOptions(seed=3))]
    first, second = (search(index, query, steps=steps) for _ in range(2))
    assert first.names == second.names
    for one, other in zip(first, second, strict=True):
        assert (one.similarity, one.num_inliers) == (other.similarity, other.num_inliers)
        np.testing.assert_array_equal(one.points, other.points)


def test_fewer_images_than_asked_for(index, query):
    assert len(search(index, query, top_k=1000)) == 10


def test_impossible_counts_are_refused(index, query):
    with pytest.raises(ValueError, match="top_k must be at least 1"):
        search(index, query, top_k=0)
    with pytest.raises(ValueError, match="shortlist must be at least 1"):
        GeometricVerification(shortlist=0)
