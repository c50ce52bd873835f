"""The command; scripts/gpu_check says how it is used, docs/gpu.md what it does."""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from gpu import carry, facts
from gpu.parts import Part, run_all
from gpu.places import PICTURES, RESULTS, ROOT

MEASURED = ("build", "pictures")


def parts(gpu: dict[str, Any]) -> list[Part]:
    """In the order of what must be known first; their limits add up to ten minutes less what starting takes."""
    if not gpu["available"]:  # nothing is timed, and processors may be few
        return [
            Part("build", 400, ("gpu.build",), needs=()),
            Part("pictures", 30, ("gpu.pictures", str(PICTURES), "--count", "64")),
            Part("host tests", 150, ("gpu.suites", "--host")),
        ]
    folder = str(PICTURES)
    return [
        Part("build", 120, ("gpu.build", "--architecture", gpu["capability"]), needs=()),
        Part("pictures", 45, ("gpu.pictures", folder, "--count", "4096")),
        Part("tests", 110, ("gpu.suites",)),
        Part("decoding", 75, ("gpu.decoding", folder), needs=MEASURED),
        Part("verification", 40, ("gpu.verification",)),
        Part("training", 70, ("gpu.training", folder), needs=MEASURED),
        Part("memcheck", 70, ("gpu.suites", "--sanitizer", "memcheck")),
        Part("racecheck", 50, ("gpu.suites", "--sanitizer", "racecheck")),
    ]


def commit() -> str | None:
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return None
    return found.stdout.strip() or None


def slug(name: str) -> str:
    """``"NVIDIA H200"`` as ``"h200"``."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower().replace("nvidia", "")).strip("_")


def check(chosen: list[Part], gpu: dict[str, Any], folder: Path) -> bool:
    """Run the parts, write what they found after each; whether all passed."""
    total = sum(part.seconds for part in chosen)
    print(
        "seconds at most: "
        + ", ".join(f"{part.name} {part.seconds}" for part in chosen)
        + f"; in all {total}"
    )
    report: dict[str, Any] = {"gpu": gpu, "machine": facts.machine(), "commit": commit(), "parts": {}}
    start, good = time.monotonic(), True
    for part, found in run_all(chosen):
        report["parts"][part.name] = found
        report["seconds"] = round(time.monotonic() - start, 1)
        good &= found["status"] == "passed"
        print(f"{part.name:14}{found['status']:10}{found['seconds']:7.1f} s  {_line(found)}", flush=True)
        if gpu["available"]:
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"gpu_{slug(gpu['name'])}.json"
            path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    if gpu["available"]:
        print(f"written: {path}")
    return good


def _line(found: dict[str, Any]) -> str:
    if found["status"] == "passed":
        return json.dumps(found.get("result", {}))[:200]
    return found.get("why") or found.get("output", "")[-1500:]


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/gpu_check", description=__doc__)
    parser.add_argument("--pack", action="store_true", help="fill gpu_carry/ with what is to be taken along")
    parser.add_argument("--python", default="3.12", help="the other machine's, for --pack")
    parser.add_argument(
        "--wheel", action="append", default=[], metavar="NAME==VERSION", help="one more for --pack"
    )
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder for gpu_NAME.json")
    parser.add_argument("--only", nargs="+", metavar="PART", help="these parts, and what they need")
    options = parser.parse_args()
    if options.pack:
        print(carry.pack(options.wheel, python=options.python))
        return 0
    print("\n".join(carry.unpack()))
    gpu = facts.gpu()
    chosen = parts(gpu)
    if options.only:
        chosen = [part for part in chosen if part.name in {*options.only, "build", "pictures"}]
    good = check(chosen, gpu, options.results)
    if not gpu["available"]:
        why = f" ({gpu['error']})" if "error" in gpu else ""
        state = (
            "fastdct was built with its CUDA kernels and the tests that need no GPU passed"
            if good
            else "not all is well"
        )
        print(
            f"no CUDA device: torch sees none{why}; {state}; nothing was run on a GPU, and nothing was timed"
        )
        return 2
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
