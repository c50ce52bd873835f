from dataclasses import fields
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastdct.ops import Matches, match
from fastdct.reference import matching as reference

SEEDS = st.integers(0, 2**32 - 1)
OPTIONS = st.fixed_dictionaries(
    {
        "mutual": st.booleans(),
        "max_ratio": st.sampled_from([None, 0.7, 1.0]),
        "max_distance": st.sampled_from([None, 0.0, 2.5]),
    }
)


def descriptors(rng, count, *, width=6, whole=False):
    """Whole numbers are exact in float32 whatever the order of sums, and tie often."""
    return rng.integers(0, 3, (count, width)).astype(np.float32) if whole else rng.normal(size=(count, width))


def assert_same(first: Matches, second: Matches):
    for field in fields(Matches):
        np.testing.assert_array_equal(
            getattr(first, field.name), getattr(second, field.name), err_msg=field.name
        )


def parts(result):
    """Matches of each candidate as (query row, candidate row, distance)."""
    for first, last in pairwise(result.offsets.tolist()):
        rows = slice(first, last)
        yield list(
            zip(
                result.query_index[rows].tolist(),
                result.candidate_index[rows].tolist(),
                result.distance[rows].tolist(),
                strict=True,
            )
        )


@given(SEEDS, st.integers(0, 12), st.lists(st.integers(0, 12), max_size=4), st.booleans(), OPTIONS)
def test_equals_the_definition(seed, num_query, sizes, whole, options):
    rng = np.random.default_rng(seed)
    query = descriptors(rng, num_query, whole=whole)
    candidates = [descriptors(rng, size, whole=whole) for size in sizes]
    result = match(
        query,
        np.concatenate([np.empty((0, 6)), *candidates]),
        np.cumsum([0, *sizes], dtype=np.int64),
        **options,
    )
    assert len(result.offsets) == len(sizes) + 1
    for found, candidate in zip(parts(result), candidates, strict=True):
        expected = reference.match(np.float32(query), np.float32(candidate), **options)
        assert [pair[:2] for pair in found] == [pair[:2] for pair in expected]
        np.testing.assert_allclose([d for *_, d in found], [d for *_, d in expected], rtol=1e-6, atol=1e-6)


@given(SEEDS, OPTIONS)
@settings(max_examples=25)
def test_mutual_matches_are_one_to_one(seed, options):
    rng = np.random.default_rng(seed)
    query, candidate = descriptors(rng, 30, whole=True), descriptors(rng, 25, whole=True)
    result = match(query, candidate, [0, 25], **(options | {"mutual": True}))
    assert len(set(result.query_index.tolist())) == len(result.query_index)
    assert len(set(result.candidate_index.tolist())) == len(result.candidate_index)


def test_mutual_match_is_symmetric():
    rng = np.random.default_rng(0)
    a, b = descriptors(rng, 40), descriptors(rng, 50)
    there, back = match(a, b, [0, 50]), match(b, a, [0, 40])
    assert {(q, c) for q, c, _ in next(parts(there))} == {(c, q) for q, c, _ in next(parts(back))}


@pytest.mark.parametrize("metric", ["euclidean", "inner_product", "hamming"])
@pytest.mark.parametrize(
    ("num_query", "sizes"), [(31, [13]), (33, [1, 12, 24]), (64, [25, 0, 66]), (97, [40])]
)
@pytest.mark.parametrize("width", [1, 15, 16, 63, 64, 65, 130])
def test_tiles_and_chunks_change_nothing(metric, num_query, sizes, width):
    """Sizes about the kernel's 32 queries, 6 or 12 candidates, 16 lanes and 64 elements at a time."""
    rng = np.random.default_rng(width)
    draw = {"hamming": lambda n: rng.integers(0, 256, (n, width), np.uint8)}.get(
        metric, lambda n: rng.integers(-2, 3, (n, width)).astype(np.float32)
    )
    query, candidates = draw(num_query), [draw(size) for size in sizes]
    for options in ({"mutual": False, "max_ratio": 0.95}, {"mutual": True}):
        offsets = np.cumsum([0, *sizes])
        result = match(query, np.concatenate(candidates), offsets, metric=metric, **options)
        for found, candidate in zip(parts(result), candidates, strict=True):
            expected = reference.match(query, candidate, metric=metric, **options)
            assert [pair[:2] for pair in found] == [pair[:2] for pair in expected]
            np.testing.assert_allclose([d for *_, d in found], [d for *_, d in expected], rtol=1e-6)


@pytest.mark.parametrize("level", ["portable", "avx2"])
def test_every_instruction_set_finds_the_same(monkeypatch, level):
    rng = np.random.default_rng(0)
    query, candidates = descriptors(rng, 70, width=37), descriptors(rng, 200, width=37)
    offsets = [0, 60, 60, 61, 200]
    expected = match(query, candidates, offsets, max_ratio=0.95)
    monkeypatch.setenv("FASTDCT_CPU", level)
    assert_same(match(query, candidates, offsets, max_ratio=0.95), expected)


@pytest.mark.parametrize("num_threads", [2, 3, 64])
def test_threads_change_nothing(num_threads):
    rng = np.random.default_rng(0)
    query, candidates = descriptors(rng, 40), descriptors(rng, 300)
    offsets = np.arange(0, 301, 25)
    assert_same(match(query, candidates, offsets, num_threads=num_threads), match(query, candidates, offsets))


def test_halves_are_matched_as_the_floats_they_are():
    rng = np.random.default_rng(0)
    query, candidates = (descriptors(rng, n, width=40).astype(np.float16) for n in (30, 50))
    query[0, :4] = [6e-8, -0.0, 65504, 1e-5]  # subnormal, signed zero, largest
    expected = match(query.astype(np.float32), candidates.astype(np.float32), [0, 50])
    assert_same(match(query, candidates, [0, 50]), expected)
    assert_same(match(query.astype(np.float32), candidates, [0, 50]), expected)
    assert_same(match(query, candidates.astype(np.float32), [0, 50]), expected)


@given(SEEDS)
@settings(max_examples=25)
def test_one_to_one_keeps_the_nearest_of_each_neighbour(seed):
    rng = np.random.default_rng(seed)
    query, candidate = descriptors(rng, 40, whole=True), descriptors(rng, 9, whole=True)
    everything = next(parts(match(query, candidate, [0, 9], mutual=False)))
    nearest = {}
    for q, c, d in everything:
        if c not in nearest or d < nearest[c][1]:
            nearest[c] = (q, d)
    found = next(parts(match(query, candidate, [0, 9], mutual=False, one_to_one=True)))
    assert {c: (q, d) for q, c, d in found} == nearest


def test_a_candidate_is_matched_by_itself():
    rng = np.random.default_rng(0)
    query, candidates = descriptors(rng, 20, width=128), descriptors(rng, 60, width=128)
    offsets = [0, 5, 5, 42, 60]
    together = list(parts(match(query, candidates, offsets)))
    alone = [
        next(parts(match(query, candidates[first:last], [0, last - first])))
        for first, last in pairwise(offsets)
    ]
    assert together == alone


def test_small_distances_are_exact():
    """|q|^2 + |c|^2 - 2 q.c alone would lose them: the norms are 1e8 times larger."""
    query = np.full((1, 64), 1000.0, np.float32)
    candidate = query + np.float32(0.125)
    assert match(query, candidate, [0, 1]).distance.tolist() == [1.0]
    assert match(query, candidate, [0, 1], max_distance=1.0).distance.size == 1
    assert match(query, candidate, [0, 1], max_distance=0.999).distance.size == 0


def test_inputs_are_not_modified():
    rng = np.random.default_rng(0)
    query, candidates = descriptors(rng, 5, whole=True), descriptors(rng, 5, whole=True)
    copies = query.copy(), candidates.copy()
    query.flags.writeable = candidates.flags.writeable = False
    match(query, candidates, [0, 5], max_ratio=0.8)
    np.testing.assert_array_equal(query, copies[0])
    np.testing.assert_array_equal(candidates, copies[1])


def test_types_and_repr():
    result = match(np.zeros((3, 2)), np.zeros((0, 2)), [0, 0, 0])
    assert (
        repr(result)
        == "Matches(query_index=int64[0], candidate_index=int64[0], offsets=int64[3], distance=float32[0])"
    )


def test_tensors_in_tensors_out():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    query, candidates = descriptors(rng, 9), descriptors(rng, 9)
    expected = match(query, candidates, [0, 4, 9])
    found = match(torch.from_numpy(query), torch.from_numpy(candidates), torch.tensor([0, 4, 9]))
    for field in fields(Matches):
        value = getattr(found, field.name)
        assert isinstance(value, torch.Tensor)
        np.testing.assert_array_equal(value.numpy(), getattr(expected, field.name))


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"query": np.zeros(4)}, ValueError, r"query must be \[rows, d\], not \[4\]"),
        ({"candidates": np.zeros((2, 3))}, ValueError, "equally wide, not 4 and 3"),
        ({"query": np.full((1, 4), np.nan)}, ValueError, r"query\[0\] is .* finite"),
        ({"query": np.full((1, 4), 1e300)}, ValueError, r"query\[0\] is .* finite \(as float32\)"),
        ({"candidates": np.array([[0.0] * 4, [np.inf] * 4])}, ValueError, r"candidates\[1\] is .* finite"),
        ({"metric": "manhattan"}, ValueError, "'manhattan' is not known: accepted are 'euclidean'"),
        ({"metric": "hamming"}, TypeError, "query must be uint8, eight bits each"),
        ({"num_threads": 0}, ValueError, "num_threads must be between 1"),
        ({"query": np.full((1, 4), 1e19)}, ValueError, "overflow float32"),
        (
            {"query": np.zeros((1, 4), bool)},
            TypeError,
            "query must hold integers or floating-point numbers, not bool",
        ),
        ({"offsets": [0, 1]}, ValueError, "from 0 to 2, the rows of candidates, not from 0 to 1"),
        ({"max_ratio": 0.0}, ValueError, "max_ratio must be in"),
        ({"max_distance": -1.0}, ValueError, "max_distance must not be negative"),
    ],
)
def test_wrong_arguments_are_named(changes, error, message):
    arguments = {"query": np.zeros((1, 4)), "candidates": np.zeros((2, 4)), "offsets": [0, 2]} | changes
    with pytest.raises(error, match=message):
        match(arguments.pop("query"), arguments.pop("candidates"), arguments.pop("offsets"), **arguments)
