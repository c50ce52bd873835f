"""Labelled photos as a retrieval benchmark: every photo a query, the others of its instance its right answers.

A folder holds labels.csv (path, instance, kind, split) and the photos. A query is its own junk; the database is a split and
the distractors. Intervals are 95 % of a paired bootstrap over queries.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from fastdct.retrieval import Extractor, Index
from fastdct.retrieval.benchmark import Benchmark
from fastdct.retrieval.evaluation import Evaluation, GroundTruth, Query, paired_bootstrap
from fastdct.retrieval.indexing import Listing, index_pictures
from fastdct.retrieval.steps import Step

Row = Mapping[str, str]


def parser_of(description: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--keep", type=Path, required=True, help="where indexes are kept for the next run")
    parser.add_argument("--model", default="delg-small")
    parser.add_argument("--split", default="train")
    parser.add_argument(
        "--every", type=int, default=1, help="take every so-manyth photo of an instance as a query"
    )
    parser.add_argument("--kinds", nargs="*", help="kinds of instances that take part (default: all)")
    return parser


def rows_of(folder: Path, split: str, kinds: Sequence[str] | None = None) -> list[Row]:
    with (folder / "labels.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == split]
    return [row for row in rows if not kinds or row["kind"] in kinds]


def ground_truth(rows: Sequence[Row], distractors: Sequence[Row], every: int) -> GroundTruth:
    images = tuple(row["path"] for row in (*rows, *distractors))
    members: dict[str, list[int]] = {}
    for place, row in enumerate(rows):
        members.setdefault(row["instance"], []).append(place)
    queries = (
        Query(
            row["path"],
            {"ok": tuple(i for i in members[row["instance"]] if i != place), "junk": (place,)},
            row["kind"],
        )
        for place, row in enumerate(rows)
        if members[row["instance"]].index(place) % every == 0
    )
    return GroundTruth(images, tuple(queries))


def indexed(extractor: Extractor, rows: Sequence[Row], folder: Path, keep: Path) -> Index:
    """The index of ``rows`` in ``keep``, made or completed."""
    path = keep / hashlib.sha256(repr(extractor.spec).encode()).hexdigest()[:16]
    path.parent.mkdir(parents=True, exist_ok=True)
    index = (
        Index.open(path, spec=extractor.spec)
        if Index.exists(path)
        else Index.create(path, spec=extractor.spec, root=folder, codec=extractor.codec)
    )
    index_pictures(
        index, Listing({row["path"]: folder / row["path"] for row in rows}, 0), extractor, num_threads=2
    )
    return index


def vectors_of(index: Index, rows: Sequence[Row]) -> Any:
    return index.vectors.values[index.positions([row["path"] for row in rows])]


class Judge:
    """One index, ranked in many ways."""

    def __init__(self, index: Index, truth: GroundTruth) -> None:
        self.benchmark = Benchmark(index, truth, (), {name: name for name in truth.images})
        self.features = {query.name: index.features(query.name) for query in truth.queries}

    def run(self, steps: Sequence[Step], queries: Sequence[Query] | None = None) -> tuple[Evaluation, float]:
        """The evaluation, and ms a query."""
        truth = self.benchmark.ground_truth
        chosen = replace(truth, queries=truth.queries if queries is None else tuple(queries))
        start = time.thread_time()
        result = replace(self.benchmark, ground_truth=chosen).run(self.features, steps=steps)
        return result, 1e3 * (time.thread_time() - start) / len(chosen.queries)


def described(evaluation: Evaluation, first: Evaluation, milliseconds: float) -> dict[str, Any]:
    overall = evaluation.overall
    gain = paired_bootstrap(first.overall.average_precision, overall.average_precision)
    kinds = {kind: round(scores.mean_average_precision, 4) for kind, scores in evaluation.kinds.items()}
    print(f"{overall.mean_average_precision:.4f}  {gain}  {kinds}  {milliseconds:.1f} ms", flush=True)
    return {
        "mAP": {**kinds, "all": round(overall.mean_average_precision, 4)},
        "gain": [round(value, 4) for value in (gain.mean, gain.low, gain.high)],
        "ms": round(milliseconds, 1),
    }
