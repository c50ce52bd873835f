"""One JSON object a line, one line an epoch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from fastdct._files import write_atomically

METRICS_FILE = "metrics.jsonl"


class MetricsLog:
    """Appends to metrics.jsonl; epochs that a continued run does again are dropped first."""

    def __init__(self, directory: Path, *, next_epoch: int) -> None:
        self._file = directory / METRICS_FILE
        old = self._file.read_text(encoding="utf-8").splitlines() if self._file.exists() else []
        kept = [line for line in old if _epoch(line) < next_epoch]
        write_atomically(self._file, "".join(line + "\n" for line in kept).encode())

    def append(self, values: Mapping[str, float | None]) -> None:
        """Write the metrics of an epoch; ``values`` holds its number under ``epoch``."""
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(values) + "\n")


def _epoch(line: str) -> float:
    try:
        return float(json.loads(line)["epoch"])
    except (ValueError, KeyError, TypeError):
        return float("inf")  # half a line, left by a kill
