"""Draw benchmarks/results/read.json as docs/read.svg."""

from __future__ import annotations

import json
from pathlib import Path

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt

ROOT = Path(__file__).parent.parent
SETS = ("500x375 q75", "500x375 q90", "500x375 q90 progressive", "12 MP q90")
OURS, COEFFICIENTS, PIXELS = "#1f6fb4", "#8c8c8c", "#d9a441"
READERS = {
    "fastdct read_batch, DC": ("fastdct, DC alone", OURS),
    "fastdct read_batch": ("fastdct.read_batch", OURS),
    "fastdct read_batch, frequency-major": ("fastdct, frequency-major", OURS),
    "fastdct read": ("fastdct.read", OURS),
    "libjpeg coefficients": ("libjpeg-turbo, from C", COEFFICIENTS),
    "jpeg2dct": ("jpeg2dct", COEFFICIENTS),
    "torchjpeg": ("torchjpeg", COEFFICIENTS),
    "dct_manip": ("dct_manip", COEFFICIENTS),
    "jpeglib": ("jpeglib", COEFFICIENTS),
    "simplejpeg RGB": ("simplejpeg", PIXELS),
    "Pillow RGB": ("Pillow", PIXELS),
}


def draw(axes: plt.Axes, name: str, ratios: dict[str, float]) -> None:
    """One set of files; a reader that cannot read it has no bar."""
    shown = [
        (label, ratios[reader], colour) for reader, (label, colour) in READERS.items() if reader in ratios
    ]
    labels, values, colours = zip(*shown, strict=True)
    bars = axes.barh(labels, values, color=colours)
    axes.bar_label(bars, fmt="%.2f", fontsize=8, padding=2)
    axes.set_title(name, fontsize=10, loc="left")
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0, labelsize=8)
    axes.set_xlim(0, 5.5)
    axes.set_xticks([])
    axes.spines[["top", "right", "bottom"]].set_visible(False)


def main() -> None:
    sets = json.loads((ROOT / "benchmarks" / "results" / "read.json").read_text(encoding="utf-8"))["sets"]
    figure, grid = plt.subplots(2, 2, figsize=(9, 6), layout="constrained")
    for axes, name in zip(grid.flat, SETS, strict=True):
        draw(axes, name, sets[name]["over_libjpeg"])
    kinds = {"fastdct": OURS, "coefficients by others": COEFFICIENTS, "RGB pixels": PIXELS}
    handles = [plt.Rectangle((0, 0), 1, 1, color=colour) for colour in kinds.values()]
    figure.legend(handles, kinds, frameon=False, ncols=3, loc="outside lower center", fontsize=9)
    figure.suptitle("Files a second, libjpeg-turbo's coefficient read = 1 (one thread)", fontsize=11)
    figure.savefig(ROOT / "docs" / "read.svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
