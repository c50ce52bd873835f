"""Draw benchmarks/results/on_coefficients.json as docs/on_coefficients.svg."""

from __future__ import annotations

import json
from pathlib import Path

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt

ROOT = Path(__file__).parent.parent


def main() -> None:
    result = json.loads(
        (ROOT / "benchmarks" / "results" / "on_coefficients.json").read_text(encoding="utf-8")
    )
    rows, pixels = result["coefficients"], result["pixels"]
    figure, axes = plt.subplots(figsize=(8, 4), layout="constrained")
    for kind, label in (
        ("plain", "inverse DCT in one layer"),
        ("folded", "folded into the first convolution"),
    ):
        points = sorted((row[f"ms_{kind}"], 100 * row["top1"], row["num_channels"]) for row in rows.values())
        axes.plot(*zip(*[point[:2] for point in points], strict=True), "o", label=f"coefficients, {label}")
        for x, y, count in points:
            axes.annotate(str(count), (x, y), (0, 5), textcoords="offset points", ha="center", fontsize=7)
    axes.plot(
        pixels["ms"], 100 * pixels["top1_simplejpeg_opencv"], "s", color="0.3", label="simplejpeg + OpenCV"
    )
    axes.set_xlabel("ms of one thread from the bytes of a file to logits; numbers: channels given")
    axes.set_ylabel("top-1, %")
    axes.set_title(
        f"MobileNetV2 trained on pixels, {result['num_photos']} ImageNet photos", fontsize=9, loc="left"
    )
    axes.legend(fontsize=8, frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(ROOT / "docs" / "on_coefficients.svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
