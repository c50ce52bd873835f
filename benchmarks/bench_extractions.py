"""What ways of extracting give: mAP, global and verified, against the source's way, with intervals; cost and size.

Usage: python benchmarks/bench_extractions.py FOLDER --keep DIR [--split train|val] [--every N] [--kinds KIND…]; see instances.py for FOLDER.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

import machine
from fastdct import models
from fastdct.retrieval import Extractor, GeometricVerification
from fastdct.retrieval.codec import LocalCodec
from fastdct.retrieval.extraction import DELG_GLOBAL_SCALES, DELG_SCALES
from instances import Judge, Row, described, ground_truth, indexed, parser_of, rows_of

VERIFY = GeometricVerification()


def milliseconds_of(extractor: Extractor, rows: Sequence[Row], folder: Path) -> float:
    """Median processor time of one photo, file to features, one thread."""
    taken = []
    for row in rows[:: max(1, len(rows) // 24)]:
        start = time.thread_time()
        extractor.extract(folder / row["path"])
        taken.append(1e3 * (time.thread_time() - start))
    return statistics.median(taken)


def extractions_table(
    model: Any, rows: Sequence[Row], distractors: Sequence[Row], arguments: argparse.Namespace
) -> dict[str, Any]:
    truth = ground_truth(rows, distractors, arguments.every)
    plain = indexed(Extractor(model), [*rows, *distractors], arguments.folder, arguments.keep)
    local = plain.fetch(plain.names).descriptors.astype(np.float32)
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
    table: dict[str, Any] = {}
    firsts = None
    for name, options in ways.items():
        extractor = Extractor(model, **options)
        index = indexed(extractor, [*rows, *distractors], arguments.folder, arguments.keep)
        judge = Judge(index, truth)
        globally, (verified, query_ms) = judge.run([])[0], judge.run([VERIFY])
        firsts = firsts or (globally, verified)
        print(f"{name:34}", end="")
        table[name] = {
            "global": described(globally, firsts[0], milliseconds_of(extractor, rows, arguments.folder))
        }
        print(f"{'  verified':34}", end="")
        table[name]["verified"] = described(verified, firsts[1], query_ms)
        width = extractor.spec.local_dim * (1 if extractor.spec.binary else 2)
        table[name]["bytes_a_feature"] = width
    return table


def main() -> None:
    arguments = parser_of(__doc__).parse_args()
    torch.set_num_threads(1)
    model = models.load(arguments.model)
    rows = rows_of(arguments.folder, arguments.split, arguments.kinds)
    distractors = rows_of(arguments.folder, "distractor")
    truth = ground_truth(rows, distractors, arguments.every)
    result = {
        "model": str(Extractor(model).spec),
        "split": arguments.split,
        "queries": len(truth.queries),
        "database": len(truth.images),
        "extractions": extractions_table(model, rows, distractors, arguments),
    }
    print(machine.save(f"extractions_{arguments.split}", result))


if __name__ == "__main__":
    main()
