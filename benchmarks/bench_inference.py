"""From JPEG files on disk to logits in one thread: networks on coefficients beside the same on pixels.

    python benchmarks/bench_inference.py PHOTOS [--seconds 60] [--output inference]

Pixels come by the faster of simplejpeg + OpenCV with and without libjpeg-turbo's scaled decoding. All networks have random weights and
are made ready in the same way: evaluation mode, batch norms folded into convolutions, channels last; `--bfloat16` adds autocast. That
both sides see the same picture is checked first. Ways take turns; figures are medians of processor time for a photo, of files that the
page cache holds.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import torch

import machine
from fastdct import models
from fastdct.models.inference import for_inference
from loaders import PIXEL_LOADERS, check, coefficient_loader
from photos import make_set

# Networks on coefficients that stand beside each network on pixels.
FAMILIES = {
    "resnet50-rgb": (
        "resnet50-dct-64",
        "resnet50-upsampling",
        "resnet50-late-concat-rfa-thinner",
        "resnet50-fbs-32",
        "resnet50-fbs-16",
    ),
    "resnet18-rgb": ("resnet18-dct-64", "resnet18-fbs-16"),
    "mobilenetv2-rgb": ("mobilenetv2-dct-64", "mobilenetv2-dct-24"),
}
# Photos as data sets have them, alone and eight at once; photos as cameras make them.
SETS = (("500x375 q90", 1), ("500x375 q90", 8), ("12 MP q90", 1))
_LEAST_TURNS = 4
# Missed, and out of reach: reading is 1 to 2 ms of 100 and the stem that coefficients make superfluous 2, while stages 2 to 4, which
# both networks have, take 83 of 101 (one at once; 59 of 81 at eight). Batch norms folded and channels last gained 5 to 9 % on both
# sides, bfloat16 halved both; neither moves the ratio. Only leaving out stage 1 as well, UpSampling's way, gains more.
GATE = ("resnet50-dct-64", 2.0)


def written(files, folder):
    paths = [folder / f"{index}.jpg" for index in range(len(files))]
    for path, data in zip(paths, files, strict=True):
        path.write_bytes(data)
    return paths


def make_ways(files):
    """Name → (network, loader); checked."""
    ways, errors = {}, {}
    for pixels, others in FAMILIES.items():
        network = for_inference(models.create(pixels))
        for label, load in PIXEL_LOADERS.items():
            ways[f"{pixels}, {label}"] = network, load
        for name in others:
            network = for_inference(models.create(name))
            ways[name] = network, coefficient_loader(network)
            errors[name] = check(network, ways[name][1], files[:2])
    return ways, errors


def one_pass(network, load, paths):
    """Milliseconds of one photo: (until there is a tensor, in all)."""
    start = time.thread_time()
    inputs = load([path.read_bytes() for path in paths])
    loaded = time.thread_time()
    network(*inputs)
    done = time.thread_time()
    return (loaded - start) * 1e3 / len(paths), (done - start) * 1e3 / len(paths)


def measure(ways, paths, *, batch_size, seconds):
    times = {name: [] for name in ways}
    stop, turn = time.perf_counter() + seconds, 0
    for network, load in ways.values():
        one_pass(network, load, paths[:batch_size])
    while time.perf_counter() < stop or turn < _LEAST_TURNS:
        chosen = [paths[(turn * batch_size + index) % len(paths)] for index in range(batch_size)]
        for name, (network, load) in ways.items():
            times[name].append(one_pass(network, load, chosen))
        turn += 1
    medians = {
        name: [statistics.median(part) for part in zip(*rows, strict=True)] for name, rows in times.items()
    }
    return {name: {"load_ms": round(a, 3), "ms": round(b, 3)} for name, (a, b) in medians.items()}


def compare(rows):
    """Add to every way on coefficients how much faster it is than the best way to the same network on pixels."""
    for pixels, others in FAMILIES.items():
        best = min(row["ms"] for name, row in rows.items() if name.startswith(pixels))
        for name in others:
            rows[name]["ratio"] = round(best / rows[name]["ms"], 3)


def report(rows):
    for name, row in rows.items():
        gate = f"  gate {GATE[1]}" if name == GATE[0] else ""
        ratio = f"  × {row['ratio']:.2f}{gate}" if "ratio" in row else ""
        print(f"  {name:52}{row['load_ms']:9.2f} ms loading {row['ms']:9.2f} ms in all{ratio}")


@torch.inference_mode()
def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", type=Path, help="a folder of photos")
    parser.add_argument("--seconds", type=float, default=60, help="for each set and batch size")
    parser.add_argument("--bfloat16", action="store_true", help="run networks in bfloat16 where torch does")
    parser.add_argument("--output", help="name of the JSON in benchmarks/results")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    results, errors = {}, {}
    for kind, batch_size in SETS:
        files = make_set(options.photos, kind)
        ways, errors[kind] = make_ways(files)
        with tempfile.TemporaryDirectory() as scratch:
            paths = written(files, Path(scratch))
            with torch.autocast("cpu", torch.bfloat16, enabled=options.bfloat16):
                rows = measure(ways, paths, batch_size=batch_size, seconds=options.seconds)
        compare(rows)
        results[f"{kind}, {batch_size} at once"] = rows
        print(f"{kind}, {batch_size} at once", flush=True)
        report(rows)
    if options.output:
        note = {"bfloat16": options.bfloat16, "torch": torch.__version__, "input_error": errors}
        print(machine.save(options.output, note | {"sets": results}))


if __name__ == "__main__":
    main()
