"""How fast windows of photos become a network's input, beside the pixel pipelines.

    python benchmarks/bench_decode.py PHOTOS [--seconds 4] [--output NAME]

Ours is always 448 x 448 → [64, 56, 56] normalised float32. Every answer is checked before it is timed; the ways take turns, so
that what else the machine does hits all of them. Figures are medians over the turns of the thread's processor time for one
image; ratios are of medians. One thread, distinct files in memory, a distinct random window each (12 MP: the whole photo).
"""

import argparse
import functools
import statistics
import time
from pathlib import Path

import numpy as np
import torch

import fastdct
import machine
from fastdct.geometry import Compose, RandomHorizontalFlip, RandomResizedCrop, Resize, Window
from fastdct.reference import transform
from peers import windows as ways
from peers.dctnet import dctnet
from photos import make_set

SMALL, LARGE = "500x375 q90", "12 MP q90"
# (photos, way, size): (gate, aim) of the ratio to ours.
TARGETS = {
    (SMALL, "simplejpeg + OpenCV linear", 224): (2.5, 3.5),
    (SMALL, "simplejpeg + OpenCV linear", 448): (3.7, 6),
    (SMALL, "simplejpeg + Pillow bilinear", 224): (4.5, 7),
    (SMALL, "simplejpeg + Pillow bilinear", 448): (8, 12),
    (SMALL, "RGB-no-more's steps", 448): (6, 12),
    (SMALL, "DCTNet's steps", 448): (30, 60),
    (LARGE, "simplejpeg reduced + OpenCV linear", 224): (1.6, 3),
    (LARGE, "simplejpeg reduced + OpenCV linear", 448): (2, 3.5),
    (LARGE, "simplejpeg + Pillow bilinear", 448): (8, 15),
}
WAYS = {
    "simplejpeg + OpenCV linear": ways.opencv_linear,
    "simplejpeg reduced + OpenCV linear": ways.reduced_linear,
    "simplejpeg + Pillow bilinear": ways.pillow_bilinear,
    "Pillow draft + bilinear": ways.pillow_draft,
    "RGB-no-more's steps": ways.rgb_no_more,
    "DCTNet's steps": dctnet,
}
DCT_WAYS = ("RGB-no-more's steps", "DCTNet's steps")
REPEATED = {SMALL: 3, LARGE: 1}  # windows of each photo


def draw_windows(files, name):
    generator = torch.Generator().manual_seed(1)
    random = Compose([RandomResizedCrop(generator=generator), RandomHorizontalFlip(generator=generator)])
    rule = random if name == SMALL else Resize()
    headers = map(fastdct.probe, files)
    drawn = [rule(header.height, header.width) for header in headers]
    return [(*map(int, window.box), window.flip) for window in drawn]


def check_ours(files, windows):
    """Against the definition in float64, to 1e-6 of the largest coefficient."""
    batch = ways.Fastdct(files, windows, 448)
    for row, file, window in list(zip(batch.run(), files, windows, strict=True))[:3]:
        image = fastdct.read(file)
        chosen = Window(tuple(map(float, window[:4])), bool(window[4]))
        blocks = transform.resample(transform.planes(image), (448, 448), window=chosen)
        expected = ways.select(list(torch.from_numpy(blocks)), flip=False)
        largest = max(np.abs(c.coefficients * c.quantization.astype(float)).max() for c in image.components)
        error = np.abs(row.numpy() - expected).max() * ways.DCT_STD[0]
        if error > 1e-6 * largest:
            raise SystemExit(f"ours is off by {error} where {1e-6 * largest} is allowed")


def check_way(name, files, windows, size):
    """Against the same window of ours: a wrong crop, flip or normalisation is far off, another filter or grid is not."""
    file, window = files[0], windows[0]
    result = WAYS[name](file, window, size)
    chosen = Window(tuple(map(float, window[:4])), bool(window[4]))
    if name in DCT_WAYS:
        ours = ways.Fastdct([file], [window], size).run()[0].numpy()
        error = np.abs(result[:1] - ours[:1]).mean() / np.abs(ours[:1]).mean()  # the brightness of blocks
    else:
        rgb = fastdct.Decoder(size, output="rgb", normalize=(ways.MEAN, ways.STD)).decode(file, window=chosen)
        error = np.abs(result - rgb).mean() / np.abs(rgb).mean()
    if error > 0.3:
        raise SystemExit(f"{name} is off by {error:.0%} from the same window by fastdct")


def measure(functions, seconds):
    """Median processor time of one call of each, taking turns."""
    times = {name: [] for name in functions}
    stop = time.perf_counter() + seconds * len(functions)
    while time.perf_counter() < stop or len(times["fastdct"]) < 3:
        for name, function in functions.items():
            start = time.thread_time()
            function()
            times[name].append(time.thread_time() - start)
    return {name: statistics.median(values) for name, values in times.items()}


def each(way, files, windows, size):
    for file, window in zip(files, windows, strict=True):
        way(file, window, size)


def bench(folder, name, seconds):
    files = make_set(folder, name) * REPEATED[name]
    windows = draw_windows(files, name)
    check_ours(files, windows)
    functions = {
        "fastdct": ways.Fastdct(files, windows, 448).run,
        "fastdct, bfloat16": ways.Fastdct(files, windows, 448, dtype="bfloat16").run,
    }
    for way in WAYS:
        for size in [448] if way in DCT_WAYS else [224, 448]:
            if way in DCT_WAYS and name == LARGE:
                continue
            check_way(way, files, windows, size)
            functions[f"{way}, {size}"] = functools.partial(each, WAYS[way], files, windows, size)
    medians = measure(functions, seconds)
    return {way: 1e6 * value / len(files) for way, value in medians.items()}


def print_table(name, microseconds):
    print(f"\n{name}\n{'':48}{'us a photo':>12}{'x ours':>8}{'gate':>7}{'aim':>6}")
    for way, value in microseconds.items():
        ratio = value / microseconds["fastdct"]
        base, _, size = way.rpartition(", ")
        gate, aim = TARGETS.get((name, base, int(size) if size.isdigit() else 0), ("", ""))
        verdict = (
            "" if gate == "" else "  missed" if ratio < gate else "  aim reached" if ratio >= aim else ""
        )
        print(f"{way:48}{value:12.0f}{ratio:8.2f}{gate:>7}{aim:>6}{verdict}", flush=True)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", type=Path, help="a folder of photos")
    parser.add_argument("--seconds", type=float, default=4, help="for each way and set")
    parser.add_argument("--sets", nargs="+", default=[SMALL, LARGE], choices=[SMALL, LARGE], metavar="NAME")
    parser.add_argument("--output", help="name of the JSON in benchmarks/results")
    options = parser.parse_args()
    torch.set_num_threads(1)
    results = {}
    for name in options.sets:
        results[name] = bench(options.photos, name, options.seconds)
        print_table(name, results[name])
    if options.output:
        print(machine.save(options.output, {"microseconds": results}))


if __name__ == "__main__":
    main()
