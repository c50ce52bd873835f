"""What re-ranking a shortlist of 100 costs, in parts: fetch from the index, match, verify. One thread.

Usage: python benchmarks/bench_rerank.py. The index holds made features, 200 of 128 dimensions for each picture, of which some
candidates share a part with the query, moved by an affine map.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

import machine
from fastdct import ops
from fastdct.retrieval import Index, Record
from fastdct.retrieval.features import Features, FeatureSpec
from fastdct.retrieval.verification import REFERENCE_AREA, VerificationOptions, verify

NUM_PICTURES, SHORTLIST, NUM_FEATURES = 1000, 100, 200
SIDE = 448
ROUNDS = 21
GATE_MS = 30


def unit(values: np.ndarray) -> np.ndarray:
    return (values / np.linalg.norm(values, axis=-1, keepdims=True)).astype(np.float32)


def picture(rng: np.random.Generator, width: int, dimensions: int, like: Features | None = None) -> Features:
    descriptors = unit(rng.normal(size=(NUM_FEATURES, width)))
    keypoints = rng.uniform(0, SIDE, (NUM_FEATURES, 2)).astype(np.float32)
    if like is not None:  # half of its features, seen again a little turned
        half = NUM_FEATURES // 2
        descriptors[:half] = unit(like.descriptors[:half] + 0.05 * rng.normal(size=(half, width)))
        turn = np.array([[0.9, -0.2], [0.2, 0.9]])
        keypoints[:half] = like.keypoints[:half] @ turn.T + 30 + rng.normal(0, 1, (half, 2))
    return Features(
        global_descriptor=unit(rng.normal(size=dimensions)),
        keypoints=keypoints,
        scales=np.ones(NUM_FEATURES, np.float32),
        scores=rng.random(NUM_FEATURES).astype(np.float32),
        descriptors=descriptors,
        height=SIDE,
        width=SIDE,
    )


def milliseconds(call: Any) -> tuple[Any, float]:
    start = time.perf_counter()
    value = call()
    return value, 1e3 * (time.perf_counter() - start)


def parts_of(index: Index, query: Features, names: list[str]) -> dict[str, float]:
    options = VerificationOptions()
    candidates, fetch = milliseconds(lambda: index.fetch(names))
    matches, match = milliseconds(
        lambda: ops.match(
            query.descriptors, candidates.descriptors, candidates.offsets, max_ratio=options.max_ratio
        )
    )
    owner = np.repeat(np.arange(len(names)), np.diff(matches.offsets))
    scale = np.sqrt(REFERENCE_AREA) / SIDE
    points = candidates.keypoints[candidates.offsets[owner] + matches.candidate_index]
    _, ransac = milliseconds(
        lambda: ops.ransac(
            query.keypoints[matches.query_index] * scale,
            points * scale,
            matches.offsets,
            max_error=options.max_error,
            max_iterations=options.max_iterations,
        )
    )
    found, whole = milliseconds(lambda: verify(query, candidates, options=options))
    assert (found.num_inliers[:10] > 50).all(), (
        "the true candidates must be found before anything is reported"
    )
    return {"fetch": fetch, "match": match, "ransac": ransac, "match and verify": whole, "all": fetch + whole}


def main() -> None:
    rng = np.random.default_rng(0)
    width, dimensions = 128, 256
    spec = FeatureSpec("made", "0" * 64, dimensions, width)
    query = picture(rng, width, dimensions)
    features = {
        f"{i:04}.jpg": picture(rng, width, dimensions, query if i < 10 else None) for i in range(NUM_PICTURES)
    }
    with tempfile.TemporaryDirectory() as scratch:
        index = Index.create(Path(scratch) / "index", spec=spec, root=scratch, weights="delg-small")
        index.add(Record(name, value, 1, 0, 0) for name, value in features.items())
        names = sorted(features)[:SHORTLIST]
        parts_of(index, query, names)
        rounds = [parts_of(index, query, names) for _ in range(ROUNDS)]
    median = {name: round(statistics.median(r[name] for r in rounds), 2) for name in rounds[0]}
    result = {
        "candidates": SHORTLIST,
        "features": NUM_FEATURES,
        "dimensions": width,
        "gate_ms": GATE_MS,
        "median_ms": median,
        "best_ms": {name: round(min(r[name] for r in rounds), 2) for name in rounds[0]},
    }
    print(result)
    print(machine.save("rerank", result))


if __name__ == "__main__":
    main()
