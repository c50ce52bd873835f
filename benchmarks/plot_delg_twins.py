"""Draw benchmarks/results/delg_twins.json as docs/delg_twins.svg, and print its table as docs/training.md has it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt

ROOT = Path(__file__).parent.parent


WAYS = ("global", "global+local")
COSTS = {"seconds_per_epoch": "s/epoch", "extraction_ms": "ms/image", "bytes_per_image": "bytes/image"}


def print_table(result: dict[str, Any]) -> None:
    """Means over seeds, of all queries with their spread."""
    twins = result["twins"]
    kinds = list(next(iter(twins.values()))["global"])
    print("|", " | ".join(["twin", "seeds", *kinds, *COSTS.values()]), "|")
    print("|" + "---|" * (2 + len(kinds) + len(COSTS)))
    for name, twin in twins.items():
        for way in WAYS:
            values = [f"{twin[way][kind]['mean']:.3f}" for kind in kinds]
            if len(twin["seeds"]) > 1:
                values[-1] += f" ({twin[way]['all']['min']:.3f} to {twin[way]['all']['max']:.3f})"
            costs = [str(round(twin[key], 1)) for key in COSTS]
            print("|", " | ".join([f"{name}, {way}", str(len(twin["seeds"])), *values, *costs]), "|")


def main() -> None:
    result = json.loads((ROOT / "benchmarks" / "results" / "delg_twins.json").read_text(encoding="utf-8"))
    print_table(result)
    twins = result["twins"]
    systems = {f"{name}, {way}": twin[way] for name, twin in twins.items() for way in WAYS}
    kinds = list(next(iter(systems.values())))
    width = 0.84 / len(systems)
    figure, axes = plt.subplots(figsize=(9, 3.4), layout="constrained")
    for place, (name, values) in enumerate(systems.items()):
        positions = [kind + (place - (len(systems) - 1) / 2) * width for kind in range(len(kinds))]
        means = [values[kind]["mean"] for kind in kinds]
        around = [
            [mean - values[kind]["min"] for mean, kind in zip(means, kinds, strict=True)],
            [values[kind]["max"] - mean for mean, kind in zip(means, kinds, strict=True)],
        ]
        axes.bar(positions, means, width, yerr=around, label=name, error_kw={"linewidth": 0.8})
    axes.set_xticks(range(len(kinds)), kinds)
    axes.set_ylabel("mAP, mean and range over seeds")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, ncols=3, fontsize=8, loc="upper center", bbox_to_anchor=(0.5, 1.25))
    (ROOT / "docs").mkdir(exist_ok=True)
    figure.savefig(ROOT / "docs" / "delg_twins.svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
