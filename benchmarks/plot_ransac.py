"""Draw benchmarks/results/ransac.json as docs/ransac.svg."""

from __future__ import annotations

import json
from pathlib import Path

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt

ROOT = Path(__file__).parent.parent


def main() -> None:
    result = json.loads((ROOT / "benchmarks" / "results" / "ransac.json").read_text(encoding="utf-8"))
    rows = {
        name: row for name, row in result.items() if isinstance(row, dict) and "table" in row and row["gate"]
    }
    figure, axes = plt.subplots(figsize=(8, 0.32 * len(rows) + 1.2), layout="constrained")
    for place, row in enumerate(rows.values()):
        for name, values in row["table"].items():
            own = name == "fastdct"
            axes.plot(values["ms"], place, "o" if own else "|", color="C0" if own else "0.4", markersize=7)
        axes.annotate(f"{row['ratio']:.3g} ×", (row["table"]["fastdct"]["ms"], place), (-8, -3), textcoords="offset points",
                      ha="right", fontsize=8, color="C0")  # fmt: skip
    axes.set_yticks(range(len(rows)), list(rows))
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlim(left=0.1)  # room for the ratios
    axes.set_xlabel("ms of one thread for all pairs of a workload; dots: fastdct, bars: other libraries")
    axes.set_title("× the fastest library of no lower success", fontsize=9, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    (ROOT / "docs").mkdir(exist_ok=True)
    figure.savefig(ROOT / "docs" / "ransac.svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
