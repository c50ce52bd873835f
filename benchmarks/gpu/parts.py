"""Runs the parts one after another, each in a process group of its own that is ended when its time is over.

What a part does not use is left to those after it; together they never take longer than the sum of their limits.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gpu.places import ROOT, SITE, WORK

_TAIL = 3000  # characters of a part's output that are kept when it failed


@dataclass(frozen=True)
class Part:
    """A module of this package with its arguments. It writes its figures to the file that RESULT names."""

    name: str
    seconds: int
    arguments: tuple[str, ...]
    needs: tuple[str, ...] = ("build",)  # parts that must have passed
    environment: dict[str, str] = field(default_factory=dict)


def run_all(parts: list[Part]) -> Iterator[tuple[Part, dict[str, Any]]]:
    """Each part with its report: ``status`` (passed, failed, timed out, left out), ``seconds``, ``result`` or why not."""
    saved, passed = 0.0, set()
    for part in parts:
        missing = [name for name in part.needs if name not in passed]
        if missing:
            report = {"status": "left out", "why": f"needs {', '.join(missing)}", "seconds": 0.0}
        else:
            report = run(part, part.seconds + saved)
        saved += part.seconds - report["seconds"]
        if report["status"] == "passed":
            passed.add(part.name)
        yield part, report


def run(part: Part, limit: float) -> dict[str, Any]:
    """One part, for ``limit`` seconds at most."""
    WORK.mkdir(parents=True, exist_ok=True)
    log, result = WORK / f"{part.name}.log", WORK / f"{part.name}.json"
    result.unlink(missing_ok=True)
    start = time.monotonic()
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *part.arguments],
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
            env=_environment(part, result),
            start_new_session=True,
        )
        status = _wait(process, limit)
    report = {"status": status, "seconds": round(time.monotonic() - start, 1)}
    if result.is_file():
        report["result"] = _read(result)
        report["status"] = report["result"].pop("status", status) if status == "passed" else status
    if status != "passed":
        report["output"] = log.read_text(encoding="utf-8", errors="replace")[-_TAIL:]
    return report


def _wait(process: subprocess.Popen[bytes], limit: float) -> str:
    try:
        return "passed" if process.wait(timeout=limit) == 0 else "failed"
    except subprocess.TimeoutExpired:
        return "timed out"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # whatever it started, too
        process.wait()


def _environment(part: Part, result: Path) -> dict[str, str]:
    path = os.pathsep.join([str(SITE), str(ROOT / "benchmarks"), os.environ.get("PYTHONPATH", "")])
    return {
        **os.environ,
        "PYTHONPATH": path,
        "PYTHONUNBUFFERED": "1",
        "RESULT": str(result),
        **part.environment,
    }


def _read(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return {"unreadable": path.name}
    return found


def save(result: dict[str, Any]) -> None:
    """What a part calls with its figures, as often as it likes: those so far survive what comes after."""
    text = json.dumps(result, indent=2)
    name = os.environ.get("RESULT")
    if name is None:
        print(text)
    else:
        Path(name).write_text(text, encoding="utf-8")
