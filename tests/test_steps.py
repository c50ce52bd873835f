"""Every step against a plain reference: loops over vectors, float64, written from the papers."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastdct.retrieval import Index, Pipeline, Record
from fastdct.retrieval.steps import (
    NAMES,
    Candidates,
    Database,
    DatabaseAugmentation,
    Diffusion,
    GeometricVerification,
    QueryExpansion,
    SuperGlobal,
    Whitening,
    named_step,
)
from fastdct.retrieval.steps.diffusion import conjugate_gradients
from fastdct.retrieval.vectors import Vectors, unit
from made import SPEC, features

COUNT, DIMS = 60, 12


def clustered(seed, *, count=COUNT, dims=DIMS, groups=8):
    """Unit vectors around a few centres, and a query near one of them."""
    random = np.random.default_rng(seed)
    centres = random.standard_normal((groups, dims))
    values = centres[random.integers(groups, size=count)] + 0.7 * random.standard_normal((count, dims))
    return unit(values), unit(centres[0] + 0.4 * random.standard_normal(dims))


def run(step, values, query, *, depth=None):
    """The rows that ``step`` makes of the ranking by similarity."""
    rows = np.argsort(-(values @ query), kind="stable")[: depth or len(values)]
    made = dataclasses.replace(features(0), global_descriptor=query)
    vectors = step.prepare(Vectors(values))
    candidates = Candidates(made, query, rows, np.empty(0, np.int64))
    return step.rank(candidates, Database(vectors, lambda rows: None)).rows.tolist()


def assert_ranked_by(rows, scores):
    """``rows`` fall in ``scores``, but for what float32 cannot tell apart."""
    assert sorted(rows) == list(range(len(scores)))
    assert (np.diff(np.asarray(scores)[rows]) < 1e-5).all()


def mean_of(vector, others, weights):
    total = [float(x) for x in vector]
    for other, weight in zip(others, weights, strict=True):
        total = [t + weight * float(x) for t, x in zip(total, other, strict=True)]
    return np.array(total) / np.linalg.norm(total)


@given(st.integers(0, 1000), st.integers(1, 80), st.sampled_from([0.0, 1.0, 3.0]))
@settings(max_examples=25)
def test_query_expansion(seed, count, alpha):
    values, query = clustered(seed)
    best = sorted(range(COUNT), key=lambda i: -float(values[i] @ query))[:count]
    weights = [max(float(values[i] @ query), 0.0) ** alpha for i in best]
    expanded = mean_of(query, values[best], weights)
    assert_ranked_by(run(QueryExpansion(count, alpha), values, query), values @ expanded)


@given(st.integers(0, 1000), st.integers(1, 20), st.sampled_from([0.0, 3.0]))
@settings(max_examples=25)
def test_database_augmentation(seed, count, alpha):
    values, query = clustered(seed)
    augmented = []
    for i in range(COUNT):
        others = sorted((j for j in range(COUNT) if j != i), key=lambda j: -float(values[i] @ values[j]))
        others = others[:count]
        weights = [max(float(values[i] @ values[j]), 0.0) ** alpha for j in others]
        augmented.append(mean_of(values[i], values[others], weights))
    assert_ranked_by(run(DatabaseAugmentation(count, alpha), values, query), np.array(augmented) @ query)


@given(st.integers(0, 1000), st.integers(5, 80), st.integers(1, 12))
@settings(max_examples=25)
def test_superglobal(seed, num_candidates, num_neighbours):
    values, query = clustered(seed)
    ranked = sorted(range(COUNT), key=lambda i: -float(values[i] @ query))
    head = ranked[:num_candidates]
    refined = {}
    for i in head:
        others = sorted((j for j in head if j != i), key=lambda j: -float(values[i] @ values[j]))
        weighed = [(1.0, i)]
        weighed += [(0.15 * max(float(values[i] @ values[j]), 0.0), j) for j in others[:num_neighbours]]
        refined[i] = sum(w * values[j].astype(float) for w, j in weighed) / sum(w for w, _ in weighed)
    first = {i: float(refined[i] @ query) for i in head}
    best = sorted(head, key=lambda i: -first[i])[: num_neighbours + 1]
    expanded = np.max([refined[i] for i in best], axis=0)
    final = np.array([(first[i] + refined[i] @ expanded) / 2 for i in head])
    rows = run(SuperGlobal(num_candidates, num_neighbours), values, query)
    assert rows[num_candidates:] == ranked[num_candidates:]
    assert_ranked_by([head.index(i) for i in rows[:num_candidates]], final)


@given(st.integers(0, 1000), st.integers(4, 70), st.integers(2, 20))
@settings(max_examples=25)
def test_diffusion(seed, truncation, num_neighbours):
    values, query = clustered(seed)
    ranked = sorted(range(COUNT), key=lambda i: -float(values[i] @ query))
    head = ranked[:truncation]
    near = [np.argsort(-(values @ v), kind="stable")[:num_neighbours].tolist() for v in values]
    affinity = np.zeros((len(head), len(head)))
    for a, i in enumerate(head):
        for b, j in enumerate(head):
            if i != j and j in near[i] and i in near[j]:
                affinity[a, b] = max(float(values[i] @ values[j]), 0.0) ** 3
    degrees = affinity.sum(axis=1)
    roots = np.array([1 / np.sqrt(d) if d > 0 else 0.0 for d in degrees])
    transition = affinity * roots[:, None] * roots[None, :]
    seeds = np.zeros(len(head))
    for a, i in enumerate(head[:10]):
        seeds[a] = max(float(values[i] @ query), 0.0) ** 3
    expected = krylov(np.eye(len(head)) - 0.99 * transition, seeds, dims=20)
    step = Diffusion(num_neighbours=num_neighbours, truncation=truncation)
    rows = run(step, values, query)
    assert rows[truncation:] == ranked[truncation:]
    scores = expected[[head.index(i) for i in rows[:truncation]]]
    assert (np.diff(scores) < 1e-4 * expected.max()).all()


def krylov(matrix, target, *, dims):
    """What ``dims`` iterations of conjugate gradients come to: the best x within the Krylov space."""
    basis = []
    vector = target
    for _ in range(dims):
        for _ in range(2):
            vector = vector - sum((b * (b @ vector) for b in basis), np.zeros_like(target))
        if np.linalg.norm(vector) < 1e-9 * np.linalg.norm(target):
            break
        basis.append(vector / np.linalg.norm(vector))
        vector = matrix @ basis[-1]
    space = np.array(basis).T
    return space @ np.linalg.solve(space.T @ matrix @ space, space.T @ target)


@given(st.integers(0, 1000), st.integers(1, 15))
def test_conjugate_gradients_solve(seed, size):
    random = np.random.default_rng(seed)
    root = random.standard_normal((size, size))
    matrix, target = root @ root.T + size * np.eye(size), random.standard_normal(size)
    np.testing.assert_allclose(
        conjugate_gradients(lambda x: matrix @ x, target), np.linalg.solve(matrix, target), atol=1e-5
    )


@given(st.integers(0, 1000))
def test_learned_whitening(seed):
    """Differences of matching pairs become white; what is left is sorted by variance along the axes."""
    random = np.random.default_rng(seed)
    values, query = clustered(seed)
    pairs = random.integers(0, COUNT, (300, 2))
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    whitening = Whitening.learned(values, pairs)
    mean = values[pairs[:, 0]].astype(float).mean(axis=0)
    np.testing.assert_allclose(whitening.mean, mean, atol=1e-12)
    differences = (values[pairs[:, 0]].astype(float) - values[pairs[:, 1]]) @ whitening.projection.T
    np.testing.assert_allclose(differences.T @ differences / len(pairs), np.eye(DIMS), atol=1e-3)
    spread = (values - mean) @ whitening.projection.T
    scatter = spread.T @ spread
    np.testing.assert_allclose(scatter - np.diag(np.diag(scatter)), 0, atol=1e-6 * scatter.max())
    assert (np.diff(np.diag(scatter)) < 0).all()
    projected = [whitening.projection @ (v - mean) for v in values.astype(float)]
    target = whitening.projection @ (query - mean)
    scores = [float(v @ target / np.linalg.norm(v) / np.linalg.norm(target)) for v in projected]
    assert_ranked_by(run(whitening, values, query), scores)
    few = Whitening.learned(values, pairs, dims=3)
    np.testing.assert_allclose(few.projection, whitening.projection[:3], rtol=1e-12)


@given(st.integers(0, 1000))
def test_pca_whitening(seed):
    values, _ = clustered(seed)
    whitening = Whitening.pca(values, dims=5)
    white = (values - values.mean(axis=0, dtype=float)) @ whitening.projection.T
    np.testing.assert_allclose(white.T @ white / COUNT, np.eye(5), atol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(whitening.apply(values), axis=1), 1, atol=1e-6)


def test_whitening_on_disk(tmp_path):
    values, query = clustered(1)
    whitening = Whitening.pca(values, dims=4)
    whitening.save(tmp_path / "w.safetensors")
    again = Whitening.load(tmp_path / "w.safetensors")
    assert run(again, values, query) == run(whitening, values, query)
    (tmp_path / "bad").write_bytes(b"no")
    with pytest.raises(ValueError, match=r"bad is not a file of Whitening\.save"):
        Whitening.load(tmp_path / "bad")
    with pytest.raises(ValueError, match="takes vectors of 12 values, not 5"):
        whitening.apply(np.ones((2, 5), np.float32))


def test_whitening_needs_something_to_be_fitted_to():
    values, _ = clustered(1)
    with pytest.raises(ValueError, match="there are none"):
        Whitening.learned(values, np.empty((0, 2), np.int64))
    with pytest.raises(ValueError, match="at least two vectors"):
        Whitening.pca(values[:1])
    with pytest.raises(ValueError, match="between 1 and 12"):
        Whitening.pca(values, dims=13)
    same = Whitening.learned(np.repeat(values[:1], 4, axis=0), np.array([[0, 1], [2, 3]]))
    assert np.isfinite(same.apply(values)).all(), "directions without variance are not blown up to infinity"


STEPS = [
    QueryExpansion(),
    DatabaseAugmentation(),
    SuperGlobal(),
    Diffusion(),
    Whitening.pca(clustered(0, dims=SPEC.global_dim)[0]),
    GeometricVerification(),
]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: type(step).__name__)
@pytest.mark.parametrize("count", [0, 1, 2, 30])
def test_any_step_takes_any_index(tmp_path, step, count):
    index = Index.create(tmp_path / "index", spec=SPEC)
    index.add(Record(f"{i}", features(i)) for i in range(count))
    pipeline = Pipeline(index, [step])
    for seed in (0, 99):
        names = pipeline.search(features(seed), top_k=100).names
        assert sorted(names) == sorted(index.names)
        again = Pipeline(index, [step]).search(features(seed), top_k=100).names
        assert again == names
        assert names[:5] == pipeline.search(features(seed), top_k=5).names


def test_steps_in_a_row_and_images_that_are_left_out(tmp_path):
    index = Index.create(tmp_path / "index", spec=SPEC)
    index.add(Record(f"{i:02}", features(i)) for i in range(40))
    steps = [named_step(name, index.vectors) for name in ("pca-whiten:dims=8", "dba", "alpha-qe", "verify")]
    query = features(7)
    assert Pipeline(index, steps).search(query).names[0] == "07"
    ranking = Pipeline(index, steps).search(query, top_k=100, exclude={"07", "unknown"})
    assert sorted(ranking.names) == sorted(set(index.names) - {"07"})
    part = Pipeline(index, steps, names=index.names[:20]).search(query, top_k=100)
    assert sorted(part.names) == list(index.names[:20])
    with pytest.raises(KeyError, match="'nobody' is not in the index"):
        Pipeline(index, steps, names=["nobody"])


def test_excluded_images_still_take_part_in_expansion(tmp_path):
    """Which images are junk is a label: leaving them out must not change how the query is described."""
    index = Index.create(tmp_path / "index", spec=SPEC)
    index.add(Record(f"{i:02}", features(i)) for i in range(40))
    pipeline = Pipeline(index, [QueryExpansion(num_neighbours=3)])
    everything = pipeline.search(features(99), top_k=40).names
    without = pipeline.search(features(99), top_k=40, exclude=everything[:2]).names
    assert without == everything[2:]


def test_names_of_steps(tmp_path):
    vectors = Vectors(clustered(0)[0])
    for name in NAMES:
        if "=" not in name:
            assert named_step(name, vectors).depth >= 1
    Whitening.pca(vectors.values).save(tmp_path / "w")
    assert isinstance(named_step(f"whiten={tmp_path / 'w'}", vectors), Whitening)
    assert named_step("aqe", vectors) == QueryExpansion(10, 0.0)
    assert named_step("alpha-qe:num_neighbours=7,alpha=2", vectors) == QueryExpansion(7, 2.0)
    assert named_step("verify:shortlist=5", vectors).shortlist == 5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("qe", "there is no step 'qe': there are aqe, alpha-qe"),
        ("dba:k=3", "has no parameter 'k': it has num_neighbours, alpha"),
        ("dba:alpha=x", "alpha must be a number, not 'x'"),
        ("dba:alpha=-1", "alpha of at least 0"),
        ("dba:alpha=nan", "finite alpha"),
        ("alpha-qe:alpha=inf", "finite alpha"),
        ("verify:options=1", "it has shortlist"),
        ("diffusion:alpha=1", r"must be in \[0, 1\)"),
        ("superglobal:beta=-1", "beta finite and at least 0"),
        ("superglobal:beta=nan", "beta finite"),
        ("diffusion:gamma=nan", "gamma finite"),
        ("diffusion:truncation=0", "at least 1"),
    ],
)
def test_bad_names_of_steps(text, message):
    with pytest.raises(ValueError, match=message):
        named_step(text, Vectors(clustered(0)[0]))
