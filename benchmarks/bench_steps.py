"""What each step of a ranking gives, and each way of extracting: mAP against the global ranking, with intervals.

Usage: python benchmarks/bench_steps.py FOLDER [--split train|val] [--extractions], where FOLDER holds labels.csv
(path, instance, kind, split) and the photos. Every photo of the split is a query and its own junk; the database is the
split and the distractors. Learned whitening is fitted to other instances than it is judged on: to the train split for
val, and for train to one half of the instances for the other and back. Intervals are 95 % of a paired bootstrap over queries.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
import time
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import torch

import machine
from fastdct import models
from fastdct.retrieval import Extractor, GeometricVerification, Index, Record
from fastdct.retrieval.benchmark import Benchmark
from fastdct.retrieval.codec import LocalCodec
from fastdct.retrieval.evaluation import Evaluation, GroundTruth, Query, paired_bootstrap
from fastdct.retrieval.extraction import DELG_GLOBAL_SCALES, DELG_SCALES
from fastdct.retrieval.features import Features
from fastdct.retrieval.steps import (
    DatabaseAugmentation,
    Diffusion,
    QueryExpansion,
    Step,
    SuperGlobal,
    Whitening,
)

Row = Mapping[str, str]
VERIFY = GeometricVerification()


def rows_of(folder: Path, split: str) -> list[Row]:
    with (folder / "labels.csv").open(newline="", encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row["split"] == split]


def ground_truth(rows: Sequence[Row], distractors: Sequence[Row]) -> GroundTruth:
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
    )
    return GroundTruth(images, tuple(queries))


def extract(extractor: Extractor, rows: Sequence[Row], folder: Path) -> tuple[dict[str, Features], float]:
    """Features by path, and the mean processor time of one photo in ms."""
    start = time.thread_time()
    features = {row["path"]: extractor.extract(folder / row["path"]) for row in rows}
    return features, 1e3 * (time.thread_time() - start) / len(rows)


def learned(features: Mapping[str, Features], rows: Sequence[Row]) -> Whitening:
    vectors = np.stack([features[row["path"]].global_descriptor for row in rows])
    pairs = [
        (i, j) for i, j in combinations(range(len(rows)), 2) if rows[i]["instance"] == rows[j]["instance"]
    ]
    return Whitening.learned(vectors, np.array(pairs))


def half(row: Row) -> int:
    return zlib.crc32(row["instance"].encode()) % 2


class Judge:
    """One index, ranked in many ways."""

    def __init__(self, index: Index, truth: GroundTruth, features: Mapping[str, Features]) -> None:
        self.benchmark = Benchmark(index, truth, (), {name: name for name in truth.images})
        self.features = features

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


def joined(parts: Sequence[Evaluation], truth: GroundTruth) -> Evaluation:
    """One evaluation of parts that judged disjoint queries of ``truth``."""
    precision = {name: value for part in parts for name, value in part.overall.average_precision.items()}

    def scores(queries: Sequence[Query]) -> Any:
        own = {query.name: precision[query.name] for query in queries if query.name in precision}
        return replace(
            parts[0].overall, mean_average_precision=float(np.mean([*own.values()])), average_precision=own
        )

    kinds = dict.fromkeys(query.kind for query in truth.queries if query.kind)
    groups = {kind: scores([query for query in truth.queries if query.kind == kind]) for kind in kinds}
    return replace(parts[0], overall=scores(truth.queries), kinds=groups)


def steps_table(
    judge: Judge, features: Mapping[str, Features], rows: Sequence[Row], train: Sequence[Row]
) -> dict[str, Any]:
    vectors = np.stack([features[row["path"]].global_descriptor for row in train])
    ways: dict[str, list[Step]] = {
        "global": [],
        "PCA-whitening": [Whitening.pca(vectors)],
        "PCA-whitening, half": [Whitening.pca(vectors, dims=vectors.shape[1] // 2)],
        "average QE": [QueryExpansion(10, alpha=0)],
        "alpha-QE, 50": [QueryExpansion()],
        "alpha-QE, 5": [QueryExpansion(5)],
        "DBA": [DatabaseAugmentation()],
        "DBA, 5": [DatabaseAugmentation(5)],
        "DBA, 5 + alpha-QE, 5": [DatabaseAugmentation(5), QueryExpansion(5)],
        "SuperGlobal": [SuperGlobal()],
        "diffusion": [Diffusion()],
        "diffusion, k = 10": [Diffusion(num_neighbours=10, num_seeds=3)],
        "verification": [VERIFY],
        "SuperGlobal + verification": [SuperGlobal(), VERIFY],
        "diffusion, k = 10 + verification": [Diffusion(num_neighbours=10, num_seeds=3), VERIFY],
        "verification + alpha-QE, 5": [VERIFY, QueryExpansion(5)],
    }
    truth = judge.benchmark.ground_truth
    first, _ = judge.run([])
    table = {}
    for name, steps in ways.items():
        print(f"{name:34}", end="", flush=True)
        table[name] = described(*_swapped(judge.run(steps), first))
    print(f"{'learned whitening':34}", end="", flush=True)
    if rows is train:
        parts, milliseconds = [], 0.0
        for side in (0, 1):
            whitening = learned(features, [row for row in train if half(row) != side])
            names = {row["path"] for row in train if half(row) == side}
            part, milliseconds = judge.run(
                [whitening], [query for query in truth.queries if query.name in names]
            )
            parts.append(part)
        table["learned whitening"] = described(joined(parts, truth), first, milliseconds)
    else:
        table["learned whitening"] = described(*_swapped(judge.run([learned(features, train)]), first))
    return table


def _swapped(judged: tuple[Evaluation, float], first: Evaluation) -> tuple[Evaluation, Evaluation, float]:
    return judged[0], first, judged[1]


def judge_of(
    extractor: Extractor, features: Mapping[str, Features], truth: GroundTruth, scratch: Path
) -> Judge:
    index = Index.create(scratch, spec=extractor.spec, codec=extractor.codec)
    index.add(Record(name, features[name]) for name in truth.images)
    return Judge(index, truth, features)


def extractions_table(
    model: Any, rows: Sequence[Row], distractors: Sequence[Row], folder: Path
) -> dict[str, Any]:
    truth = ground_truth(rows, distractors)
    plain, _ = extract(Extractor(model), rows[::8], folder)
    local = np.concatenate([features.descriptors for features in plain.values()])
    dims = local.shape[1]
    ways: dict[str, dict[str, Any]] = {
        "as the source": {},
        "global over three scales": {"global_scales": DELG_GLOBAL_SCALES},
        "local over seven scales": {"scales": DELG_SCALES},
        "overlap at most 0.8": {"max_overlap": 0.8},
        "400 features": {"max_features": 400},
        f"PCA to {dims // 2}": {"codec": LocalCodec.fit(local, dims=dims // 2)},
        f"{dims} bits": {"codec": LocalCodec.fit(local, dims=dims, binary=True)},
    }
    table, firsts = {}, None
    for name, options in ways.items():
        extractor = Extractor(model, **options)
        features, milliseconds = extract(extractor, [*rows, *distractors], folder)
        with tempfile.TemporaryDirectory() as scratch:
            judge = judge_of(extractor, features, truth, Path(scratch) / "index")
            globally, verified = judge.run([])[0], judge.run([VERIFY])[0]
        firsts = firsts or (globally, verified)
        print(f"{name:34}", end="")
        table[name] = {"global": described(globally, firsts[0], milliseconds)}
        print(f"{'  verified':34}", end="")
        table[name]["verified"] = described(verified, firsts[1], milliseconds)
        sizes = [each.descriptors.nbytes // (1 if extractor.spec.binary else 2) for each in features.values()]
        table[name]["local_bytes"] = round(float(np.mean(sizes)))
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default="delg-small")
    parser.add_argument("--split", default="train")
    parser.add_argument("--extractions", action="store_true", help="compare ways of extracting, not steps")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    model = models.load(arguments.model)
    train = rows_of(arguments.folder, "train")
    rows = train if arguments.split == "train" else rows_of(arguments.folder, arguments.split)
    distractors = rows_of(arguments.folder, "distractor")
    result: dict[str, Any] = {"model": arguments.model, "split": arguments.split, "queries": len(rows)}
    if arguments.extractions:
        result["extractions"] = extractions_table(model, rows, distractors, arguments.folder)
        print(machine.save(f"extractions_{arguments.split}", result))
        return
    extractor = Extractor(model)
    everything = [*rows, *distractors, *([] if rows is train else train)]
    features, result["extraction_ms"] = extract(extractor, everything, arguments.folder)
    with tempfile.TemporaryDirectory() as scratch:
        judge = judge_of(extractor, features, ground_truth(rows, distractors), Path(scratch) / "index")
        result["steps"] = steps_table(judge, features, rows, train)
    print(machine.save(f"steps_{arguments.split}", result))


if __name__ == "__main__":
    main()
