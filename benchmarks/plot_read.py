"""Draw benchmarks/results/read.json as docs/read.svg."""

from __future__ import annotations

import json
from pathlib import Path

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt

ROOT = Path(__file__).parent.parent
READERS = {
    "fastdct read_batch": "fastdct.read_batch",
    "fastdct read_batch, frequency-major": "fastdct.read_batch, frequency-major",
    "fastdct read": "fastdct.read",
    "libjpeg coefficients": "libjpeg-turbo coefficients (C)",
    "simplejpeg RGB": "simplejpeg RGB",
    "Pillow RGB": "Pillow RGB",
    "fastdct read_batch, DC": "fastdct.read_batch, DC alone",
    "jpeg2dct": "jpeg2dct coefficients",
    "torchjpeg": "torchjpeg coefficients",
    "jpeglib": "jpeglib coefficients",
}


def main() -> None:
    sets = json.loads((ROOT / "benchmarks" / "results" / "read.json").read_text(encoding="utf-8"))["sets"]
    height = 0.8 / len(READERS)
    figure, axes = plt.subplots(figsize=(8, 1 + 0.95 * len(sets)), layout="constrained")
    for place, (name, label) in enumerate(READERS.items()):
        positions = [row + (place - (len(READERS) - 1) / 2) * height for row in range(len(sets))]
        values = [result["over_libjpeg"].get(name, 0.0) for result in sets.values()]
        bars = axes.barh(positions, values, height, label=label)
        axes.bar_label(bars, fmt="%.2f", fontsize=6, padding=1)
    axes.set_yticks(range(len(sets)), list(sets))
    axes.invert_yaxis()
    axes.set_xlabel("speed, libjpeg-turbo's coefficient read = 1 (one thread)")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1.0), fontsize=8)
    (ROOT / "docs").mkdir(exist_ok=True)
    figure.savefig(ROOT / "docs" / "read.svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
