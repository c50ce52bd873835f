"""RANSAC and matching on the GPU beside the CPU: every answer is checked before it is timed.

Usage: python benchmarks/bench_gpu.py, where a CUDA device is. measure() is what scripts/gpu_check calls.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

import machine
from fastdct import ops
from two_views import joined, make

GATES_MS = {"100 pairs without true matches": 1.0, "1000 pairs without true matches": 6.0}


def milliseconds(call: Callable[[], Any], rounds: int = 20) -> float:
    """Median time between events around the call, on an otherwise idle stream."""
    times = []
    for _ in range(rounds + 3):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        torch.cuda.synchronize()
        start.record()
        call()
        end.record()
        end.synchronize()
        times.append(start.elapsed_time(end))
    return statistics.median(times[3:])  # the first ones load the kernels


def ransac_case(num_pairs: int) -> dict[str, float]:
    arrays = joined(make("r00", num_pairs=num_pairs, seed=0))
    points = [torch.from_numpy(arrays[name]).cuda() for name in ("source", "target", "offsets")]
    errors = torch.full((num_pairs,), 10.0, dtype=torch.float64, device="cuda")
    options = {"max_iterations": 50_000, "confidence": 0.99}
    found = ops.ransac(*points, max_error=errors, **options)
    expected = ops.ransac(*(p.cpu().numpy() for p in points), max_error=10.0, **options)
    for name in ("num_inliers", "num_one_to_one", "num_iterations"):
        np.testing.assert_array_equal(
            getattr(found, name).cpu().numpy(), getattr(expected, name), err_msg=name
        )
    return {"ms": round(milliseconds(lambda: ops.ransac(*points, max_error=errors, **options)), 3)}


def match_case(num_features: int) -> dict[str, float]:
    rng = np.random.default_rng(0)
    query, candidates = (
        rng.normal(size=(n, 128)).astype(np.float32) for n in (num_features, 100 * num_features)
    )
    offsets = np.arange(101) * num_features
    tensors = [torch.from_numpy(array).cuda() for array in (query, candidates, offsets)]
    found, expected = ops.match(*tensors), ops.match(query, candidates, offsets)
    np.testing.assert_array_equal(found.candidate_index.cpu().numpy(), expected.candidate_index)
    return {"ms": round(milliseconds(lambda: ops.match(*tensors)), 3)}


def measure() -> dict[str, Any]:
    result: dict[str, Any] = {"device": torch.cuda.get_device_name(), "gates_ms": GATES_MS}
    for num_pairs in (100, 1000):
        result[f"{num_pairs} pairs without true matches"] = ransac_case(num_pairs)
    for num_features in (200, 1000):
        result[f"matching {num_features} features with 100 candidates"] = match_case(num_features)
    return result


if __name__ == "__main__":
    measured = measure()
    print(measured)
    print(machine.save("gpu", measured))
