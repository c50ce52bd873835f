"""How many photos a second a training loop gets, beside torch's DataLoader over pixels.

    python benchmarks/bench_loader.py PHOTOS [--seconds 40] [--output loader]

Ours is `DctLoader`, 448 x 448 → [64, 56, 56] normalised float32, random windows, on threads of one process; theirs is
torch.utils.data.DataLoader with two persistent workers over the fastest pixel pipeline that we know: simplejpeg, then OpenCV's
resized crop, then a table for each channel. Everybody reads the same files. What comes out is checked before it is timed; passes
take turns, so that what else the machine does hits all of them; figures are medians of wall-clock time. The consumer does
nothing: that shows how much a loop may ask for, not how fast a network is trained. Threads can only gain what
the machine has idle: what two threads gain that merely hash is measured in the same turns, and is to be read beside ours. The
processor time of a photo, in this process and its workers together, depends less on what else runs than rates do, though caches are
shared; where all processors are busy loading, its ratios are those of the rates.
"""

import argparse
import hashlib
import multiprocessing
import os
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import simplejpeg
import torch
from torch.utils.data import DataLoader, Dataset

import fastdct
import machine
from fastdct.data import DctDataset, DctLoader, Sources
from fastdct.geometry import Compose, RandomHorizontalFlip, RandomResizedCrop
from peers import windows as ways
from photos import make_set

BATCH, WORKERS = 32, 2
RULE = Compose([RandomResizedCrop(), RandomHorizontalFlip()])
# way: gate of ours on two threads to it.
GATES = {
    "fastdct, 1 thread": 1.8,
    "DataLoader, 2 workers, pixels 448": 3.0,
    "DataLoader, 2 workers, pixels 224": 3.0,
}


CEILING = {"hashing, 2 threads": 2, "hashing, 1 thread": 1}


class Pixels(Dataset):
    """simplejpeg + OpenCV, the window drawn by the rule that we use: a float32 tensor [3, size, size]."""

    def __init__(self, paths, size):
        self.paths, self.size = paths, size

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, position):
        data = self.paths[position].read_bytes()
        window = RULE(*simplejpeg.decode_jpeg_header(data)[:2])
        corners = (*map(int, window.box), window.flip)
        return torch.from_numpy(ways.opencv_linear(data, corners, self.size))


def decoder(**options):
    return fastdct.Decoder(448, window=RULE, normalize=(ways.DCT_MEAN, ways.DCT_STD), **options)


def torch_loader(dataset):
    return DataLoader(dataset, batch_size=BATCH, num_workers=WORKERS, persistent_workers=True, shuffle=True)


def make_ways(paths):
    sources = Sources(paths)

    def ours(num_threads):
        return DctLoader(sources, decoder(), batch_size=BATCH, shuffle=True, num_threads=num_threads)

    return {
        "fastdct, 2 threads": ours(2),
        "fastdct, 1 thread": ours(1),
        "DataLoader, 2 workers, fastdct": torch_loader(DctDataset(sources, decoder())),
        "DataLoader, 2 workers, pixels 448": torch_loader(Pixels(paths, 448)),
        "DataLoader, 2 workers, pixels 224": torch_loader(Pixels(paths, 224)),
    }


def check(paths):
    """Threads change nothing, and both pipelines show the same picture in the same window."""
    one, two = (
        list(DctLoader(Sources(paths[:40]), decoder(), batch_size=BATCH, num_threads=count))
        for count in (1, 2)
    )
    if not all(torch.equal(a.tensor, b.tensor) for a, b in zip(one, two, strict=True)):
        raise SystemExit("two threads decode otherwise than one")
    for position in range(3):
        torch.manual_seed(position)
        pixels = Pixels(paths, 224)[position].numpy()
        torch.manual_seed(position)
        rgb = fastdct.Decoder(224, window=RULE, output="rgb", normalize=(ways.MEAN, ways.STD)).decode(
            paths[position]
        )
        error = np.abs(pixels - rgb).mean() / np.abs(rgb).mean()
        if error > 0.3:  # a wrong crop, flip or normalisation is far off, another filter is not
            raise SystemExit(f"the pixel pipeline is off by {error:.0%} from the same window by fastdct")


def processor_seconds():
    """Of this process and its workers so far (proc(5): fields 14 and 15 of stat)."""
    stats = (Path(f"/proc/{child.pid}/stat").read_text() for child in multiprocessing.active_children())
    ticks = sum(int(field) for stat in stats for field in stat.rpartition(")")[2].split()[11:13])
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def passing(loader):
    """Photos a second of one pass, and microseconds of processor time a photo."""
    start, used, count = time.perf_counter(), processor_seconds(), 0
    for batch in loader:
        count += len(batch.tensor if hasattr(batch, "tensor") else batch)
    return count / (time.perf_counter() - start), 1e6 * (processor_seconds() - used) / count


def hashing(num_threads):
    """Hashes a second, by code without Python's lock and without shared memory: what threads can gain on this machine now."""
    data, count = bytes(1 << 20), 60
    start = time.perf_counter()
    with ThreadPoolExecutor(num_threads) as pool:
        list(pool.map(lambda _: hashlib.sha256(data).digest(), range(count)))
    return count / (time.perf_counter() - start)


def measure(loaders, seconds):
    """Medians of each, taking turns: photos or hashes a second, and processor time; the first pass starts the workers."""
    rates = {name: [] for name in (*loaders, *CEILING)}
    times = {name: [] for name in loaders}
    for loader in loaders.values():
        passing(loader)
    stop = time.perf_counter() + seconds
    while time.perf_counter() < stop or len(rates["fastdct, 2 threads"]) < 3:
        for name, loader in loaders.items():
            rate, used = passing(loader)
            rates[name].append(rate)
            times[name].append(used)
        for name, num_threads in CEILING.items():
            rates[name].append(hashing(num_threads))
    return [{name: statistics.median(values) for name, values in part.items()} for part in (rates, times)]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", type=Path, help="a folder of photos")
    parser.add_argument("--seconds", type=float, default=40)
    parser.add_argument("--output", help="name of the JSON in benchmarks/results")
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        paths = [Path(scratch) / f"{index}.jpg" for index in range(1536)]
        files = make_set(options.photos, "500x375 q90")
        for index, path in enumerate(paths):
            path.write_bytes(files[index % len(files)])
        check(paths)
        rates, times = measure(make_ways(paths), options.seconds)
    two, one = (rates.pop(name) for name in CEILING)
    print(f"two threads of plain hashing do {two / one:.2f} x the work of one here and now")
    ours = rates["fastdct, 2 threads"]
    for name, rate in rates.items():
        gate = GATES.get(name)
        verdict = "" if gate is None else f"  gate {gate}{'' if ours / rate >= gate else '  missed'}"
        print(
            f"{name:36}{rate:8.0f} photos/s{times[name]:8.0f} us of processor   ours x {ours / rate:.2f}{verdict}"
        )
    if options.output:
        result = {"batch_size": BATCH, "photos_per_second": rates, "processor_microseconds": times}
        print(machine.save(options.output, {**result, "ceiling": two / one}))


if __name__ == "__main__":
    main()
