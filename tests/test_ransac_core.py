"""The C++ core alone, built with sanitizers."""

import os
import platform
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
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
    "-DFASTDCT_NO_FORCED_INLINING",
    "-pthread",
]


# As CMakeLists.txt has them.
VECTOR_FLAGS = {
    "_avx2": ["-mavx2", "-mfma", "-mf16c", "-mpopcnt", "-Wno-psabi"],
    "_avx512": [
        "-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mfma", "-mf16c", "-mpopcnt", "-mprefer-vector-width=512",
        "-Wno-maybe-uninitialized", "-Wno-uninitialized",
    ],
    "_portable": ["-O0", "-Wno-psabi"],  # sanitizers take a minute to optimise its loops over lanes
}  # fmt: skip


def compile_one(source: Path, target: Path, flags: list[str]) -> str:
    level = next((level for level in VECTOR_FLAGS if source.stem.endswith(level)), None)
    command = [COMPILER, *FLAGS, *flags, *VECTOR_FLAGS.get(level, []), "-c", str(source), "-o", str(target)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stderr


def build(program: Path, *, sanitizers: str) -> None:
    sources = [ROOT / "tests/cpp/ransac_test.cpp"]
    for room in ("common", "matching", "ransac"):
        sources += sorted((ROOT / "csrc" / room).rglob("*.cpp"))
    if platform.machine() not in ("x86_64", "AMD64"):
        sources = [source for source in sources if not source.stem.endswith(("_avx2", "_avx512"))]
    sanitize = [f"-fsanitize={sanitizers}", "-fno-sanitize-recover=all", f"-I{ROOT / 'csrc'}"]
    objects = [program.with_name(f"{i}.o") for i in range(len(sources))]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        errors = list(pool.map(compile_one, sources, objects, [sanitize] * len(sources)))
    assert all(path.exists() for path in objects), "\n".join(errors)
    link = [COMPILER, *FLAGS, *sanitize, *map(str, objects), "-o", str(program)]
    result = subprocess.run(link, capture_output=True, text=True, check=False)
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
