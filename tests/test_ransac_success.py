"""RANSAC finds no less than other libraries did, on the pairs of the benchmark and over its five seeds."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import bench_ransac  # noqa: E402
from two_views import joined, make  # noqa: E402

PEERS = json.loads((BENCHMARKS / "results" / "ransac.json").read_text())
SEEDS = range(5)


def qualities(workload):
    """What the benchmark says of our answers, for each seed."""
    results = []
    for seed in SEEDS:
        pairs = make(workload.pairs, num_pairs=workload.num_pairs, seed=seed)
        arrays = joined(pairs)
        found = bench_ransac.estimates(bench_ransac.ours(workload)(arrays), arrays["offsets"])
        results.append(bench_ransac.quality(pairs, found))
    return results


@pytest.mark.parametrize("workload", bench_ransac.WORKLOADS, ids=lambda workload: workload.name)
def test_success_is_no_lower_than_the_best_peers(workload):
    found = qualities(workload)
    if "success" in found[0]:
        success = round(float(np.mean([quality["success"] for quality in found])), 4)
        assert success >= PEERS[workload.name]["best_peer_success"]
    if "auc" in found[0]:
        assert np.mean([quality["auc"] for quality in found]) >= 0.999
    if workload.pairs == "m21":  # a third of the false matches run into one place
        assert max(quality["most_inliers"] for quality in found) <= 10
