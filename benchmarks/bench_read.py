"""How fast JPEG files are read, beside the other ways to read them.

    python benchmarks/bench_read.py PHOTOS [--seconds 6] [--sets NAME ...] [--save]

Every reader runs in a process of its own, is checked before it is timed, and takes its turns with the others, so that what else the
machine does hits all of them. Figures are medians over the turns; ratios are of medians. One thread, distinct files from memory; what
is timed is the thread's processor time. Two threads are compared with one by the clock on the wall, on some hundred photos, beside
what two threads gain in the same turns that merely hash: the machine may have only one core to spare.
"""

import argparse
import hashlib
import json
import pickle
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fastdct
import machine
from photos import SETS, THREADS_SET, make_set

HERE = Path(__file__).parent
BASELINE, RGB = "libjpeg coefficients", "simplejpeg RGB"
PEERS = {
    "fast": ("read_batch", "read_batch, frequency-major", "read_batch, first 24", "read_batch, DC", "read_batch, luma", "read"),
    "libjpeg": ("coefficients", "coefficients, copied", "coefficients, copied frequency-major", "RGB"),
    "pixels": ("simplejpeg RGB", "Pillow RGB"),
    "others": ("jpeglib", "jpeg2dct", "torchjpeg", "dct_manip"),
}  # fmt: skip


class Peer:
    """A reader in its process."""

    def __init__(self, module, variant, files):
        self.name = {"fast": "fastdct ", "libjpeg": "libjpeg "}.get(module, "") + variant
        self.seconds = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "peers.worker", module, variant, files],
            cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        if self.process.stdout.readline() != '"ready"\n':
            self.process.kill()
            raise OSError(f"{self.name}: not installed, or it does not start")

    def ask(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def check(self, expected):
        digest, error = self.ask("check")
        if digest not in (None, expected) or error > 1:
            raise OSError(f"{self.name}: wrong answer")

    def time(self):
        self.seconds.append(self.ask("time"))


def start_peers(files):
    """Peers that are installed and right; the others are left out with a note."""
    reference = Peer("libjpeg", "coefficients", files)
    expected, _ = reference.ask("check")
    peers = []
    for module, variants in PEERS.items():
        for variant in variants:
            try:
                peer = Peer(module, variant, files)
                peer.check(expected)
                peers.append(peer)
            except (OSError, ValueError) as error:
                print(f"  left out: {error}")
    reference.process.kill()
    return peers


def bench_set(folder, name, seconds):
    files = make_set(folder, name)
    with tempfile.NamedTemporaryFile() as pickled:
        pickled.write(pickle.dumps(files))
        pickled.flush()
        peers = start_peers(pickled.name)
    stop = time.perf_counter() + seconds * len(peers)
    while time.perf_counter() < stop or len(peers[0].seconds) < 3:
        for peer in peers:
            peer.time()
    for peer in peers:
        peer.process.kill()
    medians = {peer.name: statistics.median(peer.seconds) for peer in peers}
    return {
        "files": len(files),
        "bytes": sum(map(len, files)),
        "milliseconds": {peer: 1e3 * value / len(files) for peer, value in medians.items()},
        "over_libjpeg": {peer: medians[BASELINE] / value for peer, value in medians.items()},
        "over_rgb": {peer: medians[RGB] / value for peer, value in medians.items()},
    }


def hash_all(files, num_threads):
    with ThreadPoolExecutor(num_threads) as pool:
        list(pool.map(lambda file: [hashlib.sha256(file).digest() for _ in range(8)], files))


def bench_threads(folder, seconds):
    """Seconds by the wall clock for all files, one and two threads: medians over turns, and of the turns' ratios."""
    files = make_set(folder, THREADS_SET)
    batches = {1: None, 2: None}
    walls = {(what, n): [] for what in ("read_batch", "hashing") for n in batches}

    def timed(what, num_threads):
        start = time.perf_counter()
        if what == "hashing":
            hash_all(files, num_threads)
        else:
            batches[num_threads] = fastdct.read_batch(
                files, num_threads=num_threads, out=batches[num_threads]
            )
        walls[what, num_threads].append(time.perf_counter() - start)

    stop = time.perf_counter() + 4 * seconds
    while time.perf_counter() < stop or len(walls["hashing", 2]) < 5:
        for what, num_threads in walls:
            timed(what, num_threads)
    gains = {
        what: statistics.median(a / b for a, b in zip(walls[what, 1], walls[what, 2], strict=True))
        for what in ("read_batch", "hashing")
    }
    print(
        f"\n2 threads over 1, {len(files)} files: read_batch {gains['read_batch']:.2f}, hashing {gains['hashing']:.2f}"
    )
    return {
        "files": len(files),
        "milliseconds": {f"{what}, {n}": 1e3 * statistics.median(w) for (what, n), w in walls.items()},
        "two_over_one": gains,
    }


def print_table(name, result):
    print(f"\n{name}: {result['files']} files of {result['bytes'] // result['files'] // 1024} KB")
    print(f"{'':46}{'ms a file':>10}{'x libjpeg':>10}{'x RGB':>8}")
    for peer, value in sorted(result["milliseconds"].items(), key=lambda entry: entry[1]):
        print(
            f"{peer:46}{value:10.3f}{result['over_libjpeg'][peer]:10.2f}{result['over_rgb'][peer]:8.2f}",
            flush=True,
        )


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", type=Path, help="a folder of photos")
    parser.add_argument("--seconds", type=float, default=6, help="for each reader and set")
    names = [name for name in SETS if name != THREADS_SET]
    parser.add_argument("--sets", nargs="+", default=names, choices=names, metavar="NAME")
    parser.add_argument("--save", action="store_true", help="write benchmarks/results/read.json")
    options = parser.parse_args()
    results = {}
    for name in options.sets:
        results[name] = bench_set(options.photos, name, options.seconds)
        print_table(name, results[name])
    threads = bench_threads(options.photos, options.seconds)
    if options.save:
        machine.save("read", {"date": time.strftime("%Y-%m-%d"), "sets": results, "threads": threads})


if __name__ == "__main__":
    main()
