"""The CUDA sources compile, without a warning, for the major architectures that nvcc knows: all with --all, else two."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NVCC = shutil.which("nvcc")
KERNELS = sorted((ROOT / "csrc").glob("*/**/*_cuda.cu"))


def test_build_takes_every_kernel():
    """What CMake's pattern does not match would never be built."""
    [pattern] = re.findall(
        r"file\(GLOB cuda_sources CONFIGURE_DEPENDS (.+)\)", (ROOT / "CMakeLists.txt").read_text()
    )
    built = {path for part in pattern.split() for path in ROOT.glob(part)}
    assert built == set((ROOT / "csrc").rglob("*.cu"))
    assert KERNELS


def architectures(*, run_all: bool) -> list[str]:
    """Arguments of nvcc: machine code of every major architecture that it knows and PTX for those to come, or, sampled, machine
    code of the oldest and the newest, which takes a third of the time.
    """
    if run_all:
        return ["-arch=all-major"]
    listed = subprocess.run([NVCC, "--list-gpu-arch"], capture_output=True, text=True, check=True).stdout
    numbers = sorted({int(number) for number in re.findall(r"compute_(\d+)", listed)})
    newest = next(n for n in numbers if n // 10 == numbers[-1] // 10)  # the first of its major release
    return [f"-gencode=arch=compute_{n},code=sm_{n}" for n in (numbers[0], newest)]


@pytest.mark.skipif(NVCC is None, reason="no nvcc: the CUDA kernels are not compiled here")
@pytest.mark.parametrize("source", KERNELS, ids=lambda path: path.stem)
def test_kernels_compile(source, tmp_path, run_all):
    command = [NVCC, "-std=c++17", "-O3", "--threads=0", "-fmad=false", "-Werror=all-warnings"]
    command += ["-Xcompiler=-Wall,-Wextra", f"-I{ROOT / 'csrc'}", "-c", source, "-o", tmp_path / "kernel.o"]
    command += architectures(run_all=run_all)
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
