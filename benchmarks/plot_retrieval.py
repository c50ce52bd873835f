"""Draw benchmarks/results/retrieval.json as docs/retrieval.svg."""

from __future__ import annotations

import json
from pathlib import Path

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt

ROOT = Path(__file__).parent.parent


def main() -> None:
    result = json.loads((ROOT / "benchmarks" / "results" / "retrieval.json").read_text(encoding="utf-8"))
    systems = result["mAP"]
    kinds = list(result["queries"])
    width = 0.8 / len(systems)
    figure, axes = plt.subplots(figsize=(9, 3.8), layout="constrained")
    for place, (name, values) in enumerate(systems.items()):
        positions = [kind + (place - (len(systems) - 1) / 2) * width for kind in range(len(kinds))]
        bars = axes.bar(positions, [values[kind] for kind in kinds], width, label=name)
        axes.bar_label(bars, fmt="%.3f", fontsize=7, padding=1, rotation=90)
    axes.set_xticks(range(len(kinds)), [f"{kind}\n({result['queries'][kind]} queries)" for kind in kinds])
    axes.set_ylabel("mAP")
    axes.set_ylim(0, 1.15)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, ncols=3, loc="upper center", bbox_to_anchor=(0.5, 1.25))
    (ROOT / "docs").mkdir(exist_ok=True)
    figure.savefig(ROOT / "docs" / "retrieval.svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
