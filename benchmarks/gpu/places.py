"""Where things lie, below the repository."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CARRY = ROOT / "gpu_carry"  # what --pack made and the other machine was given
WORK = ROOT / "build" / "gpu_check"
SITE = WORK / "site"  # fastdct as built, and packages that were carried: first on PYTHONPATH
PICTURES = WORK / "pictures"
RESULTS = ROOT / "benchmarks" / "results"
