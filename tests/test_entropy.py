"""Our own decoder against libjpeg-turbo: the same coefficients, or the same error, on every instruction set."""

import io
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

import fastdct
from fastdct import _C
from jpegs import SAMPLINGS, SUBSAMPLINGS, make_image, make_jpeg, make_pixels
from progressive import NO_DIFFERENCE, GrayScan, gray_progressive

LEVELS = ("portable", "avx2", "avx512")
MAX_PIXELS = 1 << 26


def outcome(read, data):
    """Everything that a reader says about a file, its error included."""
    try:
        header, components, warnings = read(data, recover=False, max_pixels=MAX_PIXELS)
    except _C.JpegError as error:
        return str(error)
    facts = (
        header.height,
        header.width,
        header.color_space,
        header.process,
        header.sampling,
        header.orientation,
    )
    planes = [(c.shape, c.tobytes(), q.tobytes(), sampling) for c, q, sampling in components]
    return facts, header.restart_interval, planes, warnings


def assert_as_libjpeg(data):
    """Both readers agree, the data lying in a buffer of exactly their size."""
    assert outcome(_C.read_jpeg, data) == outcome(_C.read_jpeg_through_libjpeg, data)


@pytest.fixture(params=LEVELS)
def level(request, monkeypatch):
    monkeypatch.setenv("FASTDCT_CPU", request.param)
    return request.param


def encode(pixels, **options):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", **options)
    return file.getvalue()


def sample_files():
    """Small files that go through every part of the decoder."""
    return {
        "4:2:0": make_jpeg(40, 56, quality=80),
        "4:4:4 dense": make_jpeg(24, 40, subsampling="4:4:4", quality=99, optimize=True),
        "gray": make_jpeg(33, 17, subsampling="4:0:0"),
        "restarts": make_jpeg(48, 64, restart_rows=1),
        "progressive": make_jpeg(40, 56, progressive=True, quality=90),
        "progressive restarts": make_jpeg(40, 40, progressive=True, restart_rows=1),
        "restarts within rows": encode(make_pixels(72, 900), restart_marker_blocks=7),
        "a scan a component": fastdct.write(make_image(sampling=SAMPLINGS["scaled 4:4:4"], max_step=3)),
    }


FILES = sample_files()


@pytest.mark.parametrize("name", FILES)
def test_ordinary_files_need_no_libjpeg(name, level):
    assert _C.find_anomaly(FILES[name]) is None
    assert_as_libjpeg(FILES[name])


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_every_sampling(sampling, level):
    for height, width in ((8, 8), (1, 1), (65, 130), (129, 31), (16, 700)):
        image = make_image(height, width, sampling=SAMPLINGS[sampling], max_step=9, seed=height)
        data = fastdct.write(image)
        assert_as_libjpeg(data)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    height=st.integers(1, 300),
    width=st.integers(1, 300),
    subsampling=st.sampled_from(SUBSAMPLINGS),
    quality=st.integers(1, 100),
    progressive=st.booleans(),
    optimize=st.booleans(),
    restart_rows=st.integers(0, 3),
    seed=st.integers(0, 1000),
)
def test_made_files(level, height, width, subsampling, quality, progressive, optimize, restart_rows, seed):
    data = make_jpeg(
        height,
        width,
        subsampling=subsampling,
        quality=quality,
        progressive=progressive,
        optimize=optimize,
        restart_rows=restart_rows,
        seed=seed,
    )
    assert _C.find_anomaly(data) is None
    assert_as_libjpeg(data)


@pytest.mark.parametrize("values", [1, 127, 128, 255, 1023])
def test_large_coefficients(values, level):
    """Values beyond what a table entry holds, blocks without an end-of-block code, the longest codes."""
    generator = np.random.default_rng(values)
    image = make_image(64, 64, max_step=1)
    for component in image.components:
        component.coefficients[...] = generator.integers(-values, values + 1, component.coefficients.shape)
        component.coefficients[..., 0, 0] = np.clip(component.coefficients[..., 0, 0], -1000, 1000)
    data = fastdct.write(image)
    assert _C.find_anomaly(data) is None
    assert_as_libjpeg(data)


@pytest.mark.parametrize("name", FILES)
def test_every_truncation(name):
    data = FILES[name]
    for size in range(len(data)):
        assert_as_libjpeg(data[:size])


@pytest.mark.parametrize("name", FILES)
def test_bit_flips(name, level):
    data = FILES[name]
    generator = np.random.default_rng(7)
    for _ in range(400):
        damaged = bytearray(data)
        for position in generator.integers(0, 8 * len(data), generator.integers(1, 4)):
            damaged[position // 8] ^= 1 << position % 8
        assert_as_libjpeg(bytes(damaged))


@pytest.mark.parametrize("name", FILES)
def test_bytes_that_are_not_there_or_too_many(name, level):
    """Stuffing, fill bytes and markers where they do not belong."""
    data = FILES[name]
    generator = np.random.default_rng(11)
    for insert in (b"\xff", b"\x00", b"\xff\x00", b"\xff\xff", b"\xff\xd0", b"\xff\xd9", b"\xff\xd3\x00"):
        for position in generator.integers(2, len(data), 12):
            assert_as_libjpeg(data[:position] + insert + data[position:])
            assert_as_libjpeg(data[:position] + data[position + len(insert) :])


def test_a_coefficient_that_wraps_to_zero(level):
    """8 times 2^13 is 0 in 16 bits, so that scans that refine have no bit for it."""
    scans = [
        GrayScan(NO_DIFFERENCE, "0", band=(0, 0)),
        GrayScan({4: "0", 0: "10"}, "0" + "1000" + "10", low=13),
        *(GrayScan({0: "0"}, "0", high=high, low=high - 1) for high in range(13, 0, -1)),
    ]
    file = gray_progressive(1, 1, scans)
    assert _C.find_anomaly(file) is None
    assert_as_libjpeg(file)


@pytest.mark.parametrize("options", [{}, {"restart_rows": 1}, {"progressive": True}])
def test_a_height_defined_after_the_first_scan(options):
    """DNL, which libjpeg-turbo does not read (T.81, B.2.5)."""
    data = make_jpeg(43, 56, **options)
    frame = max(data.find(b"\xff\xc0"), data.find(b"\xff\xc2")) + 5
    scan = data.index(b"\xff\xda")
    end = next(
        i
        for i in range(scan + 2 + data[scan + 3], len(data))
        if data[i] == 0xFF and data[i + 1] and not 0xD0 <= data[i + 1] <= 0xD7
    )
    late = (
        data[:frame]
        + bytes(2)
        + data[frame + 2 : end]
        + b"\xff\xdc\x00\x04"
        + data[frame : frame + 2]
        + data[end:]
    )
    assert outcome(_C.read_jpeg, late) == outcome(_C.read_jpeg, data)
    assert fastdct.probe(late) == fastdct.probe(data)
    without = data[:frame] + bytes(2) + data[frame + 2 :]
    assert isinstance(outcome(_C.read_jpeg, without), str)
    with pytest.raises(fastdct.JpegError):
        fastdct.probe(without)


def test_recovered_data_come_from_libjpeg():
    data = FILES["4:2:0"]
    image = fastdct.read(data[: len(data) * 2 // 3], recover=True)
    assert any(warning.startswith("damaged") for warning in image.warnings)


def data_folder():
    folder = Path(os.environ.get("FASTDCT_TEST_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("needs the photos of FASTDCT_TEST_DATA")
    return folder


def test_photos_need_no_libjpeg():
    """Of real photos, all but a few are read by our own decoder, and all as libjpeg-turbo reads them."""
    photos = sorted((data_folder() / "retrieval" / "images").rglob("*.jpg"))[::25]
    odd = 0
    for path in photos:
        data = path.read_bytes()
        assert_as_libjpeg(data)
        odd += _C.find_anomaly(data) is not None
    assert odd <= len(photos) // 50


def test_the_conformance_corpus(level):
    files = sorted(
        path for path in (data_folder() / "conformance").rglob("*") if path.suffix not in (".csv", ".md")
    )
    for path in (path for path in files[:: 1 if level == "avx512" else 7] if path.is_file()):
        assert_as_libjpeg(path.read_bytes())


@pytest.mark.skipif(shutil.which("aarch64-linux-gnu-g++") is None, reason="needs a compiler for AArch64")
def test_the_kernels_compile_for_neon(tmp_path):
    core = Path(__file__).parents[1] / "csrc"
    source = core / "jpeg" / "entropy" / "kernels_portable.cpp"
    flags = [
        "-std=c++17",
        "-O3",
        "-Wall",
        "-Wextra",
        "-Werror",
        f"-I{core}",
        "-c",
        "-o",
        tmp_path / "kernels.o",
    ]
    subprocess.run(["aarch64-linux-gnu-g++", *flags, source], check=True)
