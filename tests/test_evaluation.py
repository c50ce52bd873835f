import json
import math
import subprocess
import sys
from itertools import accumulate, pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastdct.retrieval.evaluation import (
    GroundTruth,
    GroundTruthError,
    average_precision,
    evaluate,
    ndcg,
    ns_score,
    paired_bootstrap,
    precision_at,
    revisited_precision_at,
)
from fastdct.retrieval.vectors import Vectors

RELEVANCE = st.lists(st.booleans(), min_size=1, max_size=40).filter(any)


def ranks_of(relevance):
    return [rank for rank, is_positive in enumerate(relevance) if is_positive]


def ground_truth(tmp_path, queries, *, images="abcdefgh", **changes):
    """Write a file whose queries q0, q1, ... have the given entries and load it."""
    content = {
        "imlist": list(images),
        "qimlist": [f"q{i}" for i in range(len(queries))],
        "gnd": queries,
    } | changes
    path = tmp_path / "gnd.json"
    path.write_text(json.dumps(content))
    return GroundTruth.load(path)


# Measures of one ranking


@given(RELEVANCE, st.integers(0, 5))
def test_average_precision_is_the_trapezoidal_area(relevance, num_missing):
    """Precision and recall after every image, joined by straight lines; a step without recall has no area."""
    total = sum(relevance) + num_missing
    hits = list(accumulate(relevance))
    recall = [0.0, *(hit / total for hit in hits)]
    precision = [1.0, *(hit / (i + 1) for i, hit in enumerate(hits))]
    steps = zip(pairwise(recall), pairwise(precision), strict=True)
    area = sum((r1 - r0) * (p0 + p1) / 2 for (r0, r1), (p0, p1) in steps)
    assert average_precision(ranks_of(relevance), total) == pytest.approx(area, abs=1e-12)


@pytest.mark.parametrize(
    ("ranks", "num_positives", "expected"),
    [
        ([0], 1, 1.0),
        ([0, 1, 2], 3, 1.0),
        ([1], 1, (0 + 1 / 2) / 2),  # where a finite sum has 1/2
        ([0, 2], 2, (1 + (1 / 2 + 2 / 3) / 2) / 2),
        ([0], 2, 0.5),
        ([], 3, 0.0),
        ([9], 1, 0.05),
    ],
)
def test_average_precision_by_hand(ranks, num_positives, expected):
    assert average_precision(ranks, num_positives) == pytest.approx(expected, abs=1e-15)


@given(RELEVANCE, st.integers(0, 5), st.integers(1, 50))
def test_precision_at_k_and_up_to_the_last_positive(relevance, num_missing, k):
    ranks = ranks_of(relevance)
    assert precision_at(ranks, k) == pytest.approx(sum(relevance[:k]) / k)
    last = len(relevance) - relevance[::-1].index(True)
    depth = k if num_missing else min(k, last)
    expected = sum(relevance[:depth]) / depth
    assert revisited_precision_at(ranks, sum(relevance) + num_missing, k) == pytest.approx(expected)


@given(RELEVANCE, st.integers(0, 5))
def test_ndcg_against_the_best_list(relevance, num_missing):
    def gain(flags):
        return sum(flag / math.log2(place + 1) for place, flag in enumerate(flags, start=1))

    total = sum(relevance) + num_missing
    expected = gain(relevance) / gain([True] * total)
    assert ndcg(ranks_of(relevance), total) == pytest.approx(expected, abs=1e-12)


@given(st.integers(1, 30))
def test_a_perfect_ranking_scores_one(count):
    ranks = range(count)
    assert average_precision(ranks, count) == pytest.approx(1, abs=1e-12)
    assert ndcg(ranks, count) == pytest.approx(1, abs=1e-12)
    assert [revisited_precision_at(ranks, count, k) for k in (1, 5, 10, 100)] == [1] * 4


def test_ndcg_by_hand():
    assert ndcg([1], 1) == pytest.approx(1 / math.log2(3))
    assert ndcg([0, 2], 2) == pytest.approx((1 + 1 / 2) / (1 + 1 / math.log2(3)))


def test_ns_score_counts_the_first_four():
    assert [ns_score(ranks) for ranks in ([0, 1, 2, 3], [1, 3, 4, 9], [4, 5, 6, 7], [])] == [4, 2, 0, 0]


# Evaluation


def test_evaluation_by_hand(tmp_path):
    truth = ground_truth(
        tmp_path,
        [
            {"ok": [1, 2], "junk": [0], "kind": "tower"},
            {"ok": [3], "junk": [], "kind": "bridge"},
            {"ok": [], "junk": [1], "kind": "bridge"},
            {"ok": [4, 5], "junk": [6, 7], "kind": "tower"},
        ],
    )
    result = evaluate(
        {
            "q0": "abdc",  # junk first; then +, -, +
            "q1": [0, 1, 2, 3],  # indices; the fourth is right
            "q2": "abcdefgh",  # no positives: dropped
            "q3": "hgfa",  # two junk, one positive first, the other never
            "unasked": "a",
        },
        truth,
    )
    expected = {"q0": (1 + (1 / 2 + 2 / 3) / 2) / 2, "q1": 1 / 8, "q3": 1 / 2}
    assert result.overall.average_precision == pytest.approx(expected)
    assert result.overall.num_queries == 3
    assert result.dropped == ("q2",)
    assert list(result.kinds) == ["tower", "bridge"]
    assert result.kinds["tower"].mean_average_precision == pytest.approx((expected["q0"] + 1 / 2) / 2)
    assert result.kinds["bridge"].average_precision == {"q1": 1 / 8}
    assert result.overall.mean_precision_at == pytest.approx(
        {1: 2 / 3, 5: (2 / 3 + 1 / 4 + 1 / 5) / 3, 10: (2 / 3 + 1 / 4 + 1 / 10) / 3}
    )
    assert result.overall.precision_at == pytest.approx({1: 2 / 3, 5: 4 / 15, 10: 4 / 30})
    assert result.overall.ns_score is None
    second = 1 / math.log2(3)
    assert result.overall.ndcg == pytest.approx(
        (1.5 / (1 + second) + 1 / math.log2(5) + 1 / (1 + second)) / 3
    )


def test_lines_name_the_convention_and_end_with_the_map(tmp_path):
    truth = ground_truth(tmp_path, [{"ok": [0], "junk": [], "kind": "tower"}, {"ok": [], "junk": []}])
    result = evaluate({"q0": "ba", "q1": ""}, truth)
    lines = str(result).splitlines()
    assert lines == result.lines()
    assert "trapezoids" in lines[0]
    assert lines[1] == "mAP tower: 0.250 (1 query)"
    assert "dropped, no positives: 1 query" in lines
    assert lines[-1] == "mAP all: 0.250"


@given(
    st.permutations(range(8)),
    st.lists(st.sampled_from(["easy", "hard", "junk", None]), min_size=8, max_size=8),
)
def test_revisited_protocols(tmp_path_factory, ranking, labels):
    """Against the definition: take the junk out of the list, then judge what is left."""
    entry = {
        name: [i for i, label in enumerate(labels) if label == name] for name in ("easy", "hard", "junk")
    }
    protocols = {
        "easy": ({"easy"}, {"junk", "hard"}),
        "medium": ({"easy", "hard"}, {"junk"}),
        "hard": ({"hard"}, {"junk", "easy"}),
    }
    truth = ground_truth(tmp_path_factory.mktemp("revisited"), [entry])
    if not entry["easy"] and not entry["hard"]:
        with pytest.raises(ValueError, match="no query of the ground truth has positives"):
            evaluate({"q0": ranking}, truth)
        return
    result = evaluate({"q0": ranking}, truth)
    for name, (ok, junk) in protocols.items():
        relevance = [labels[i] in ok for i in ranking if labels[i] not in junk]
        assert (name in result.kinds) == any(relevance)
        if any(relevance):
            expected = average_precision(ranks_of(relevance), sum(relevance))
            assert result.kinds[name].mean_average_precision == pytest.approx(expected)
            assert evaluate({"q0": ranking}, truth.protocol(name)).overall == result.kinds[name]
    assert result.overall == result.kinds["medium"]
    assert "medium protocol" in result.convention


@given(st.permutations(range(8)), st.sets(st.integers(0, 7), min_size=1), st.sets(st.integers(0, 7)))
def test_where_junk_stands_does_not_matter(tmp_path_factory, ranking, positives, junk):
    junk -= positives
    truth = ground_truth(tmp_path_factory.mktemp("junk"), [{"ok": sorted(positives), "junk": sorted(junk)}])
    first = [*sorted(junk), *(i for i in ranking if i not in junk)]
    last = [*(i for i in ranking if i not in junk), *sorted(junk)]
    scores = [evaluate({"q0": order}, truth).overall for order in (ranking, first, last)]
    assert scores[0] == scores[1] == scores[2]


def test_names_and_indices_are_the_same(tmp_path):
    truth = ground_truth(tmp_path, [{"ok": [2, 5], "junk": [1]}])
    order = np.random.default_rng(0).permutation(8)
    by_name = [truth.images[i] for i in order]
    assert evaluate({"q0": order}, truth) == evaluate({"q0": by_name}, truth)


@pytest.mark.parametrize(
    ("rankings", "message"),
    [
        ({}, "rankings has none for query 'q0'"),
        ({"q0": ["a", "x"]}, "the ranking of 'q0' holds 'x', which is not in .* 8 images"),
        ({"q0": [8]}, "holds 8, which is not in"),
        ({"q0": [-1]}, "holds -1, which is not in"),
        ({"q0": "abca"}, "the ranking of 'q0' holds 'a' twice"),
    ],
)
def test_bad_rankings_are_named(tmp_path, rankings, message):
    with pytest.raises(ValueError, match=message):
        evaluate(rankings, ground_truth(tmp_path, [{"ok": [0], "junk": []}]))


# The official programs

OFFICIAL = json.loads((Path(__file__).parent / "official_rankings.json").read_text())


@pytest.mark.parametrize("case", OFFICIAL["cases"], ids=lambda case: case["kind"])
def test_as_the_official_programs_have_it(tmp_path, case):
    entry = {label: case[label] for label in ("easy", "hard", "junk")}
    truth = ground_truth(tmp_path, [entry], images=[str(i) for i in range(case["images"])])
    for name, official in case["official"].items():
        if official is None:
            with pytest.raises(ValueError, match="no query of the ground truth has positives"):
                evaluate({"q0": case["ranking"]}, truth.protocol(name))
            continue
        scores = evaluate({"q0": case["ranking"]}, truth.protocol(name)).overall
        for program in ("revisitop_ap", "oxford_ap"):
            assert scores.mean_average_precision == pytest.approx(official[program], abs=1e-12)
        expected = {int(k): value for k, value in official["precision_at"].items()}
        assert scores.mean_precision_at == pytest.approx(expected, abs=1e-12)


def test_means_as_the_official_program_has_them(tmp_path):
    count = max(case["images"] for case in OFFICIAL["cases"])
    entries = [{label: case[label] for label in ("easy", "hard", "junk")} for case in OFFICIAL["cases"]]
    truth = ground_truth(tmp_path, entries, images=[str(i) for i in range(count)])
    rankings = {f"q{i}": case["ranking"] for i, case in enumerate(OFFICIAL["cases"])}
    result = evaluate(rankings, truth)
    assert len(result.dropped) == 5
    for name, official in OFFICIAL["means"].items():
        scores = result.kinds[name]
        assert scores.num_queries == official["queries"]
        assert scores.mean_average_precision == pytest.approx(official["map"], abs=1e-12)
        expected = {int(k): value for k, value in official["precision_at"].items()}
        assert scores.mean_precision_at == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("case", [case for case in OFFICIAL["cases"] if "scores" in case])
def test_equal_similarities_are_ranked_as_the_official_cases_are(case):
    vectors = Vectors(np.array(case["scores"], np.float32)[:, None])
    found = vectors.nearest(np.ones((1, 1), np.float32), top_k=case["images"])
    assert found.rows[0].tolist() == case["ranking"]


# Differences


def test_a_paired_bootstrap_knows_a_difference_from_chance():
    random = np.random.default_rng(0)
    hard = {str(i): value for i, value in enumerate(random.random(80) * 0.8)}
    better = {name: value + 0.02 * random.random() for name, value in hard.items()}
    other = {name: value + random.normal(0, 0.1) for name, value in hard.items()}
    sure = paired_bootstrap(hard, better)
    assert sure.low > 0.008
    assert sure.mean == pytest.approx(np.mean([better[name] - hard[name] for name in hard]))
    unsure = paired_bootstrap(hard, other)
    assert unsure.low < 0 < unsure.high
    # The classical interval of a mean: 1.96 standard errors to each side.
    error = np.std([other[name] - hard[name] for name in hard]) / np.sqrt(len(hard))
    assert unsure.high - unsure.low == pytest.approx(2 * 1.96 * error, rel=0.1)
    assert paired_bootstrap(hard, other) == unsure
    narrow = paired_bootstrap(hard, other, confidence=0.5)
    assert narrow.high - narrow.low < (unsure.high - unsure.low) / 2
    assert str(paired_bootstrap({"a": 0.25}, {"a": 0.5})) == "+0.250 [+0.250, +0.250]"


def test_a_paired_bootstrap_needs_pairs():
    for first, second in (({}, {}), ({"a": 1.0}, {"b": 1.0}), ({"a": 1.0}, {})):
        with pytest.raises(ValueError, match="the same queries of both systems"):
            paired_bootstrap(first, second)
    with pytest.raises(ValueError, match="confidence"):
        paired_bootstrap({"a": 1.0}, {"a": 1.0}, confidence=1.0)


# Ground truth


def test_load_keeps_kinds_and_boxes(tmp_path):
    truth = ground_truth(
        tmp_path, [{"ok": [0], "junk": [1], "kind": "k", "bbx": [1, 2, 3.5, 4]}, {"ok": [], "junk": []}]
    )
    first, second = truth.queries
    assert (first.name, first.kind, first.box) == ("q0", "k", (1.0, 2.0, 3.5, 4.0))
    assert (first.positives, first.junk) == ((0,), (1,))
    assert (second.kind, second.box) == (None, None)
    assert repr(truth) == "GroundTruth(8 images, 2 queries, revisited=False)"


def test_protocols_are_of_revisited_labels(tmp_path):
    plain = ground_truth(tmp_path, [{"ok": [0], "junk": []}])
    with pytest.raises(ValueError, match="only ground truth with easy, hard and junk"):
        plain.protocol("easy")
    revisited = ground_truth(tmp_path, [{"easy": [0], "hard": [], "junk": []}])
    with pytest.raises(ValueError, match="'all' is not known: accepted are 'easy', 'medium', 'hard'"):
        revisited.protocol("all")


@pytest.mark.parametrize(
    ("entries", "changes", "message"),
    [
        ([], {"imlist": None}, "imlist must be a list of names"),
        ([], {"imlist": ["a", 1]}, "imlist must be a list of names"),
        ([], {"imlist": ["a", "b", "a"]}, r"imlist\[2\] repeats imlist\[0\], 'a'"),
        ([], {"qimlist": ["x"]}, "gnd must be a list of 1 objects"),
        ([], {"gnd": {}}, "gnd must be a list of 0 objects"),
        ([7], {}, r"gnd\[0\] must be an object"),
        ([{"ok": [0]}], {}, r"gnd\[0\].junk must be a list of indices into imlist"),
        ([{"junk": [0]}], {}, r"gnd\[0\].easy must be a list"),
        ([{"ok": [], "junk": []}, {"easy": [], "hard": [], "junk": []}], {}, r"gnd\[1\].ok must be a list"),
        ([{"ok": [0, 8], "junk": []}], {}, r"gnd\[0\].ok\[1\] is 8: .* 0 to 7"),
        ([{"ok": [-1], "junk": []}], {}, r"gnd\[0\].ok\[0\] is -1"),
        ([{"ok": ["a"], "junk": []}], {}, r"gnd\[0\].ok\[0\] is 'a'"),
        ([{"ok": [0], "junk": [1, 0]}], {}, r"gnd\[0\].junk\[1\] is 0, which gnd\[0\].ok\[0\] is too"),
        ([{"ok": [0], "junk": [], "kind": 3}], {}, r"gnd\[0\].kind must be a name"),
        ([{"ok": [0], "junk": [], "bbx": [1, 2, 3]}], {}, r"gnd\[0\].bbx is \[1, 2, 3\]"),
        ([{"ok": [0], "junk": [], "bbx": [5, 2, 3, 4]}], {}, r"gnd\[0\].bbx is .* x1 < x2"),
        ([{"ok": [0], "junk": [], "bbx": [0, 0, float("inf"), 4]}], {}, r"gnd\[0\].bbx is .* finite"),
        ([{"ok": [0], "junk": [], "bbx": [0, 0, 10**400, 4]}], {}, r"gnd\[0\].bbx is .* finite"),
    ],
)
def test_bad_files_are_named_with_the_field(tmp_path, entries, changes, message):
    with pytest.raises(GroundTruthError, match=rf"gnd\.json: {message}"):
        ground_truth(tmp_path, entries, **changes)


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe{}", b"", b"[" * 100_000, b"[1" + b"0" * 5000 + b"]"])
def test_not_json(tmp_path, content):
    path = tmp_path / "gnd.json"
    path.write_bytes(content)
    with pytest.raises(GroundTruthError, match=r"gnd\.json: this is not JSON"):
        GroundTruth.load(path)
    path.write_text("[]")
    with pytest.raises(GroundTruthError, match=r"gnd\.json: the file must hold an object"):
        GroundTruth.load(path)


def test_evaluation_needs_no_torch():
    code = "import sys, fastdct.retrieval.evaluation; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
