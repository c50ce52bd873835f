"""The CUDA sources compile, without a warning, for every architecture that a release of CUDA is made for."""

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


@pytest.mark.skipif(NVCC is None, reason="no nvcc: the CUDA kernels are not compiled here")
@pytest.mark.parametrize("source", KERNELS, ids=lambda path: path.stem)
def test_kernels_compile_for_all_major_architectures(source, tmp_path):
    """To machine code of each major architecture that this nvcc knows, and to PTX for those to come."""
    command = [
        NVCC,
        "-std=c++17",
        "-O3",
        "-arch=all-major",
        "--threads=0",
        "-fmad=false",
        "-Werror=all-warnings",
    ]
    command += ["-Xcompiler=-Wall,-Wextra", f"-I{ROOT / 'csrc'}", "-c", source, "-o", tmp_path / "kernel.o"]
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
