"""What packing coefficients for a device costs, and how small they become.

    python benchmarks/bench_shipment.py PHOTOS [--seconds 6] [--sets NAME ...] [--save]

`fastdct._C.ship` decodes as `fastdct.read_batch` does and packs what it decoded; both take turns on the same files from memory, one
thread, whose processor time is counted. Every instruction set packs, and what was packed is expanded and compared, before it is timed.
"""

import argparse
import os
import statistics
import time
from pathlib import Path

import numpy as np

import fastdct
import machine
from fastdct import _C
from fastdct._gpu.descriptors import PLANE
from photos import SETS, THREADS_SET, make_set

LEVELS = ("portable", "avx2", "avx512")
MAX_PIXELS = 1 << 28
BLOCK_BYTES = 128


def aligned(num_bytes):
    memory = np.zeros(num_bytes + 64, np.uint8)
    start = -memory.ctypes.data % 64
    return memory[start : start + num_bytes]


def ship(files, arena, num_blocks):
    shipment = _C.ship(
        files, arena=arena.ctypes.data, num_bytes=arena.nbytes, first_block=0, end_block=num_blocks, num_frequencies=64,
        luma_only=False, max_pixels=MAX_PIXELS, num_threads=1, stop_at_error=False,
    )  # fmt: skip
    assert not any(shipment.states), "a file was not shipped"
    return shipment


def check(files, arena, batch, num_blocks):
    """The share of the dense size that the files take, once they came back bit by bit."""
    shipment = ship(files, arena, num_blocks)
    blocks = aligned(BLOCK_BYTES * num_blocks).view(np.int16).reshape(-1, 8, 8)
    _C.emulation.expand(
        arena=arena.ctypes.data,
        first_group=shipment.first_group,
        num_groups=shipment.num_groups,
        coefficients=blocks.ctypes.data,
        seed=0,
    )
    _, planes, _ = shipment.descriptors()
    expected = [part.coefficients.reshape(-1, 8, 8) for row in batch for part in row.components]
    for plane, other in zip(planes.view(PLANE), expected, strict=True):
        first = int(plane["first_block"])
        assert np.array_equal(blocks[first : first + len(other)], other), "wrong answer"
    return shipment.num_bytes / num_blocks


def bench_set(folder, name, seconds):
    files = make_set(folder, name)
    batch = fastdct.read_batch(files, num_threads=1)
    num_blocks = sum(part.coefficients.size // 64 for row in batch for part in row.components)
    arena = aligned(BLOCK_BYTES * num_blocks + (1 << 20))
    times = {what: [] for what in ("read_batch", *LEVELS)}
    stop = time.perf_counter() + seconds
    while time.perf_counter() < stop or len(times["read_batch"]) < 3:
        for what in times:
            os.environ["FASTDCT_CPU"] = "avx512" if what == "read_batch" else what
            if len(times[what]) == 0 and what != "read_batch":
                size = check(files, arena, batch, num_blocks)
            start = time.thread_time()
            if what == "read_batch":
                batch = fastdct.read_batch(files, num_threads=1, out=batch)
            else:
                ship(files, arena, num_blocks)
            times[what].append(time.thread_time() - start)
    medians = {what: statistics.median(values) for what, values in times.items()}
    return {
        "files": len(files),
        "file_bytes_a_block": sum(map(len, files)) / num_blocks,
        "packed_bytes_a_block": size,
        "nanoseconds_a_block": {what: 1e9 * value / num_blocks for what, value in medians.items()},
        "ship_over_read": medians["avx512"] / medians["read_batch"],
    }


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", type=Path, help="a folder of photos")
    parser.add_argument("--seconds", type=float, default=6, help="for each set")
    names = [name for name in SETS if name != THREADS_SET]
    parser.add_argument("--sets", nargs="+", default=names, choices=names, metavar="NAME")
    parser.add_argument("--save", action="store_true", help="write benchmarks/results/shipment.json")
    options = parser.parse_args()
    results = {}
    print(f"{'':26}{'B/block: file':>14}{'packed':>8}{'ns/block: read_batch':>22}{'ship':>8}{'ratio':>8}")
    for name in options.sets:
        result = results[name] = bench_set(options.photos, name, options.seconds)
        nanoseconds = result["nanoseconds_a_block"]
        print(
            f"{name:26}{result['file_bytes_a_block']:14.2f}{result['packed_bytes_a_block']:8.2f}"
            f"{nanoseconds['read_batch']:22.1f}{nanoseconds['avx512']:8.1f}{result['ship_over_read']:8.2f}",
            flush=True,
        )
    if options.save:
        machine.save("shipment", {"date": time.strftime("%Y-%m-%d"), "sets": results})


if __name__ == "__main__":
    main()
