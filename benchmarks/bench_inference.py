"""From JPEG files on disk to logits in one thread: networks on coefficients beside the same on pixels.

    python benchmarks/bench_inference.py PHOTOS [--seconds 60] [--output inference]

Pixels come by the faster of simplejpeg + OpenCV with and without libjpeg-turbo's scaled decoding; a row shows fastdct's own pixels
too. All networks have random weights and are made ready in the same ways by `fastdct.models.for_inference`: in float32 and bfloat16, as
they stand and compiled. That both sides see the same picture, and that a network says the same however it was made ready, is checked
first. All ways of a family take turns of two passes; figures are medians of processor time for a photo, of files that the page cache holds.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import torch

import machine
from fastdct import models
from loaders import FASTDCT_PIXELS, PIXEL_LOADERS, check, coefficient_loader
from photos import make_set

# Networks on coefficients that stand beside each network on pixels.
FAMILIES = {
    "resnet50-rgb": (
        "resnet50-dct-64",
        "resnet50-upsampling",
        "resnet50-upsampling-rfa",
        "resnet50-late-concat-rfa-thinner",
        "resnet50-fbs-32",
        "resnet50-fbs-16",
    ),
    "resnet18-rgb": ("resnet18-dct-64", "resnet18-fbs-16"),
    "mobilenetv2-rgb": ("mobilenetv2-dct-64", "mobilenetv2-dct-24"),
}
READY = {
    "float32": {},
    "float32 compiled": {"compiled": True},
    "bfloat16": {"dtype": torch.bfloat16},
    "bfloat16 compiled": {"dtype": torch.bfloat16, "compiled": True},
}
# Photos as data sets have them, eight at once and alone; photos as cameras make them. Each size of batch is compiled once.
SETS = (("500x375 q90", 8), ("500x375 q90", 1), ("12 MP q90", 1))
_LEAST_TURNS, _PASSES = 6, 2
_AGREEMENT = {torch.float32: 1e-4, torch.bfloat16: 3e-2}  # of the largest logit, against float32 as it stands
# Missed. ResNet-50's four stages stay, and take nine tenths of the time however well they run; see docs/models.md.
GATE = ("resnet50-dct-64", 2.0)


def written(files, folder):
    paths = [folder / f"{index}.jpg" for index in range(len(files))]
    for path, data in zip(paths, files, strict=True):
        path.write_bytes(data)
    return paths


def make_networks(names):
    """Name → way of being ready → network."""
    made = {name: models.create(name) for name in names}
    return {
        name: {ready: models.for_inference(network, **how) for ready, how in READY.items()}
        for name, network in made.items()
    }


def loaders_of(name, network):
    """Label → loader of what a network takes."""
    if network.config.input.domain == "rgb":
        return {f"{name}, {label}": load for label, load in PIXEL_LOADERS.items()}
    return {name: coefficient_loader(network)}


def make_ways(networks, files):
    """(ready, label) → (network, loader, dtype); all checked and compiled. And how far pictures and logits are off."""
    ways, errors = {}, {}
    for name, versions in networks.items():
        plain = versions["float32"]
        for label, load in loaders_of(name, plain).items():
            if plain.config.input.domain == "dct":
                errors[f"{name}, input"] = check(plain, load, files[:2])
            expected = plain(*load(files, torch.float32))
            for ready, network in versions.items():
                dtype = READY[ready].get("dtype", torch.float32)
                off = float((network(*load(files, dtype)) - expected).abs().max() / expected.abs().max())
                if off > _AGREEMENT[dtype]:
                    raise SystemExit(f"{label}, {ready}: off by {off:.1e} of the largest logit")
                errors[f"{label}, {ready}"] = round(off, 8)
                ways[ready, label] = network, load, dtype
    return ways, errors


def one_pass(way, paths):
    """Milliseconds of one photo: (until there is a tensor, in all)."""
    network, load, dtype = way
    start = time.thread_time()
    inputs = load([path.read_bytes() for path in paths], dtype)
    loaded = time.thread_time()
    network(*inputs)
    done = time.thread_time()
    return (loaded - start) * 1e3 / len(paths), (done - start) * 1e3 / len(paths)


def measure(ways, paths, *, batch_size, seconds):
    """Ready → label → milliseconds."""
    times = {key: [] for key in ways}
    stop, turn = time.perf_counter() + seconds, 0
    while time.perf_counter() < stop or turn < _LEAST_TURNS:
        chosen = [paths[(turn * batch_size + index) % len(paths)] for index in range(batch_size)]
        for key, way in ways.items():
            one_pass(way, chosen)  # not counted: another network's weights were in the cache
            times[key] += [one_pass(way, chosen) for _ in range(_PASSES)]
        turn += 1
    rows = {ready: {} for ready in READY}
    for (ready, label), passes in times.items():
        load, whole = (statistics.median(part) for part in zip(*passes, strict=True))
        rows[ready][label] = {"load_ms": round(load, 3), "ms": round(whole, 3), "turns": turn}
    return rows


def compare(rows, pixels, others):
    """Add to every way on coefficients how much faster it is than the best way to the same network on pixels."""
    ours = f"{pixels}, {FASTDCT_PIXELS}"
    best = min(row["ms"] for label, row in rows.items() if label.startswith(pixels) and label != ours)
    for name in others:
        rows[name]["ratio"] = round(best / rows[name]["ms"], 3)
        rows[name]["over_fastdct_pixels"] = round(rows[ours]["ms"] / rows[name]["ms"], 3)


def report(rows):
    for label, row in rows.items():
        gate = f"  gate {GATE[1]}" if label == GATE[0] else ""
        ratio = f"  × {row['ratio']:.2f} ({row['over_fastdct_pixels']:.2f}){gate}" if "ratio" in row else ""
        print(f"  {label:52}{row['load_ms']:9.2f} ms loading {row['ms']:9.2f} ms in all{ratio}", flush=True)


def measure_family(pixels, options):
    """Set → ready → label → figures, and the errors found by the checks."""
    torch.manual_seed(0)
    networks = make_networks((pixels, *FAMILIES[pixels]))
    results, errors = {}, {}
    for kind, batch_size in SETS:
        title = f"{kind}, {batch_size} at once"
        files = make_set(options.photos, kind)
        ways, errors[title] = make_ways(networks, files[:batch_size])
        with tempfile.TemporaryDirectory() as scratch:
            paths = written(files, Path(scratch))
            results[title] = measure(ways, paths, batch_size=batch_size, seconds=options.seconds)
        for ready, rows in results[title].items():
            compare(rows, pixels, FAMILIES[pixels])
            print(f"{title}, {ready}")
            report(rows)
    return results, errors


@torch.inference_mode()
def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", type=Path, help="a folder of photos")
    parser.add_argument("--seconds", type=float, default=60, help="for each family, set and batch size")
    parser.add_argument("--output", help="name of the JSON in benchmarks/results")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch._dynamo.config.recompile_limit = (
        64  # by far more networks and shapes than torch expects of one class
    )
    results = {}
    for pixels in FAMILIES:
        sets, errors = measure_family(pixels, options)
        results[pixels] = {"sets": sets, "errors": errors}
        if options.output:
            machine.save(options.output, {"torch": torch.__version__, "families": results})


if __name__ == "__main__":
    main()
