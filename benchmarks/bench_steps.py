"""What each step of a ranking gives: mAP against the ranking by global similarity, with intervals.

Usage: python benchmarks/bench_steps.py FOLDER --keep DIR [--split train|val] [--every N] [--kinds KIND…]; see instances.py for FOLDER. Whitening is
fitted to other instances than it is judged on: to the train split for val, and for train to one half of the instances for
the other and back (PCA: to the train split, whose labels it does not see).
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import torch

import machine
from fastdct import models
from fastdct.retrieval import Extractor, GeometricVerification, Index
from fastdct.retrieval.evaluation import Evaluation, GroundTruth, Query
from fastdct.retrieval.steps import (
    DatabaseAugmentation,
    Diffusion,
    QueryExpansion,
    Step,
    SuperGlobal,
    Whitening,
)
from instances import Judge, Row, described, ground_truth, indexed, parser_of, rows_of, vectors_of

VERIFY = GeometricVerification()


def learned(index: Index, rows: Sequence[Row]) -> Whitening:
    pairs = [
        (i, j) for i, j in combinations(range(len(rows)), 2) if rows[i]["instance"] == rows[j]["instance"]
    ]
    return Whitening.learned(vectors_of(index, rows), np.array(pairs))


def half(row: Row) -> int:
    return zlib.crc32(row["instance"].encode()) % 2


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


def steps_table(judge: Judge, rows: Sequence[Row], train: Sequence[Row]) -> dict[str, Any]:
    index = judge.benchmark.index
    vectors = vectors_of(index, train)
    ways: dict[str, list[Step]] = {
        "global": [],
        "PCA-whitening": [Whitening.pca(vectors)],
        "PCA-whitening, 16": [Whitening.pca(vectors, dims=16)],
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
        "verification, inliers first": [GeometricVerification(weight=math.inf)],
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
            whitening = learned(index, [row for row in train if half(row) != side])
            names = {row["path"] for row in train if half(row) == side}
            part, milliseconds = judge.run(
                [whitening], [query for query in truth.queries if query.name in names]
            )
            parts.append(part)
        table["learned whitening"] = described(joined(parts, truth), first, milliseconds)
    else:
        table["learned whitening"] = described(*_swapped(judge.run([learned(index, train)]), first))
    return table


def _swapped(judged: tuple[Evaluation, float], first: Evaluation) -> tuple[Evaluation, Evaluation, float]:
    return judged[0], first, judged[1]


def main() -> None:
    arguments = parser_of(__doc__).parse_args()
    torch.set_num_threads(1)
    extractor = Extractor(models.load(arguments.model))
    train = rows_of(arguments.folder, "train", arguments.kinds)
    distractors = rows_of(arguments.folder, "distractor")
    rows = (
        train if arguments.split == "train" else rows_of(arguments.folder, arguments.split, arguments.kinds)
    )
    truth = ground_truth(rows, distractors, arguments.every)
    everything = [*train, *distractors, *([] if rows is train else rows)]
    index = indexed(extractor, everything, arguments.folder, arguments.keep)
    result = {
        "model": str(extractor.spec),
        "split": arguments.split,
        "queries": len(truth.queries),
        "database": len(truth.images),
        "steps": steps_table(Judge(index, truth), rows, train),
    }
    print(machine.save(f"steps_{arguments.split}", result))


if __name__ == "__main__":
    main()
