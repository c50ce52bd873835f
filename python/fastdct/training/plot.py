"""The curves of a run, drawn from its metrics."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fastdct._extras import require
from fastdct._files import replacing
from fastdct.training.metrics import METRICS_FILE

PLOT_FILE = "curves.svg"


def require_library() -> Any:
    """matplotlib, or an error that names what installs it."""
    return require("matplotlib", extra="plot")


def draw(directory: Path) -> None:
    """Draw losses, held-out accuracy and learning rate over epochs as curves.svg beside metrics.jsonl."""
    require_library()
    from matplotlib.figure import Figure  # drawn without pyplot, which keeps figures and asks for a screen

    lines = [json.loads(line) for line in (directory / METRICS_FILE).read_text(encoding="utf-8").splitlines()]
    epochs = [line["epoch"] + 1 for line in lines]
    panels = {
        "loss": [name for name in lines[0] if name == "loss" or name.endswith("_loss")],
        "held-out accuracy": [
            name
            for name in ("validation_accuracy", "validation_class_accuracy")
            if lines[0][name] is not None
        ],
        "learning rate": ["learning_rate"],
    }
    figure = Figure(figsize=(11, 3.2), layout="constrained")
    for axes, (title, names) in zip(figure.subplots(1, len(panels)), panels.items(), strict=True):
        for name in names:
            axes.plot(epochs, [line[name] for line in lines], label=name.replace("_", " "), marker=".")
        axes.set_xlabel("epochs done")
        axes.set_title(title)
        axes.spines[["top", "right"]].set_visible(False)
        if len(names) > 1:
            axes.legend(frameon=False)
    with replacing(directory / PLOT_FILE) as file:
        figure.savefig(file, format="svg", metadata={"Date": None})
