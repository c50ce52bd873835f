"""The C++ reader, writer and parsers under AddressSanitizer (with leak detection) and UndefinedBehaviorSanitizer."""

from __future__ import annotations

import functools
import os
import random
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import fastdct
from jpegs import SAMPLINGS, make_image, make_jpeg, tiff
from progressive import NO_DIFFERENCE, GrayScan, end_of_bands, gray_progressive

ROOT = Path(__file__).parents[1]
COMPILER = os.environ.get("CXX") or shutil.which("g++") or shutil.which("clang++")
CLANG = shutil.which("clang++")
FLAGS = [
    "-std=c++17",
    "-O1",
    "-g",
    "-Wall",
    "-Wextra",
    "-Wpedantic",
    "-Wshadow",
    "-Werror",
    f"-I{ROOT / 'csrc'}",
]
SANITIZERS = "address,undefined"


TARGETS = ["fuzz_exif", "fuzz_read", "fuzz_frame", "fuzz_decode", "fuzz_cut", "fuzz_device"]
WHOLE = ("fuzz_read", "fuzz_decode", "fuzz_cut", "fuzz_device")  # need everything of csrc/jpeg
KERNELS = {
    "kernels_portable": [],
    "kernels_avx2": ["-mavx2", "-mbmi", "-mbmi2"],
    "kernels_avx512": ["-mavx2", "-mbmi", "-mbmi2", "-mavx512f", "-mavx512bw", "-mavx512vl", "-mavx512dq"],
}  # as CMakeLists.txt has it


def sources(target: str) -> list[str]:
    """What the target needs, the kernels excepted."""
    jpeg = ROOT / "csrc" / "jpeg"
    parsers = [jpeg / "exif.cpp", jpeg / "markers.cpp"]
    if target == "fuzz_frame":
        parsers += [jpeg / "entropy" / "frame.cpp", jpeg / "entropy" / "frame_header.cpp"]
    core = [
        *jpeg.glob("*.cpp"),
        *(jpeg / "entropy").glob("*.cpp"),
        *(jpeg / "device").glob("*.cpp"),
        *(ROOT / "csrc" / "common").glob("*.cpp"),
    ]
    whole = sorted(path for path in core if path.stem not in KERNELS)
    core = whole if target in WHOLE else parsers
    return [str(path) for path in [ROOT / "fuzz" / f"{target}.cpp", *core]]


def build(target: str, program: Path, *, compiler: str, sanitizers: str, extra: tuple[str, ...] = ()) -> None:
    sanitize = [f"-fsanitize={sanitizers}", "-fno-sanitize-recover=all"]
    objects = []
    if target in WHOLE:
        for kernels, flags in KERNELS.items():
            objects.append(f"{program}_{kernels}.o")
            source = ROOT / "csrc" / "jpeg" / "entropy" / f"{kernels}.cpp"
            compile_(compiler, *FLAGS, *sanitize, *flags, "-c", source, "-o", objects[-1])
    compile_(compiler, *FLAGS, *sanitize, *extra, *sources(target), *objects, "-ljpeg", "-o", program)


def compile_(*command: object) -> None:
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if "cannot find -l" in result.stderr or "cannot find lib" in result.stderr:
        pytest.skip(f"{command[0]} has no runtime for the sanitizers")
    assert result.returncode == 0, result.stderr


def run(*command: object) -> str:
    environment = {**os.environ, "ASAN_OPTIONS": "detect_leaks=1:allocator_may_return_null=1"}
    result = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False, env=environment
    )
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-6000:]
    return result.stdout


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> list[Path]:
    """Small files of every kind that can be made here, and the committed ones."""
    folder = tmp_path_factory.mktemp("corpus")
    contents = [
        make_jpeg(20, 27, subsampling=subsampling, **options)
        for subsampling in ("4:0:0", "4:4:4", "4:2:2", "4:2:0")
        for options in ({}, {"progressive": True}, {"restart_rows": 1}, {"orientation": 6})
    ]
    contents += [fastdct.write(make_image(30, 21, sampling=sampling)) for sampling in SAMPLINGS.values()]
    contents += [b"", b"\xff\xd8", b"\xff\xd8\xff", b"\xff" * 50, bytes(50)]
    for index, content in enumerate(contents):
        (folder / f"{index}.jpg").write_bytes(content)
    return (
        sorted(folder.iterdir())
        + sorted((ROOT / "tests" / "conformance").glob("*.jpg"))
        + sorted((ROOT / "fuzz" / "corpus").iterdir())
    )


def exif_payloads(folder: Path) -> list[Path]:
    folder.mkdir()
    for order in ("MM", "II"):
        for count in (0, 1, 3, 65535):
            payload = b"Exif\0\0" + tiff(order, [(0x0100, 4, 1, 7), (0x0112, 3, 1, 6)], count=count)
            (folder / f"{order}{count}").write_bytes(payload)
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def replay(tmp_path_factory) -> Callable[[str], Path]:
    """Program that runs a fuzz target over files; built once for each target."""
    if COMPILER is None:
        pytest.skip("no C++ compiler: g++ or clang++")
    folder = tmp_path_factory.mktemp("replay")

    @functools.cache
    def program(target: str) -> Path:
        main = str(ROOT / "fuzz" / "replay.cpp")
        build(target, folder / target, compiler=COMPILER, sanitizers=SANITIZERS, extra=(main,))
        return folder / target

    return program


@pytest.mark.parametrize("target", TARGETS)
def test_made_files_and_mutations(target, replay, corpus, tmp_path, run_all):
    files = corpus + exif_payloads(tmp_path / "exif") if target == "fuzz_exif" else corpus
    num_mutations = 2000 if run_all else 60
    output = run(replay(target), "--mutate", num_mutations, *files)
    assert output == f"{len(files) * (num_mutations + 1)} inputs\n"


def corrections_without_end() -> bytes:
    """A refining scan that fills the decoder's window to its last byte, and then says that the bands of 1119 blocks
    end, each of which has 63 correction bits that are not there: 8 KB.
    """
    num_blocks, num_full = 48 * 48, 1185
    rest = num_blocks - num_full
    ends, new = {0xA0: "10"}, {0xA0: "0", 0x01: "1" + "0" * 15}
    scans = [
        GrayScan(NO_DIFFERENCE, "0" * num_blocks, band=(0, 0)),
        GrayScan({0x01: "0", **ends}, end_of_bands(num_full, "10") + "01" * 63 * rest, low=1),
        GrayScan(new, (new[0x01] + "1") * 63 * num_full + end_of_bands(rest, "0"), high=1),
    ]
    return gray_progressive(48, 48, scans)


def test_correction_bits_past_the_end_of_a_segment(replay, tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(corrections_without_end())
    assert run(replay("fuzz_decode"), path) == "1 inputs\n"


@pytest.mark.parametrize("target", WHOLE)
def test_fuzz_corpus(target, replay, test_data, run_all):
    files = sorted(path for path in (test_data / "conformance" / "fuzz").rglob("*") if path.is_file())
    chosen = files if run_all else random.Random(3).sample(files, 200)
    assert run(replay(target), *chosen) == f"{len(chosen)} inputs\n"


@pytest.mark.skipif(CLANG is None, reason="no clang++: libFuzzer needs it")
@pytest.mark.parametrize(
    ("target", "num_runs"),
    [
        ("fuzz_exif", 20_000),
        ("fuzz_read", 2000),
        ("fuzz_frame", 20_000),
        ("fuzz_decode", 1000),
        ("fuzz_cut", 500),
        ("fuzz_device", 200),
    ],
)
def test_libfuzzer(target, num_runs, corpus, tmp_path, run_all):
    program = tmp_path / target
    build(target, program, compiler=CLANG, sanitizers=f"fuzzer,{SANITIZERS}")
    seeds = tmp_path / "seeds"
    seeds.mkdir()
    for path in corpus:
        shutil.copy(path, seeds)
    run(
        program,
        f"-runs={num_runs * (20 if run_all else 1)}",
        "-seed=1",
        f"-artifact_prefix={tmp_path}/",
        seeds,
    )
