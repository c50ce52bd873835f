"""The resampling core and the fused pipeline, built with sanitizers, every kernel with the flags of its instruction set."""

import os
import platform
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import fastdct
from jpegs import SAMPLINGS, make_image, make_jpeg

ROOT = Path(__file__).parent.parent
COMPILER = os.environ.get("CXX") or shutil.which("clang++") or shutil.which("g++")
FLAGS = [
    *("-std=c++17", "-O1", "-g", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Werror", "-Wno-psabi"),
    *("-fsanitize=address,undefined", "-fno-sanitize-recover=all", f"-I{ROOT / 'csrc'}"),
]
ROOMS = ("common", "dct", "dct/device", "jpeg", "jpeg/compact", "jpeg/device", "jpeg/entropy", "pipeline")


def kernel_flags(source: Path) -> list[str]:
    """The machine flags that CMakeLists.txt gives a file."""
    text = (ROOT / "CMakeLists.txt").read_text()
    name = re.escape(str(source.relative_to(ROOT)))
    found = re.search(rf"{name} PROPERTIES COMPILE_OPTIONS\s+\"([^\"]*)\"", text)
    words = found[1] if found else ""
    while name := re.search(r"\$\{(\w+)\}", words):
        value = re.search(rf"^set\({name[1]} ([^)]*)\)", text, re.MULTILINE)
        assert value, name[1]
        words = words.replace(name[0], value[1])
    return re.findall(r"-m[\w=-]+", words)


def run(command: list[str]) -> None:
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if "cannot find -l" in result.stderr or "cannot find lib" in result.stderr:
        pytest.skip(f"{COMPILER} has no runtime for the sanitizers")
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-6000:]


def test_kernels_get_their_flags():
    flags = {source.name: set(kernel_flags(source)) for source in (ROOT / "csrc/dct").glob("kernel_avx*.cpp")}
    assert flags["kernel_avx2.cpp"] >= {"-mavx2", "-mfma"}
    assert flags["kernel_avx512.cpp"] >= {"-mavx512f", "-mavx512bw", "-mfma"}


def compile_one(source: Path, folder: Path) -> str:
    target = folder / ("_".join(source.relative_to(ROOT).parts) + ".o")
    run([COMPILER, *FLAGS, *kernel_flags(source), "-c", str(source), "-o", str(target)])
    return str(target)


@pytest.fixture(scope="module")
def objects(tmp_path_factory):
    if COMPILER is None:
        pytest.skip("no C++ compiler: g++ or clang++")
    folder = tmp_path_factory.mktemp("objects")
    sources = [source for room in ROOMS for source in sorted((ROOT / "csrc" / room).glob("*.cpp"))]
    if platform.machine() not in ("x86_64", "AMD64"):
        sources = [source for source in sources if "_avx" not in source.name]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(lambda source: compile_one(source, folder), sources))


def build(name: str, objects: list[str], folder: Path) -> str:
    main = compile_one(ROOT / "tests/cpp" / f"{name}.cpp", folder)
    run([COMPILER, *FLAGS, main, *objects, "-ljpeg", "-pthread", "-o", str(folder / name)])
    return str(folder / name)


def test_resampling_under_sanitizers(objects, tmp_path):
    run([build("dct_test", objects, tmp_path)])


def test_device_resampling_under_sanitizers(objects, tmp_path):
    run([build("device_test", objects, tmp_path)])


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    contents = [
        make_jpeg(75, 58, subsampling=subsampling, **options)
        for subsampling in ("4:0:0", "4:4:4", "4:2:2", "4:2:0")
        for options in ({}, {"progressive": True}, {"restart_rows": 1}, {"orientation": 6})
    ]
    contents += [fastdct.write(make_image(90, 41, sampling=sampling)) for sampling in SAMPLINGS.values()]
    folder = tmp_path_factory.mktemp("files")
    for index, content in enumerate(contents):
        (folder / f"{index}.jpg").write_bytes(content)
    return sorted(map(str, folder.iterdir()))


def test_files_under_sanitizers(objects, files, tmp_path):
    run([build("decode_test", objects, tmp_path), "300", *files])


def test_shipments_under_sanitizers(objects, files, tmp_path):
    run([build("ship_test", objects, tmp_path), "300", *files])
