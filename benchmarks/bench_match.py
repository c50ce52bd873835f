"""Descriptor matching beside other libraries, one query against a shortlist, one thread.

Usage: python benchmarks/bench_match.py. Mutual nearest neighbours (Euclidean, float32; float16 and packed bits as well) of unit
descriptors of 128 dimensions. Everybody's matches must be the reference's before anything is timed; the ratio is the
median over rounds of the peer's processor time over ours.
"""

from __future__ import annotations

import importlib
import statistics
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

import machine
from fastdct import ops
from fastdct.reference import matching as reference

Matched = set[tuple[int, int]]  # (query row, candidate row) of one candidate
Call = Callable[[np.ndarray, np.ndarray, np.ndarray], list[Matched]]

SIZES = ((200, 100), (1000, 100))  # features of each image, candidates
DIMENSIONS = 128
ROUNDS = 5
GATE = 3


def unit_descriptors(rng: np.random.Generator, rows: int) -> np.ndarray:
    values = rng.normal(size=(rows, DIMENSIONS)).astype(np.float32)
    return values / np.linalg.norm(values, axis=1, keepdims=True)


def fastdct(query: np.ndarray, candidates: np.ndarray, offsets: np.ndarray, **options: Any) -> Any:
    return ops.match(query, candidates, offsets, **options)


def as_sets(matches: Any) -> list[Matched]:
    pairs = list(zip(matches.query_index.tolist(), matches.candidate_index.tolist(), strict=True))
    return [set(pairs[first:last]) for first, last in pairwise(matches.offsets.tolist())]


def opencv(query: np.ndarray, candidates: np.ndarray, offsets: np.ndarray) -> list[Any]:
    cv2 = importlib.import_module("cv2")
    cv2.setNumThreads(1)
    norm = cv2.NORM_HAMMING if query.dtype == np.uint8 else cv2.NORM_L2
    matcher = cv2.BFMatcher(norm, crossCheck=True)
    return [matcher.match(query, candidates[first:last]) for first, last in pairwise(offsets.tolist())]


def faiss(query: np.ndarray, candidates: np.ndarray, offsets: np.ndarray) -> list[Any]:
    library = importlib.import_module("faiss")
    library.omp_set_num_threads(1)
    found = []
    for first, last in pairwise(offsets.tolist()):
        candidate = candidates[first:last]
        forth, back = library.knn(query, candidate, 1)[1][:, 0], library.knn(candidate, query, 1)[1][:, 0]
        rows = np.flatnonzero(back[forth] == np.arange(len(query)))
        found.append((rows, forth[rows]))
    return found


def torch(query: np.ndarray, candidates: np.ndarray, offsets: np.ndarray) -> list[Any]:
    library = importlib.import_module("torch")
    library.set_num_threads(1)
    q = library.from_numpy(query)
    found = []
    for first, last in pairwise(offsets.tolist()):
        c = library.from_numpy(candidates[first:last])
        squares = library.addmm((c * c).sum(1)[None], q, c.T, alpha=-2).add_((q * q).sum(1)[:, None])
        forth, back = squares.argmin(1), squares.argmin(0)
        rows = (back[forth] == library.arange(len(q))).nonzero()[:, 0]
        found.append((rows, forth[rows]))
    return found


PEERS: dict[str, Callable[..., list[Any]]] = {"opencv": opencv, "faiss": faiss, "torch": torch}


def peer_sets(name: str, found: list[Any]) -> list[Matched]:
    if name == "opencv":
        return [{(match.queryIdx, match.trainIdx) for match in matches} for matches in found]
    return [set(zip(rows.tolist(), columns.tolist(), strict=True)) for rows, columns in found]


def check_answers() -> None:
    """On a shortlist small enough for the definition."""
    rng = np.random.default_rng(0)
    query, candidates = unit_descriptors(rng, 40), unit_descriptors(rng, 90)
    offsets = np.array([0, 30, 90])
    expected = [
        {pair[:2] for pair in reference.match(query, candidates[first:last])}
        for first, last in pairwise(offsets)
    ]
    assert as_sets(fastdct(query, candidates, offsets)) == expected
    for name, peer in PEERS.items():
        assert peer_sets(name, peer(query, candidates, offsets)) == expected, name


def measure(num_features: int, num_candidates: int) -> dict[str, Any]:
    rng = np.random.default_rng(1)
    query, candidates = (
        unit_descriptors(rng, num_features),
        unit_descriptors(rng, num_features * num_candidates),
    )
    offsets = np.arange(num_candidates + 1) * num_features
    halves = query.astype(np.float16), candidates.astype(np.float16)
    bits = np.packbits(query > 0, axis=1), np.packbits(candidates > 0, axis=1)
    calls: dict[str, Callable[[], Any]] = {
        "fastdct": lambda: fastdct(query, candidates, offsets),
        "fastdct float16": lambda: fastdct(*halves, offsets),
        "fastdct hamming 128 bits": lambda: fastdct(*bits, offsets, metric="hamming"),
        "opencv hamming 128 bits": lambda: opencv(*bits, offsets),
    }
    for name, peer in PEERS.items():
        calls[name] = lambda peer=peer: peer(query, candidates, offsets)
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            start = time.process_time()
            call()
            seconds[name].append(time.process_time() - start)
    own = seconds["fastdct"]
    table = {
        name: {
            "ms": round(1e3 * statistics.median(times), 2),
            "ratio": round(statistics.median(a / b for a, b in zip(times, own, strict=True)), 2),
        }
        for name, times in seconds.items()
    }
    return {"ratio": min(table[name]["ratio"] for name in PEERS), "gate": GATE, "table": table}


def main() -> None:
    check_answers()
    result: dict[str, Any] = {"dimensions": DIMENSIONS, "rounds": ROUNDS}
    for num_features, num_candidates in SIZES:
        name = f"{num_features} features, {num_candidates} candidates"
        result[name] = measure(num_features, num_candidates)
        print(name, result[name]["ratio"], "x the fastest peer")
        for row, values in result[name]["table"].items():
            print(f"    {row:28}", values)
    print(machine.save("match", result))


if __name__ == "__main__":
    main()
