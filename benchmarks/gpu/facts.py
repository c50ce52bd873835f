"""What the machine has, looked up in a process of its own: importing torch takes seconds, and may fail."""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import subprocess
import sys
from importlib import metadata
from typing import Any

PACKAGES = ("numpy", "torch", "torchvision", "pybind11", "pytest", "hypothesis")

_ABOUT_CUDA = """
import json, torch
found = {"torch": torch.__version__, "cuda": torch.version.cuda, "available": torch.cuda.is_available()}
if found["available"]:
    p = torch.cuda.get_device_properties(0)
    found |= {"name": p.name, "capability": f"{p.major}{p.minor}", "memory_gib": round(p.total_memory / 2**30, 1),
              "multiprocessors": p.multi_processor_count, "driver": torch.cuda.driver_version()
              if hasattr(torch.cuda, "driver_version") else None}
print(json.dumps(found))
"""


def gpu() -> dict[str, Any]:
    """What torch sees: ``available`` and, of the first device, its name, capability and memory; or ``error``."""
    command = [sys.executable, "-c", _ABOUT_CUDA]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    if found.returncode != 0:
        return {"available": False, "error": found.stderr.strip().splitlines()[-1:]}
    facts: dict[str, Any] = json.loads(found.stdout.splitlines()[-1])
    return facts


def machine() -> dict[str, Any]:
    """Processor, cores, interpreter, and the versions of the packages that matter; None for one that is missing."""
    return {
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
    }


def _version(name: str) -> str | None:
    if importlib.util.find_spec(name) is None:
        return None
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "unknown"
