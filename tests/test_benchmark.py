"""Judging an index: what takes part, and what verification sees."""

import dataclasses
import json

import numpy as np
import pytest

from fastdct.retrieval import Extractor, GeometricVerification, Index, Record
from fastdct.retrieval.benchmark import Benchmark
from fastdct.retrieval.evaluation import GroundTruthError
from made import SPEC, encoded, features, photo, tiny_model, unit


def at(query, similarity, seed, *, local):
    """An image of a given cosine, with the query's local features or with others."""
    other = features(seed, count=len(query))
    across = (
        other.global_descriptor
        - (other.global_descriptor @ query.global_descriptor) * query.global_descriptor
    )
    vector = similarity * query.global_descriptor + np.sqrt(1 - similarity**2) * unit(across)
    return dataclasses.replace(query if local else other, global_descriptor=unit(vector))


@pytest.fixture
def query():
    return features(0, count=50)


@pytest.fixture
def benchmark(tmp_path, query):
    """By similarity: easy0, junk, easy1, wrong, hard; a stranger before all, not of the database. Only hard matches."""
    names = ["easy0", "junk", "easy1", "wrong", "hard"]
    index = Index.create(tmp_path / "index", spec=SPEC, root=tmp_path)
    images = [at(query, 0.9 - 0.1 * i, i + 1, local=name == "hard") for i, name in enumerate(names)]
    index.add([Record(name, image) for name, image in zip(names, images, strict=True)])
    index.add([Record("stranger", at(query, 0.95, 9, local=True)), Record("query", query)])
    entry = {"easy": [0, 2], "hard": [4], "junk": [1]}
    path = tmp_path / "gnd.json"
    path.write_text(json.dumps({"imlist": names, "qimlist": ["query"], "gnd": [entry]}))
    return Benchmark.load(index, path)


def test_only_the_database_is_ranked(benchmark, query):
    kinds = benchmark.run({"query": query}).kinds
    assert kinds["easy"].average_precision == {"query": 1}
    assert kinds["medium"].average_precision["query"] == pytest.approx((1 + 1 + (2 / 3 + 3 / 4) / 2) / 3)
    assert kinds["hard"].average_precision["query"] == pytest.approx((0 + 1 / 2) / 2)


@pytest.mark.parametrize(
    ("shortlist", "medium", "hard"),
    [
        # Without junk: easy0, easy1, wrong, hard; without junk and easy: wrong, hard. Whoever counted junk among the
        # two would never verify the hard one.
        (2, (1 + 1 + (2 / 3 + 3 / 4) / 2) / 3, 1.0),
        (1, (1 + 1 + (2 / 3 + 3 / 4) / 2) / 3, 0.25),
        (4, 1.0, 1.0),
    ],
)
def test_each_protocol_cuts_its_shortlist_without_its_own_junk(benchmark, query, shortlist, medium, hard):
    steps = [GeometricVerification(shortlist=shortlist)]
    kinds = benchmark.run({"query": query}, steps=steps).kinds
    assert kinds["medium"].mean_average_precision == pytest.approx(medium)
    assert kinds["hard"].mean_average_precision == pytest.approx(hard)


def test_nothing_to_judge_is_said(tmp_path, benchmark, query):
    path = tmp_path / "empty.json"
    content = {"imlist": ["wrong"], "qimlist": ["query"], "gnd": [{"easy": [], "hard": [], "junk": [0]}]}
    path.write_text(json.dumps(content))
    with pytest.raises(GroundTruthError, match="no query of the ground truth has easy or hard images"):
        Benchmark.load(benchmark.index, path).run({"query": query})
    content["imlist"] = ["wrong", "nowhere.jpg"]
    path.write_text(json.dumps(content))
    with pytest.raises(
        GroundTruthError, match=r"1 of 2 images of the database are not in the index .*nowhere\.jpg"
    ):
        Benchmark.load(benchmark.index, path)


def test_an_image_of_the_ground_truth_s_own_folder_goes_before_one_of_the_same_name(tmp_path):
    index = Index.create(tmp_path / "index", spec=SPEC, root=tmp_path)
    index.add(Record(name, features(seed)) for seed, name in enumerate(["a", "b", "sub/a"]))
    path = tmp_path / "sub" / "gnd.json"
    path.parent.mkdir()
    entry = {"ok": [1], "junk": []}
    path.write_text(json.dumps({"imlist": ["a", "b"], "qimlist": ["a"], "gnd": [entry]}))
    assert Benchmark.load(index, path).stored == {"a": "sub/a", "b": "b"}


def test_a_query_s_box_that_is_wrong_is_told_with_the_query(tmp_path):
    extractor = Extractor(tiny_model())
    index = Index.create(tmp_path / "index", spec=extractor.spec, root=tmp_path)
    (tmp_path / "q.jpg").write_bytes(encoded(photo(0)))
    path = tmp_path / "gnd.json"
    entry = {"ok": [], "junk": [], "bbx": [500, 500, 600, 600]}
    path.write_text(json.dumps({"imlist": [], "qimlist": ["q.jpg"], "gnd": [entry]}))
    with pytest.raises(GroundTruthError, match=r"the query 'q\.jpg': box .* lies outside the picture"):
        Benchmark.load(index, path).features(extractor)


def test_two_names_of_one_image_are_refused(tmp_path):
    index = Index.create(tmp_path / "index", spec=SPEC, root=tmp_path)
    index.add([Record("a", features(0)), Record("b", features(1))])
    path = tmp_path / "gnd.json"
    path.write_text(json.dumps({"imlist": ["a", "b", "./a"], "qimlist": [], "gnd": []}))
    with pytest.raises(GroundTruthError, match=r"'a' and '\./a' are one image of the index"):
        Benchmark.load(index, path)
