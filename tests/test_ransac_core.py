"""The C++ core alone, built with sanitizers."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
COMPILER = os.environ.get("CXX") or shutil.which("g++") or shutil.which("clang++")
FLAGS = [
    "-std=c++17",
    "-O1",
    "-g",
    "-ffp-contract=off",
    "-Wall",
    "-Wextra",
    "-Wpedantic",
    "-Wshadow",
    "-Werror",
    "-pthread",
]


def build(program: Path, *, sanitizers: str) -> None:
    sources = [ROOT / "tests/cpp/ransac_test.cpp", *sorted((ROOT / "csrc/ransac").glob("*.cpp"))]
    sanitize = [f"-fsanitize={sanitizers}", "-fno-sanitize-recover=all"]
    command = [COMPILER, *FLAGS, *sanitize, f"-I{ROOT / 'csrc'}", *map(str, sources), "-o", str(program)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if "cannot find -l" in result.stderr or "cannot find lib" in result.stderr:
        pytest.skip(f"{COMPILER} has no runtime for -fsanitize={sanitizers}")
    assert result.returncode == 0, result.stderr


@pytest.mark.skipif(COMPILER is None, reason="no C++ compiler: g++ or clang++")
@pytest.mark.parametrize("sanitizers", ["address,undefined", "thread"])
def test_core_under_sanitizers(tmp_path, sanitizers):
    program = tmp_path / "ransac_test"
    build(program, sanitizers=sanitizers)
    result = subprocess.run([program], capture_output=True, text=True, timeout=300, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
