"""Classifiers on pixels and on coefficients, trained alike: accuracy, speed, and what resolution and quality do to them.

    python benchmarks/bench_classify.py DATA --runs RUNS [--every 2] [--epochs 20] [--size 96] [--minutes 60] [--output classify]
    python benchmarks/plot_classify.py

DATA holds labels.csv (columns path, cls, split: train or val), of whose classes every second is taken. All networks are trained by `fastdct train classify`'s loop on
one thread with the same seed, windows, order, schedule and epochs; those whose grid is made for the doubled side (dct-64)
get it doubled. RUNS keeps checkpoints: the command goes on where it was stopped, and stops a network that has taken
--minutes. Seconds of an epoch are CPU time with all loading and decoding, photos read anew.

The sweeps follow Santos and Almeida, "The good, the bad, and the ugly: neural networks straight from JPEG" (2020), whose
text leaves open how: here held-out photos are scaled to a short side of 32 … 256 (quality 95), or re-encoded at quality
25 … 100 (short side 256), and looked at by the networks as trained, their windows scaled to the same input as before.
"""

import argparse
import csv
import json
import statistics
import time
from contextlib import contextmanager
from pathlib import Path

import torch
from PIL import Image

import machine
from fastdct import models
from fastdct.data import DctLoader, Sources, labels_csv
from fastdct.training import ClassifyTraining, train
from fastdct.training.checkpoint import Checkpoint
from fastdct.training.progress import NoProgress

VARIANTS = (
    "resnet18-rgb",
    "resnet18-dct-64",
    "resnet18-fbs-32",
    "resnet18-fbs-16",
    "resnet18-upsampling-rfa",
)
SHORT_SIDES, QUALITIES = (32, 64, 128, 256), (25, 50, 75, 100)
PIXELS = 224  # what networks on pixels are made for


class OutOfTimeError(Exception):
    """A network has had its minutes; its last epoch is stored."""


class Watch(NoProgress):
    """Notes the CPU time of epochs, and ends the run after the first epoch past its minutes."""

    def __init__(self, minutes, notes):
        self.minutes, self.notes = minutes, notes

    @contextmanager
    def task(self, title, total):
        self.start = self.last = time.process_time()

        def advance():
            self.last = time.process_time()

        yield advance

    def epoch_ended(self, metrics):
        taken = {"cpu_seconds": self.last - self.start, "wall_seconds": metrics["seconds"]}
        with self.notes.open("a") as file:
            file.write(json.dumps(taken) + "\n")
        print(
            f"  epoch {metrics['epoch']}: {taken['cpu_seconds']:.1f} s, {metrics['validation_accuracy']:.3f}",
            flush=True,
        )
        if minutes_of(self.notes) > self.minutes:
            raise OutOfTimeError


def minutes_of(notes):
    """Wall-clock minutes that a network has been trained for."""
    return sum(note["wall_seconds"] for note in read_lines(notes)) / 60


def read_lines(file):
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def table(options):
    """The labels of every n-th class, as a file."""
    with (options.data / "labels.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] in ("train", "val")]
    chosen = sorted({row["cls"] for row in rows})[:: options.every]
    path = options.runs / "labels.csv"
    if path.exists():  # other networks may be reading it
        return path
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(row for row in rows if row["cls"] in chosen)
    return path


def trained(name, options):
    """(network in eval mode, its metrics, its notes on time), trained as far as its minutes reach."""
    output = options.runs / name
    output.mkdir(parents=True, exist_ok=True)
    notes = output / "seconds.jsonl"

    config = ClassifyTraining(
        labels=table(options),
        root=options.data,
        label_column="cls",
        split_column="split",
        output=output,
        model=name,
        size=side(models.create(name, num_classes=1), options),
        epochs=options.epochs,
        batch_size=options.batch_size,
        learning_rate=options.learning_rate,
        schedule="cosine",
        warmup_epochs=1,
        precision=options.precision,
        cache_mib=0,
    )
    try:
        watch = Watch(options.minutes, notes)
        model = stopped(config) if minutes_of(notes) > options.minutes else train(config, progress=watch)
    except OutOfTimeError:
        model = stopped(config)
    return model, read_lines(output / "metrics.jsonl"), read_lines(notes)


def stopped(config):
    """The network of the last epoch of a run that was not ended."""
    checkpoint = Checkpoint.read(config.output)
    objective = config.objective((), checkpoint.network)
    objective.load_state_dict(checkpoint.objective)
    return objective.model.eval()


def side(model, options):
    """The side of a network's windows."""
    return options.size * model.config.input.size // PIXELS


def held_out(options, folder):
    """The held-out photos in every resolution and quality: sweep → value → (paths, labels)."""
    data = labels_csv(table(options), root=options.data, label_column="cls", where={"split": "val"})
    sets = {"short side": {}, "quality": {}}
    for sweep, value, short_side, quality in (
        *(("short side", side, side, 95) for side in SHORT_SIDES),
        *(("quality", quality, 256, quality) for quality in QUALITIES),
    ):
        place = folder / f"{sweep}-{value}".replace(" ", "-")
        place.mkdir(parents=True, exist_ok=True)
        paths = [place / f"{number}.jpg" for number in range(len(data))]
        for path, source in zip(paths, data.sources, strict=True):
            if not path.exists():
                picture = Image.open(source).convert("RGB")
                scale = short_side / min(picture.size)
                size = [max(1, round(side * scale)) for side in picture.size]
                picture.resize(size, Image.Resampling.BICUBIC).save(path, quality=quality)
        sets[sweep][value] = (paths, data.labels)
    return sets


@torch.inference_mode()
def accuracy(model, options, paths, labels):
    window = ClassifyTraining(labels=".", output=".").validation_window
    decoder = model.config.decoder(side(model, options), window=window, dtype="float32")
    hits = []
    for batch in DctLoader(Sources(paths, labels), decoder, batch_size=32, num_threads=1):
        with torch.autocast("cpu", torch.bfloat16, enabled=options.precision == "bfloat16"):
            hits += (model(batch.tensor).argmax(dim=1) == batch.labels).tolist()
    return statistics.fmean(hits)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--runs", type=Path, required=True, help="folder of checkpoints")
    parser.add_argument("--variants", nargs="+", default=VARIANTS)
    parser.add_argument("--every", type=int, default=2, help="take every n-th class")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--size", type=int, default=96, help="side of windows of networks on pixels")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--learning-rate", type=float, default=0.05)
    parser.add_argument(
        "--precision", default="bfloat16", help="arithmetic of convolutions, as `fastdct train` has it"
    )
    parser.add_argument("--minutes", type=float, default=60, help="wall-clock cap of a network's training")
    parser.add_argument("--output", default="classify", help="name of the JSON in benchmarks/results")
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.runs.mkdir(parents=True, exist_ok=True)
    sets = held_out(options, options.runs / "held-out")
    conditions = {
        name: getattr(options, name)
        for name in ("every", "epochs", "size", "batch_size", "learning_rate", "precision", "minutes")
    }
    result = {"conditions": conditions, "networks": {}}
    for name in options.variants:
        print(name, flush=True)
        model, metrics, seconds = trained(name, options)
        sweeps = {
            sweep: {value: accuracy(model, options, *files) for value, files in values.items()}
            for sweep, values in sets.items()
        }
        num_images = metrics[0]["images_per_second"] * metrics[0]["seconds"]
        epoch = statistics.median(note["cpu_seconds"] for note in seconds)
        result["networks"][name] = {
            "epochs": len(metrics),
            "wall_minutes": round(minutes_of(options.runs / name / "seconds.jsonl"), 1),
            "accuracy": metrics[-1]["validation_accuracy"],
            "seconds_per_epoch": epoch,
            "images_per_second": num_images / epoch,
            "complexity": vars(models.complexity(model, size=side(model, options))),
            "curve": [line["validation_accuracy"] for line in metrics],
            **sweeps,
        }
        print(f"  {result['networks'][name]}", flush=True)
        machine.save(options.output, result)


if __name__ == "__main__":
    main()
