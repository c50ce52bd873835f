"""RANSAC and matching on the GPU: every answer is compared with the CPU's before it is timed.

python -m gpu.verification
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
import torch

from fastdct import ops
from gpu.parts import save
from gpu.timing import medians
from two_views import joined, make

GATES_MS = {"affine, 100 pairs without true matches": 1.0, "affine, 1000 pairs without true matches": 6.0}
COMPARED = ("num_inliers", "num_one_to_one", "num_iterations")


def milliseconds(call: Any, device: str) -> dict[str, float]:
    return {"ms": round(1e3 * medians({"it": call}, device, seconds=2, rounds=20)["it"], 3)}


def ransac_case(num_pairs: int, device: str, **options: Any) -> dict[str, float]:
    """Pairs of which none is true, so that every hypothesis is drawn."""
    arrays = joined(make("r00", num_pairs=num_pairs, seed=0))
    arrays = {name: arrays[name] for name in ("source", "target", "offsets")}
    tensors = {name: torch.from_numpy(array).to(device) for name, array in arrays.items()}
    errors = torch.full((num_pairs,), 10.0, dtype=torch.float64, device=device)
    found = ops.ransac(**tensors, max_error=errors, **options)
    expected = ops.ransac(**arrays, max_error=10.0, **options)
    for name in COMPARED:
        np.testing.assert_array_equal(getattr(found, name).cpu(), getattr(expected, name), err_msg=name)
    return milliseconds(lambda: ops.ransac(**tensors, max_error=errors, **options), device)


def match_case(num_features: int, device: str) -> dict[str, float]:
    rng = np.random.default_rng(0)
    query, candidates = (
        rng.normal(size=(n, 128)).astype(np.float32) for n in (num_features, 100 * num_features)
    )
    offsets = np.arange(101) * num_features
    tensors = [torch.from_numpy(array).to(device) for array in (query, candidates, offsets)]
    found, expected = ops.match(*tensors), ops.match(query, candidates, offsets)
    np.testing.assert_array_equal(found.candidate_index.cpu(), expected.candidate_index)
    return milliseconds(lambda: ops.match(*tensors), device)


def measure(device: str, *, max_iterations: int) -> None:
    result: dict[str, Any] = {"gates_ms": GATES_MS}
    options = {"max_iterations": max_iterations, "confidence": 0.99}
    for num_pairs in (100, 1000):
        result[f"affine, {num_pairs} pairs without true matches"] = ransac_case(num_pairs, device, **options)
        save(result)
    few = {"max_iterations": max_iterations // 10, "confidence": 0.99}
    for model in ("similarity", "homography", "fundamental"):
        result[f"{model}, 100 pairs, a tenth of the draws"] = ransac_case(100, device, model=model, **few)
        save(result)
    for num_features in (200, 1000):
        result[f"matching {num_features} features with 100 candidates"] = match_case(num_features, device)
        save(result)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--max-iterations", type=int, default=50_000)
    options = parser.parse_args()
    measure(options.device, max_iterations=options.max_iterations)
