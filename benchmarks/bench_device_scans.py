"""How much more a device decodes than photos hold, for subsequences of several sizes: played on the host, not timed.

Usage: python benchmarks/bench_device_scans.py PHOTOS [--count N]. Threads begin at guesses and go on until they meet others:
the work of a photo is the bits that its threads passed over, divided by the bits that it has. Every answer is compared with
the CPU's. Photos are those of the folder as they are, and photos cropped and encoded as `photos` does. "auto" is the size
that a batch of this one photo gets.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import fastdct
import machine
import photos
from fastdct import _C

SIZES = {"1024": 1024, "2048": 2048, "4096": 4096, "8192": 8192, "16384": 16384, "auto": 0}
ENCODED = ("500x375 q75", "500x375 q90", "500x375 q95", "12 MP q75")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=400, help="photos that are taken as they are")
    arguments = parser.parse_args()
    paths = sorted(arguments.folder.rglob("*.jpg"))
    chosen = random.Random(0).sample(paths, min(arguments.count, len(paths)))
    sets = {"as they are": [path.read_bytes() for path in chosen]}
    sets |= {name: photos.make_set(arguments.folder, name) for name in ENCODED}
    result: dict[str, Any] = {"folder": arguments.folder.name}
    for name, files in sets.items():
        result[name] = {size: summary(files, subsequence_bits=bits) for size, bits in SIZES.items()}
        for size, row in result[name].items():
            print(f"{name:16}{size:>8}", row, flush=True)
    print(machine.save("device_scans", result))


def summary(files: list[bytes], *, subsequence_bits: int) -> dict[str, Any]:
    """Of the photos that a device takes: work, memory, and how many were left to the CPU after all."""
    rows = [row for file in files if (row := play(file, subsequence_bits=subsequence_bits)) is not None]
    work = np.array([row["work"] for row in rows])
    return {
        "photos": len(rows),
        "left_to_cpu": sum(row["left_to_cpu"] for row in rows),
        "work_mean": round(float(work.mean()), 3),
        "work_p95": round(float(np.quantile(work, 0.95)), 3),
        "work_max": round(float(work.max()), 3),
        "workspace_mean": round(float(np.mean([row["workspace"] for row in rows])), 1),
        "pages_filled_max": round(max(row["filled"] for row in rows), 2),
    }


def play(file: bytes, *, subsequence_bits: int) -> dict[str, Any] | None:
    batch = _C.ScanBatch([file], max_pixels=1 << 28, num_threads=1, subsequence_bits=subsequence_bits)
    if batch.reasons[0] is not None:
        return None
    sizes = {
        "arena": batch.arena_bytes,
        "workspace": batch.workspace_bytes,
        "coefficients": 128 * batch.num_blocks,
        "statuses": 4,
    }
    memory = {name: np.zeros(size, np.uint8) for name, size in sizes.items()}
    addresses = {name: array.ctypes.data for name, array in memory.items()}
    batch.write(addresses["arena"], num_threads=1)
    _C.emulation.decode_scans(batch.launches, **addresses, seed=0)
    left_to_cpu = bool(memory["statuses"].any())
    if not left_to_cpu:
        check(file, memory["coefficients"].view(np.int16))
    inputs = {name: addresses[name] for name in ("arena", "workspace")}
    num_bits, num_pages = _C.emulation.effort_of_scans(batch.launches, **inputs)
    return {
        "work": num_bits / (8 * batch.num_bytes),
        "workspace": batch.workspace_bytes / batch.num_bytes,
        "filled": num_pages * 1024 / batch.workspace_bytes,
        "left_to_cpu": left_to_cpu,
    }


def check(file: bytes, coefficients: npt.NDArray[np.int16]) -> None:
    expected = [component.coefficients.ravel() for component in fastdct.read(file).components]
    np.testing.assert_array_equal(coefficients, np.concatenate(expected))


if __name__ == "__main__":
    main()
