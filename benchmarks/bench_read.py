"""How fast JPEG files are read, beside the other ways to read them.

    python benchmarks/bench_read.py PHOTOS [--seconds 6] [--sets NAME ...] [--save]

Every reader runs in a process of its own, is checked before it is timed, and takes its turns with the others, so that what else the
machine does hits all of them. Figures are medians over the turns; ratios are of medians. One thread, distinct files from memory; what
is timed is the thread's processor time, for two threads the wall clock of both.
"""

import argparse
import json
import pickle
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import machine
from photos import SETS, make_set

HERE = Path(__file__).parent
BASELINE, RGB = "libjpeg coefficients", "simplejpeg RGB"
PEERS = {
    "fast": ("read_batch", "read_batch, frequency-major", "read_batch, first 24", "read_batch, DC", "read_batch, luma",
             "read_batch, 2 threads", "read"),
    "libjpeg": ("coefficients", "coefficients, copied", "coefficients, copied frequency-major", "RGB"),
    "pixels": ("simplejpeg RGB", "Pillow RGB"),
    "others": ("jpeglib", "jpeg2dct"),
}  # fmt: skip


class Peer:
    """A reader in its process."""

    def __init__(self, module, variant, files):
        self.name = {"fast": "fastdct ", "libjpeg": "libjpeg "}.get(module, "") + variant
        self.parallel = "threads" in variant
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
        wall, cpu = self.ask("time")
        self.seconds.append(wall if self.parallel else cpu)


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
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=list(SETS), metavar="NAME")
    parser.add_argument("--save", action="store_true", help="write benchmarks/results/read.json")
    options = parser.parse_args()
    results = {}
    for name in options.sets:
        results[name] = bench_set(options.photos, name, options.seconds)
        print_table(name, results[name])
    if options.save:
        machine.save("read", {"date": time.strftime("%Y-%m-%d"), "sets": results})


if __name__ == "__main__":
    main()
