"""What the plausibility bounds of RANSAC cost and gain on real pairs.

Usage: python benchmarks/bench_bounds.py FOLDER, where FOLDER holds gnd.json (revisited-Oxford layout) and the photos that it
names. True pairs are a query and each of its positives; false pairs are a query and images that are neither positive nor
junk, as many. A pair is accepted from so many one-to-one inliers on that 1 % of the false pairs are, for each bound by
itself: bounds that reject true maps lose recall, bounds that reject chance lower the number.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

import machine
from fastdct import models, ops
from fastdct.retrieval import Extractor
from fastdct.retrieval.features import Features
from fastdct.retrieval.ground_truth import GroundTruth
from fastdct.retrieval.verification import REFERENCE_AREA, VerificationOptions

Bounds = dict[str, Any]
BOUNDS: dict[str, Bounds] = {
    "default": {},
    "scale 0.5-2": {"scale_range": (0.5, 2.0)},
    "anisotropy 2": {"max_anisotropy": 2.0},
    "scale 0.1-10": {"scale_range": (0.1, 10.0)},
    "anisotropy 8": {"max_anisotropy": 8.0},
    "no scale bound": {"scale_range": None},
    "no anisotropy bound": {"max_anisotropy": None},
    "reflections": {"allow_reflection": True},
    "all off": {"scale_range": None, "max_anisotropy": None, "allow_reflection": True},
}
MODELS = ("similarity", "affine", "homography")


class Pairs(NamedTuple):
    source: np.ndarray  # [K, 2] pixels at REFERENCE_AREA
    target: np.ndarray  # [K, 2]
    offsets: np.ndarray  # [P + 1]
    is_true: np.ndarray  # bool [P]


def points(features: Features) -> np.ndarray:
    return features.keypoints * np.sqrt(REFERENCE_AREA / (features.height * features.width))


def matched(features: dict[str, Features], pairs: list[tuple[str, str, bool]]) -> Pairs:
    sources, targets, sizes = [], [], []
    for query, image, _ in pairs:
        a, b = features[query], features[image]
        matches = ops.match(a.descriptors, b.descriptors, [0, len(b.descriptors)])
        sources.append(points(a)[matches.query_index])
        targets.append(points(b)[matches.candidate_index])
        sizes.append(len(matches.query_index))
    return Pairs(
        np.concatenate(sources),
        np.concatenate(targets),
        np.cumsum([0, *sizes]),
        np.array([true for *_, true in pairs]),
    )


def named_pairs(truth: GroundTruth, seed: int) -> list[tuple[str, str, bool]]:
    rng = np.random.default_rng(seed)
    pairs = []
    for query in truth.queries:
        positives = [truth.images[i] for i in sorted({*query.positives})]
        neither = sorted(set(range(len(truth.images))) - {*query.positives, *query.junk})
        chosen = rng.choice(neither, min(len(positives), len(neither)), replace=False)
        pairs += [(query.name, name, True) for name in positives if name != query.name]
        pairs += [(query.name, truth.images[i], False) for i in chosen if truth.images[i] != query.name]
    return pairs


def judge(pairs: Pairs, *, model: str, bounds: Bounds, max_iterations: int) -> dict[str, Any]:
    counts = ops.ransac(
        pairs.source,
        pairs.target,
        pairs.offsets,
        model=model,
        max_error=VerificationOptions().max_error,
        max_iterations=max_iterations,
        **bounds,
    ).num_one_to_one
    threshold = int(np.quantile(counts[~pairs.is_true], 0.99, method="higher")) + 1
    fixed = VerificationOptions().min_inliers
    return {
        "recall": round(float((counts[pairs.is_true] >= threshold).mean()), 4),
        "threshold": threshold,
        f"recall at {fixed}": round(float((counts[pairs.is_true] >= fixed).mean()), 4),
        f"false at {fixed}": round(float((counts[~pairs.is_true] >= fixed).mean()), 4),
        "mean inliers of false pairs": round(float(counts[~pairs.is_true].mean()), 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default="delg-small")
    parser.add_argument("--max-iterations", type=int, default=5000)
    arguments = parser.parse_args()
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    truth = GroundTruth.load(arguments.folder / "gnd.json")
    extractor = Extractor(models.load(arguments.model))
    names = sorted({*truth.images, *(query.name for query in truth.queries)})
    features = {name: extractor.extract(arguments.folder / name) for name in names}
    pairs = matched(features, named_pairs(truth, seed=0))
    result: dict[str, Any] = {
        "true_pairs": int(pairs.is_true.sum()),
        "false_pairs": int((~pairs.is_true).sum()),
        "matches_per_pair": round(len(pairs.source) / len(pairs.is_true), 1),
        "max_error": VerificationOptions().max_error,
        "max_iterations": arguments.max_iterations,
    }
    for model in MODELS:
        result[model] = {
            name: judge(pairs, model=model, bounds=bounds, max_iterations=arguments.max_iterations)
            for name, bounds in BOUNDS.items()
        }
        for name, row in result[model].items():
            print(f"{model:12}{name:22}", row, flush=True)
    print(machine.save("bounds", result))


if __name__ == "__main__":
    main()
