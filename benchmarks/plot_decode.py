"""Draw benchmarks/results/decode.json as docs/decode.svg."""

from __future__ import annotations

import json
from pathlib import Path

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt

ROOT = Path(__file__).parent.parent
OURS = "fastdct"


def main() -> None:
    results = json.loads((ROOT / "benchmarks" / "results" / "decode.json").read_text(encoding="utf-8"))
    sets = results["microseconds"]
    figure, rows = plt.subplots(len(sets), figsize=(8, 2.6 * len(sets)), layout="constrained", sharex=True)
    for axes, (name, times) in zip(rows, sets.items(), strict=True):
        peers = {peer: value / times[OURS] for peer, value in times.items() if not peer.startswith(OURS)}
        bars = axes.barh(list(peers), list(peers.values()))
        axes.bar_label(bars, fmt="%.1f ×", fontsize=7, padding=2)
        axes.invert_yaxis()
        axes.tick_params(labelsize=8)
        axes.set_title(f"{name}: fastdct {times[OURS] / 1e3:.2f} ms a window", fontsize=9)
        axes.spines[["top", "right"]].set_visible(False)
    rows[-1].set_xlabel("time of others ÷ time of fastdct (448² → [64, 56, 56] float32), one thread")
    (ROOT / "docs").mkdir(exist_ok=True)
    figure.savefig(ROOT / "docs" / "decode.svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
