"""How well the packaged weights retrieve: mAP by kind, global only and verified, and what a picture costs.

Usage: python benchmarks/bench_retrieval.py FOLDER, where FOLDER holds gnd.json and the photos that it names.
``--pixels FILE`` compares with a quantised MobileNetV2 on pixels, its average over positions at 224 x 224;
``--twin WEIGHTS`` with the same network trained alike on pixels; ``--other WEIGHTS`` with other weights. Intervals are 95 % of a
paired bootstrap over queries.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

import machine
from fastdct import Decoder, models
from fastdct.retrieval import Extractor, GeometricVerification, Index, Record
from fastdct.retrieval.benchmark import Benchmark
from fastdct.retrieval.evaluation import Evaluation, evaluate, paired_bootstrap
from fastdct.retrieval.features import Features
from fastdct.retrieval.ground_truth import GroundTruth


def extract(
    extractors: dict[str, Extractor], names: tuple[str, ...], folder: Path
) -> dict[str, tuple[dict[str, Features], float]]:
    """By system: features of each picture, and the median seconds of its thread that one took, file to features, in turns."""
    found: dict[str, dict[str, Features]] = {system: {} for system in extractors}
    seconds: dict[str, list[float]] = {system: [] for system in extractors}
    for name in names:
        for system, extractor in extractors.items():
            start = time.thread_time()
            found[system][name] = extractor.extract(folder / name)
            seconds[system].append(time.thread_time() - start)
    return {system: (found[system], statistics.median(seconds[system])) for system in extractors}


def bytes_of(features: Features) -> int:
    """Bytes that the store keeps of one picture's descriptors: global float32, local float16."""
    return 4 * features.global_descriptor.size + 2 * features.descriptors.size


def judge(
    folder: Path, weights: dict[str, str]
) -> dict[str, tuple[tuple[Evaluation, Evaluation], dict[str, Any]]]:
    """By system: global and verified rankings by its weights, and what they cost."""
    extractors = {system: Extractor(models.load(each)) for system, each in weights.items()}
    extracted = extract(extractors, GroundTruth.load(folder / "gnd.json").images, folder)
    found = {}
    for system, extractor in extractors.items():
        features, seconds = extracted[system]
        rankings, per_query = rank(folder, extractor, features)
        found[system] = (
            rankings,
            {
                "extraction_ms": round(1e3 * seconds, 1),
                "search_and_verify_ms": round(1e3 * per_query, 1),
                "bytes_per_image": round(statistics.mean(map(bytes_of, features.values()))),
            },
        )
    return found


def rank(
    folder: Path, extractor: Extractor, features: dict[str, Features]
) -> tuple[tuple[Evaluation, Evaluation], float]:
    """Global and verified rankings of an index of ``features``, and the seconds that a verified query takes."""
    with tempfile.TemporaryDirectory() as scratch:
        index = Index.create(Path(scratch) / "index", spec=extractor.spec, root=folder, weights="")
        index.add(Record(name, each, 1, 0, 0) for name, each in features.items())
        benchmark = Benchmark.load(index, folder / "gnd.json")
        queries = benchmark.features(extractor)
        plain = benchmark.run(queries)
        start = time.thread_time()
        verified = benchmark.run(queries, steps=[GeometricVerification()])
        return (plain, verified), (time.thread_time() - start) / len(queries)


@torch.inference_mode()
def judge_pixels(folder: Path, file: str) -> Evaluation:
    """Rankings by the cosine of average-pooled features on pixels."""
    truth = GroundTruth.load(folder / "gnd.json")
    network, decoder = models.load_quantized(file), Decoder(224, output="rgb", dtype="float32")
    rows = {}
    for name in {*truth.images, *(query.name for query in truth.queries)}:
        pixels = torch.from_numpy(decoder.decode(folder / name))[None]  # [1, 3, 224, 224]
        pooled = network.features((pixels - 127.5) / 127.5).mean(dim=(2, 3))[0]
        rows[name] = torch.nn.functional.normalize(pooled, dim=0).numpy()
    database = np.stack([rows[name] for name in truth.images])
    orders = {query.name: np.argsort(-(database @ rows[query.name])) for query in truth.queries}
    return evaluate(
        {
            query.name: [place for place in orders[query.name].tolist() if place not in query.junk]
            for query in truth.queries
        },
        truth,
    )


def scores(evaluation: Evaluation) -> dict[str, Any]:
    by_kind = {kind: round(value.mean_average_precision, 4) for kind, value in evaluation.kinds.items()}
    return {**by_kind, "all": round(evaluation.overall.mean_average_precision, 4)}


def gains(systems: dict[str, dict[str, float]]) -> dict[str, list[float]]:
    """By "one - other": the difference of mAP over all queries and its bounds, from every query's average precision."""
    found = {}
    names = list(systems)
    for place, other in enumerate(names):
        for one in names[place + 1 :]:
            gain = paired_bootstrap(systems[other], systems[one])
            found[f"{one} - {other}"] = [round(value, 4) for value in (gain.mean, gain.low, gain.high)]
    return found


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    torch.set_num_threads(1)
    systems = {}
    if arguments.pixels:
        systems["MobileNetV2 on pixels"] = judge_pixels(arguments.folder, arguments.pixels)
    others = {Path(weights).name: weights for weights in arguments.other}
    if arguments.twin:
        others["RGB twin"] = arguments.twin
    costs = {}
    for name, (rankings, costs[name]) in judge(arguments.folder, {**others, "DCT": arguments.model}).items():
        systems[f"{name} global"], systems[f"{name} global + verification"] = rankings
    own = systems["DCT global"]
    kinds = {kind: value.num_queries for kind, value in own.kinds.items()}
    return {
        "model": arguments.model,
        "convention": own.convention,
        "queries": {**kinds, "all": own.overall.num_queries},
        "mAP": {name: scores(evaluation) for name, evaluation in systems.items()},
        "gains": gains({name: value.overall.average_precision for name, value in systems.items()}),
        "threads": 1,
        "costs": costs,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default="delg-small")
    parser.add_argument("--pixels", metavar="FILE", help="npz file of a quantised MobileNetV2")
    parser.add_argument("--twin", metavar="WEIGHTS", help="of the same network, trained alike on pixels")
    parser.add_argument("--other", action="append", default=[], metavar="WEIGHTS")
    result = measure(parser.parse_args())
    for name, values in result["mAP"].items():
        print(f"{name:28}", "  ".join(f"{kind} {value:.3f}" for kind, value in values.items()))
    for name, (mean, low, high) in result["gains"].items():
        print(f"{name}: {mean:+.3f} [{low:+.3f}, {high:+.3f}]")
    print(result["costs"])
    print(machine.save("retrieval", result))


if __name__ == "__main__":
    main()
