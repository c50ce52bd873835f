"""Seconds that an epoch of training takes: networks on coefficients beside the same on pixels, data loading included.

    python benchmarks/bench_training.py PHOTOS [--batches 6] [--batch-size 32] [--output training_step]

One thread reads files, makes windows (a random resized crop, mirrored or not), and does forward, backward and a step of stochastic
gradient descent with momentum, channels last, convolutions in float32 or bfloat16. Pixels come by simplejpeg and OpenCV, coefficients by
`fastdct.Decoder`; windows are the same. Ways take turns batch by batch; figures are medians of processor time, scaled to an epoch of
215 018 photos, which the training part of Santos and Almeida (2020) has.
"""

import argparse
import statistics
import time
from pathlib import Path

import cv2
import numpy as np
import simplejpeg
import torch
from torch.nn import functional

import fastdct
import machine
from fastdct import models
from fastdct.geometry import Compose, RandomHorizontalFlip, RandomResizedCrop
from peers.windows import opencv_linear
from photos import make_set

PIXELS = "resnet50-rgb"
OTHERS = (
    "resnet50-dct-64",
    "resnet50-upsampling",
    "resnet50-upsampling-rfa",
    "resnet50-late-concat-rfa-thinner",
    "resnet50-fbs-32",
    "resnet50-fbs-16",
)
# Missed: stages 1 to 4, which both have, are nearly all of it; networks without stage 1 meet it.
GATE = ("resnet50-dct-64", 1.5)
PRECISIONS = ("float32", "bfloat16")
EPOCH, NUM_CLASSES = 215_018, 211
RULE = Compose([RandomResizedCrop(), RandomHorizontalFlip()])


def draw(files, generator):
    """A window for each file, on whole pixels, as both sides can have them."""
    windows = []
    for data in files:
        drawn = RULE(*simplejpeg.decode_jpeg_header(data)[:2], generator=generator)
        x1, y1, x2, y2 = map(round, drawn.box)
        windows.append((x1, y1, max(x2, x1 + 8), max(y2, y1 + 8), drawn.flip))
    return windows


def pixels(files, windows):
    batch = np.stack([opencv_linear(data, window, 224) for data, window in zip(files, windows, strict=True)])
    return (torch.from_numpy(batch),)


def coefficients(network):
    decoder = network.config.decoder(num_threads=1, layout="channels_last")

    def load(files, windows):
        boxes = [fastdct.Window(window[:4], flip=window[4]) for window in windows]
        batch = decoder(files, windows=boxes)
        return (batch.tensor,) if batch.chroma is None else (batch.tensor, batch.chroma)

    return load


def make_way(name):
    """A training network, its optimiser and its loader."""
    network = models.create(name, num_classes=NUM_CLASSES).to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.SGD(network.parameters(), lr=1e-4, momentum=0.9, weight_decay=1e-4)
    return network, optimizer, pixels if name == PIXELS else coefficients(network)


def step(way, files, windows, labels, *, precision):
    """Milliseconds of a photo: (until there is a tensor, in all)."""
    network, optimizer, load = way
    start = time.thread_time()
    inputs = [x.contiguous(memory_format=torch.channels_last) for x in load(files, windows)]
    loaded = time.thread_time()
    with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
        logits = network(*inputs)
    loss = functional.cross_entropy(logits.float(), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    done = time.thread_time()
    return (loaded - start) * 1e3 / len(files), (done - start) * 1e3 / len(files)


def measure(files, *, batch_size, batches):
    ways = {name: make_way(name) for name in (PIXELS, *OTHERS)}
    times = {(precision, name): [] for precision in PRECISIONS for name in ways}
    generator = torch.Generator().manual_seed(0)
    for turn in range(batches + 1):  # the first, which lays out memory, is not counted
        chosen = [files[(turn * batch_size + index) % len(files)] for index in range(batch_size)]
        windows = draw(chosen, generator)
        labels = torch.randint(NUM_CLASSES, (batch_size,), generator=generator)
        for precision, name in times:
            taken = step(ways[name], chosen, windows, labels, precision=precision)
            if turn:
                times[precision, name].append(taken)
    return {key: [statistics.median(part) for part in zip(*rows, strict=True)] for key, rows in times.items()}


def compare(found):
    """Precision → network → figures, with how much faster it is than the network on pixels."""
    rows = {precision: {} for precision in PRECISIONS}
    for (precision, name), (load, whole) in found.items():
        rows[precision][name] = {
            "load_ms": round(load, 3),
            "ms": round(whole, 3),
            "epoch_hours": round(whole * EPOCH / 3.6e6, 2),
            "ratio": round(found[precision, PIXELS][1] / whole, 3),
        }
    return rows


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", type=Path, help="a folder of photos")
    parser.add_argument("--batches", type=int, default=6)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--output", help="name of the JSON in benchmarks/results")
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    torch.manual_seed(0)
    files = make_set(options.photos, "500x375 q90")
    found = measure(files, batch_size=options.batch_size, batches=options.batches)
    results = compare(found)
    for precision, rows in results.items():
        print(precision)
        for name, row in rows.items():
            gate = f"  gate {GATE[1]}" if name == GATE[0] else ""
            print(
                f"  {name:34}{row['load_ms']:8.2f} ms loading{row['ms']:9.1f} ms in all  × {row['ratio']:.2f}{gate}"
            )
    if options.output:
        result = {"batch_size": options.batch_size, "batches": options.batches, "torch": torch.__version__}
        print(machine.save(options.output, result | {"precisions": results}))


if __name__ == "__main__":
    main()
