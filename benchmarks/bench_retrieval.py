"""How well the packaged weights retrieve: mAP by kind, global only and verified, and what a picture costs.

Usage: python benchmarks/bench_retrieval.py FOLDER, where FOLDER holds gnd.json and the photos that it names.
``--baseline KIND=mAP`` (repeatable) records figures of another system on the same ground truth for the plot.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

import machine
from fastdct import models
from fastdct.retrieval import Extractor, GeometricVerification, Index, Record
from fastdct.retrieval.benchmark import Benchmark
from fastdct.retrieval.evaluation import Evaluation
from fastdct.retrieval.features import Features
from fastdct.retrieval.ground_truth import GroundTruth


def extract(extractor: Extractor, names: tuple[str, ...], folder: Path) -> tuple[dict[str, Features], float]:
    """Features of each picture, and the median seconds that one took, file to features."""
    features, seconds = {}, []
    for name in names:
        start = time.perf_counter()
        features[name] = extractor.extract(folder / name)
        seconds.append(time.perf_counter() - start)
    return features, statistics.median(seconds)


def bytes_of(features: Features) -> int:
    """Bytes that the store keeps of one picture's descriptors: global float32, local float16."""
    return 4 * features.global_descriptor.size + 2 * features.descriptors.size


def scores(evaluation: Evaluation) -> dict[str, Any]:
    by_kind = {kind: round(value.mean_average_precision, 4) for kind, value in evaluation.kinds.items()}
    return {**by_kind, "all": round(evaluation.overall.mean_average_precision, 4)}


def measure(folder: Path, model: str) -> dict[str, Any]:
    torch.set_num_threads(1)
    ground_truth = folder / "gnd.json"
    extractor = Extractor(models.load(model))
    names = GroundTruth.load(ground_truth).images
    features, seconds = extract(extractor, names, folder)
    with tempfile.TemporaryDirectory() as scratch:
        index = Index.create(Path(scratch) / "index", spec=extractor.spec, root=folder, weights=model)
        index.add(Record(name, features[name], 1, 0, 0) for name in names)
        benchmark = Benchmark.load(index, ground_truth)
        queries = benchmark.features(extractor)
        plain = benchmark.run(queries)
        start = time.perf_counter()
        verified = benchmark.run(queries, steps=[GeometricVerification()])
        per_query = (time.perf_counter() - start) / len(queries)
    return {
        "model": model,
        "convention": plain.convention,
        "queries": {
            **{kind: value.num_queries for kind, value in plain.kinds.items()},
            "all": plain.overall.num_queries,
        },
        "mAP": {"DCT global": scores(plain), "DCT global + verification": scores(verified)},
        "threads": 1,
        "extraction_ms": round(1e3 * seconds, 1),
        "search_and_verify_ms": round(1e3 * per_query, 1),
        "bytes_per_image": round(statistics.mean(map(bytes_of, features.values()))),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default="delg-small")
    parser.add_argument("--baseline", action="append", default=[], metavar="KIND=mAP")
    parser.add_argument("--baseline-name", default="baseline")
    arguments = parser.parse_args()
    result = measure(arguments.folder, arguments.model)
    if arguments.baseline:
        pairs = (item.split("=") for item in arguments.baseline)
        result["mAP"] = {
            arguments.baseline_name: {kind: float(value) for kind, value in pairs},
            **result["mAP"],
        }
    for name, values in result["mAP"].items():
        print(f"{name:28}", "  ".join(f"{kind} {value:.3f}" for kind, value in values.items()))
    print({key: result[key] for key in ("extraction_ms", "search_and_verify_ms", "bytes_per_image")})
    print(machine.save("retrieval", result))


if __name__ == "__main__":
    main()
