"""The tests of the CUDA side, plainly or under compute-sanitizer.

    python -m gpu.suites [--sanitizer memcheck | racecheck] [--host]

Of the test files that hold a test marked ``cuda`` or are about the emulation, the tests so marked, a missing device being a failure;
with --host those that need none. Under a sanitizer the tests marked ``sanitized`` alone, only fastdct's kernels being watched,
with every tensor an allocation of its own, so that a kernel that writes beside one is caught.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

from gpu.build import tool
from gpu.parts import save
from gpu.places import ROOT, WORK

MARKS = ("mark.cuda", "emulation")


def files() -> list[Path]:
    return sorted(
        p for p in (ROOT / "tests").glob("test_*.py") if any(mark in p.read_text() for mark in MARKS)
    )


def command(sanitizer: str | None, *, host: bool, report: Path) -> list[str]:
    # Warnings of packages that are not pinned here are no errors.
    pytest = [sys.executable, "-m", "pytest", "-q", "-W", "default", "-p", "no:cacheprovider"]
    pytest += [f"--junit-xml={report}", *map(str, files())]
    if sanitizer is None:
        return [*pytest, "-m", "not cuda" if host else "cuda"]
    program = tool("compute-sanitizer")
    if program is None:
        raise SystemExit("compute-sanitizer is not on the PATH")
    watched = ["--kernel-name", "kns=fastdct", "--report-api-errors", "no", "--error-exitcode", "86"]
    return [program, "--tool", sanitizer, *watched, *pytest, "-m", "cuda and sanitized"]


def summary(report: Path) -> dict[str, object]:
    """Counts, and the names of what failed."""
    suites = ET.parse(report).getroot().iter("testsuite")
    cases = [case for suite in suites for case in suite.iter("testcase")]

    def named(kind: str) -> list[str]:
        return [
            f"{case.get('classname')}::{case.get('name')}" for case in cases if case.find(kind) is not None
        ]

    bad, skipped = named("failure") + named("error"), named("skipped")
    return {"passed": len(cases) - len(bad) - len(skipped), "skipped": len(skipped), "failed": bad}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sanitizer", choices=["memcheck", "racecheck"])
    parser.add_argument("--host", action="store_true", help="what needs no device alone")
    options = parser.parse_args()
    report = WORK / f"tests_{options.sanitizer or 'plain'}.xml"
    report.unlink(missing_ok=True)
    environment = {**os.environ}
    if not options.host:
        environment["FASTDCT_FAIL_WITHOUT_CUDA"] = "1"
    if options.sanitizer:
        environment["PYTORCH_NO_CUDA_MEMORY_CACHING"] = "1"
    line = command(options.sanitizer, host=options.host, report=report)
    status = subprocess.run(line, env=environment, cwd=ROOT, check=False).returncode
    if report.is_file():
        found = summary(report)
        save({**found, "exit_status": status})
        if not found["passed"]:
            return 1  # nothing that ran is not a pass
    return status


if __name__ == "__main__":
    sys.exit(main())
