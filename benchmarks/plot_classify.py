"""Draw benchmarks/results/classify.json as docs/classify.svg."""

from __future__ import annotations

import json
from pathlib import Path

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt

ROOT = Path(__file__).parent.parent


def main() -> None:
    text = (ROOT / "benchmarks" / "results" / "classify.json").read_text(encoding="utf-8")
    networks = json.loads(text)["networks"]
    figure, (learning, resolution, quality) = plt.subplots(
        1, 3, figsize=(11, 3.2), layout="constrained", sharey=True
    )
    for name, network in networks.items():
        epochs = range(1, len(network["curve"]) + 1)
        learning.plot(epochs, network["curve"], marker=".", label=name.removeprefix("resnet18-"))
        for axes, sweep in ((resolution, "short side"), (quality, "quality")):
            axes.plot(list(network[sweep]), list(network[sweep].values()), marker=".")
    for axes, title in (
        (learning, "epochs"),
        (resolution, "short side of the photo in pixels"),
        (quality, "JPEG quality of the photo"),
    ):
        axes.set_xlabel(title)
        axes.spines[["top", "right"]].set_visible(False)
    learning.set_ylabel("held-out accuracy")
    learning.legend(frameon=False)
    (ROOT / "docs").mkdir(exist_ok=True)
    figure.savefig(ROOT / "docs" / "classify.svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
