"""fastdct built by CMake itself, without pip: into build/gpu_check/site, for the GPU that is there.

    python -m gpu.build [--architecture 90]

The machine's libjpeg-turbo is taken where it has one, else the carried one; ninja where it is found, else make.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import pybind11

from gpu import carry
from gpu.places import ROOT, SITE, WORK


def tool(name: str) -> str | None:
    """A program on the PATH, beside the interpreter, where pip puts those of packages, or where CUDA is installed."""
    cuda = Path(os.environ.get("CUDA_HOME", "/usr/local/cuda"))
    others = (Path(sys.executable).parent, cuda / "bin", cuda / "compute-sanitizer")
    return shutil.which(name) or shutil.which(name, path=os.pathsep.join(map(str, others)))


def configure(architecture: str | None) -> list[str]:
    cmake = tool("cmake")
    if cmake is None:
        raise SystemExit("cmake is missing: it must be on the PATH or beside the Python that runs this")
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    settings = {
        "CMAKE_BUILD_TYPE": "Release",
        "FASTDCT_CUDA": "ON",
        "CMAKE_CUDA_FLAGS": "-lineinfo",  # compute-sanitizer and profilers then name lines; the code is the same
        "SKBUILD_PROJECT_VERSION": version,
        "Python_EXECUTABLE": sys.executable,
        "pybind11_DIR": pybind11.get_cmake_dir(),
    }
    if architecture is not None:
        settings["CMAKE_CUDA_ARCHITECTURES"] = architecture
    settings |= _libjpeg_settings()
    ninja, nvcc = tool("ninja"), tool("nvcc")
    if ninja is not None:
        settings["CMAKE_MAKE_PROGRAM"] = ninja
    if nvcc is not None:
        settings["CMAKE_CUDA_COMPILER"] = nvcc
    generator = "Unix Makefiles" if ninja is None else "Ninja"
    return [cmake, "-S", str(ROOT), "-B", str(WORK / "cmake"), "-G", generator] + [
        f"-D{name}={value}" for name, value in settings.items()
    ]


def _libjpeg_settings() -> dict[str, str]:
    carried = carry.libjpeg()
    if carried is None or _has_libjpeg():
        return {}
    return {
        "JPEG_INCLUDE_DIR": str(carried / "include"),
        "JPEG_LIBRARY": str(carried / "lib" / "libjpeg.so"),
        "CMAKE_INSTALL_RPATH": str(carried / "lib"),
    }


def _has_libjpeg() -> bool:
    code = "#include <cstdio>\n#include <jpeglib.h>\nint main() { jpeg_error_mgr e; return jpeg_std_error(&e) == nullptr; }\n"
    with tempfile.TemporaryDirectory() as scratch:
        command = ["c++", "-x", "c++", "-", "-o", f"{scratch}/probe", "-ljpeg"]
        found = subprocess.run(command, input=code, capture_output=True, text=True, check=False)
    return found.returncode == 0


def build(architecture: str | None) -> None:
    SITE.mkdir(parents=True, exist_ok=True)
    command = configure(architecture)
    subprocess.run(command, check=True)
    subprocess.run([command[0], "--build", str(WORK / "cmake"), "-j", str(os.cpu_count())], check=True)
    shutil.copytree(ROOT / "python" / "fastdct", SITE / "fastdct", dirs_exist_ok=True)
    subprocess.run([command[0], "--install", str(WORK / "cmake"), "--prefix", str(SITE)], check=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--architecture", help="of the GPU, such as 90; default: those of CMakeLists.txt")
    build(parser.parse_args().architecture)
