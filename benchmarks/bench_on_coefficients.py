"""A network trained on pixels, from coefficients: the same answers, and what fewer coefficients cost and bring.

    python benchmarks/bench_on_coefficients.py WEIGHTS.npz PHOTOS [--output on_coefficients]

WEIGHTS.npz is a quantised MobileNetV2 as `fastdct.models.load_quantized` reads it; PHOTOS holds one folder for each ImageNet class, its
name beginning with the class's number in wnid order. Answers "from pixels" are those from the decoder's rounded and clamped RGB of the
same window. Every photo whose answer differs from all 192 coefficients is listed, with both answers. Times are processor times of one
thread, from bytes to logits, medians over photos, taken in turns; network in evaluation mode, channels last, on every way.
"""

import argparse
import statistics
import time
from pathlib import Path

import cv2
import simplejpeg
import torch

import machine
from fastdct import Decoder, frequencies, models
from fastdct.geometry import CenterCrop, Compose, Resize

SIZE = 224
RULE = Compose([Resize(256), CenterCrop(SIZE)])
MEAN = STD = 127.5
SELECTIONS = [
    frequencies.static(192),
    frequencies.zigzag_first(64, 16),
    frequencies.zigzag_first(44, 10),
    *map(frequencies.static, (64, 48, 32, 24)),
    frequencies.zigzag_first(15, 6),
    frequencies.zigzag_first(10, 3),
    frequencies.zigzag_first(6, 3),
    frequencies.zigzag_first(3, 1),
    frequencies.zigzag_first(1, 1),
]
PIXELS = "simplejpeg + OpenCV"


def from_pixels(network):
    """Reading by simplejpeg and OpenCV, the fastest way to pixels that we know, and the network: bytes → logits."""

    def answer(data):
        rgb = simplejpeg.decode_jpeg(data, "RGB")
        x1, y1, x2, y2 = map(round, RULE(*rgb.shape[:2]).box)
        part = cv2.resize(rgb[y1:y2, x1:x2], (SIZE, SIZE), interpolation=cv2.INTER_LINEAR)
        x = torch.from_numpy(part).permute(2, 0, 1)[None].float()
        return network((x - MEAN) / STD)

    return answer


def from_coefficients(network, selection, *, folded):
    wrapped = models.on_coefficients(network, mean=MEAN, std=STD, channels=selection, folded=folded)
    wrapped = wrapped.to(memory_format=torch.channels_last)
    decoder = wrapped.decoder(window=RULE, num_threads=1, layout="channels_last")
    return lambda data: wrapped(decoder([data]).tensor)


def the_same_pixels(network):
    """The decoder's own RGB of the window, rounded and clamped: what "from pixels" means for answers."""
    decoder = Decoder(SIZE, output="rgb", window=RULE)

    def answer(data):
        return network((decoder([data]).tensor.float().round() - MEAN) / STD)

    return answer


def answers(way, files):
    return [int(way(data).argmax()) - 1 for data in files]  # class 0 of this network is "background"


def differences(photos, expected, found):
    return [
        {"photo": path.parent.name, "class": label, "from_pixels": old, "from_coefficients": new}
        for (path, label), old, new in zip(photos, expected, found, strict=True)
        if old != new
    ]


def share(found, expected):
    return round(sum(a == b for a, b in zip(found, expected, strict=True)) / len(expected), 4)


def measure(ways, files, rounds):
    """Median milliseconds of one thread for a photo, the ways taking turns at every photo."""
    times = {name: [] for name in ways}
    for data in files[:rounds]:
        for name, way in ways.items():
            start = time.thread_time()
            way(data)
            times[name].append(time.thread_time() - start)
    return {name: round(statistics.median(values) * 1e3, 3) for name, values in times.items()}


@torch.inference_mode()
def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("weights", type=Path)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--rounds", type=int, default=60, help="photos that times are taken on")
    parser.add_argument("--output", help="name of the JSON in benchmarks/results")
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    network = models.load_quantized(options.weights).to(memory_format=torch.channels_last)
    paths = sorted(path for path in options.photos.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg"))
    photos = [(path, int(path.parent.name.split("_")[0])) for path in paths]
    files = [path.read_bytes() for path in paths]
    labels = [label for _, label in photos]
    expected = answers(the_same_pixels(network), files)
    rows, ways = {}, {PIXELS: from_pixels(network)}
    for selection in SELECTIONS:
        count = selection.num_channels
        row = rows[selection.name] = {"num_channels": count}
        for kind in ("plain", "folded"):
            ways[f"{selection.name}, {kind}"] = from_coefficients(network, selection, folded=kind == "folded")
        plain = answers(ways[f"{selection.name}, plain"], files)
        folded = answers(ways[f"{selection.name}, folded"], files[: options.rounds])
        row |= {"top1": share(plain, labels), "same_as_pixels": share(plain, expected)}
        row["same_folded"] = share(folded, plain[: options.rounds])
        print(selection.name, row, flush=True)
        if count == 192:
            different = differences(photos, expected, plain)
    times = measure(ways, files, options.rounds)
    for name, row in rows.items():
        row |= {f"ms_{kind}": times[f"{name}, {kind}"] for kind in ("plain", "folded")}
        print(name, row)
    pixels = {
        "top1": share(expected, labels),
        "top1_simplejpeg_opencv": share(answers(ways[PIXELS], files), labels),
        "ms": times[PIXELS],
    }
    print("from pixels", pixels, f"{len(photos)} photos; different from all coefficients: {different}")
    if options.output:
        result = {"num_photos": len(photos), "pixels": pixels, "coefficients": rows, "different": different}
        print(machine.save(options.output, result))


if __name__ == "__main__":
    main()
