"""Input that means no good: refused at once, by its name, without a crash and without a trace."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

import fastdct
from fastdct import JpegError
from jpegs import assert_same, find_segment, make_jpeg, read_or_error, scan_start, segment, with_frame

DATA = make_jpeg(48, 64)

NOT_JPEG = {
    "the data are empty": b"",
    "Not a JPEG file: starts with 0x89 0x50": b"\x89PNG\r\n\x1a\n" + bytes(64),
    "Not a JPEG file: starts with 0x6a 0x75": b"just some text, and rather more of it than a header needs",
    "Not a JPEG file: starts with 0xff 0xff": b"\xff" * 1000,
    "Not a JPEG file: starts with 0x00 0x00": bytes(1000),
    "truncated": b"\xff\xd8",
    "JPEG datastream contains no image": b"\xff\xd8\xff\xd9",
    "truncated: ": DATA[: scan_start(DATA) - 9],
}


@pytest.mark.parametrize("cause", NOT_JPEG)
@pytest.mark.parametrize("function", [fastdct.probe, fastdct.read])
def test_not_a_jpeg(function, cause):
    with pytest.raises(JpegError, match=f"^<bytes>: {cause}"):
        function(NOT_JPEG[cause])


@pytest.mark.parametrize(
    ("content", "cause"),
    [(b"", "the file is empty"), (b"\x89PNG", "not a JPEG file: it starts with 0x8950, not 0xffd8")],
)
def test_not_a_jpeg_file(tmp_path, content, cause):
    path = tmp_path / "x.jpg"
    path.write_bytes(content)
    for function in (fastdct.probe, fastdct.read):
        with pytest.raises(JpegError, match=rf"x\.jpg: {cause}"):
            function(path)


UNSUPPORTED = {
    0xC3: r"lossless \(SOF3\)",
    0xC5: r"hierarchical \(SOF5\)",
    0xC6: r"hierarchical \(SOF6\)",
    0xC7: r"hierarchical \(SOF7\)",
    0xCB: r"lossless arithmetic \(SOF11\)",
    0xCD: r"hierarchical \(SOF13\)",
    0xCE: r"hierarchical \(SOF14\)",
    0xCF: r"hierarchical \(SOF15\)",
    0xDE: "hierarchical",
    0xF7: "JPEG-LS",
}
ACCEPTED = "is not supported; 8-bit Huffman or arithmetic coding, sequential or progressive, is"


@pytest.mark.parametrize("marker", UNSUPPORTED)
@pytest.mark.parametrize("recover", [False, True])
def test_unsupported_process(marker, recover):
    data = with_frame(DATA, marker=marker)
    with pytest.raises(JpegError, match=f"{UNSUPPORTED[marker]} JPEG {ACCEPTED}"):
        fastdct.read(data, recover=recover)
    with pytest.raises(JpegError, match=UNSUPPORTED[marker]):
        fastdct.probe(data)


@pytest.mark.parametrize(("marker", "process"), [(0xC1, "extended"), (0xC2, "progressive")])
def test_unsupported_precision(marker, process):
    with pytest.raises(JpegError, match=f"12-bit {process} JPEG {ACCEPTED}"):
        fastdct.read(with_frame(DATA, marker=marker, precision=12))


def test_height_in_a_dnl_segment():
    with pytest.raises(JpegError, match="DNL not supported"):
        fastdct.read(with_frame(DATA, height=0))


def sized(height: int, width: int) -> bytes:
    changed = bytearray(DATA)
    offset = find_segment(DATA, 0xC0)
    changed[offset + 5 : offset + 9] = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    return bytes(changed)


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (sized(65500, 65500), r"65500 x 65500 pixels \(height x width\), more than max_pixels=178956970"),
        (sized(33824, 56064), "more than max_pixels"),
        (sized(65535, 16), "Maximum supported image dimension is 65500 pixels"),
        (sized(13000, 13000), r"truncated: \d+ bytes cannot hold 13000 x 13000 pixels"),
    ],
)
def test_huge_dimensions_cost_nothing(data, cause):
    start = time.perf_counter()
    with pytest.raises(JpegError, match=cause):
        fastdct.read(data)
    assert time.perf_counter() - start < 0.05


def test_max_pixels_is_a_limit_not_a_bound():
    assert fastdct.read(DATA, max_pixels=48 * 64).height == 48
    with pytest.raises(JpegError, match="max_pixels=3071"):
        fastdct.read(DATA, max_pixels=48 * 64 - 1)
    with pytest.raises(JpegError, match="max_pixels=3071"):
        fastdct.read(DATA, max_pixels=48 * 64 - 1, recover=True)
    with pytest.raises(ValueError, match="max_pixels must be at least 1, not 0"):
        fastdct.read(DATA, max_pixels=0)


def with_scans(num_scans: int) -> bytes:
    """A file of one scan a component, its last scan repeated."""
    data = (Path(__file__).parent / "conformance" / "non_interleaved_444.jpg").read_bytes()
    last = data[data.rindex(b"\xff\xda") : -2]
    return data[:-2] + last * (num_scans - 3) + data[-2:]


def test_scan_bomb():
    assert fastdct.read(with_scans(500)).warnings == ()
    with pytest.raises(JpegError, match="more than 500 scans"):
        fastdct.read(with_scans(501))
    image = fastdct.read(with_scans(5000), recover=True)
    assert image.warnings[0].startswith(
        "damaged: more than 500 scans, the most that is read of an image of this size"
    )
    assert_same(image, fastdct.read(with_scans(500)))


def test_scan_bomb_of_a_large_image():
    """Empty scans of a large image: fewer are read of it."""
    side = 8192
    num_blocks = (side // 8) ** 2
    frame = b"\x08" + 2 * side.to_bytes(2, "big") + bytes([1, 1, 0x11, 0])
    data = b"\xff\xd8" + segment(0xDB, bytes([0] + 64 * [1])) + segment(0xC2, frame)
    data += segment(0xC4, bytes([0x00, 1, *[0] * 15, 0x00]))  # DC: code 0 is a difference of 0
    data += segment(0xC4, bytes([0x10, 1, *[0] * 15, 0xE0]))  # AC: code 0 and 14 bits end 2^14 blocks or more
    data += segment(0xDA, bytes([1, 1, 0, 0, 0, 0])) + bytes(num_blocks // 8)
    data += 400 * (segment(0xDA, bytes([1, 1, 0, 1, 63, 0])) + bytes(15 * (num_blocks >> 14) // 8))
    with pytest.raises(
        JpegError, match="more than 256 scans, the most that is read of an image of this size"
    ):
        fastdct.read(data + b"\xff\xd9")


def test_memory_limit_of_the_environment_is_not_ours(monkeypatch):
    """libjpeg reads JPEGMEM (in thousands of bytes); with it, whole images could not be held."""
    monkeypatch.setenv("JPEGMEM", "1")
    fastdct.write(fastdct.read(make_jpeg(400, 400)))


BAD = [
    *NOT_JPEG.values(),
    with_frame(DATA, marker=0xC3),
    sized(13000, 13000),
    DATA[: len(DATA) // 2],
    DATA[: scan_start(DATA)] + bytes(500),
    DATA[: scan_start(DATA)] + b"\xff\xda" * 100,
    DATA[:2] + segment(0xE1, b"Exif\0\0MM\0*\xff\xff\xff\xff") + DATA[2:300],
    with_scans(600),
]


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")
def test_bad_files_leak_nothing(tmp_path):
    paths = [tmp_path / f"{index}.jpg" for index in range(len(BAD))]
    for path, data in zip(paths, BAD, strict=True):
        path.write_bytes(data)
    paths += [tmp_path, tmp_path / "missing.jpg"]

    def read_all(times: int) -> None:
        for _ in range(times):
            for path in paths:
                assert isinstance(read_or_error(path), JpegError)
                read_or_error(path, recover=True, max_pixels=1 << 16)

    read_all(20)  # allocators settle
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    before = resident_bytes()
    read_all(200)
    assert resident_bytes() - before < 200 * len(paths) * 1000  # peers leak 11 kB a file
    assert len(list(Path("/proc/self/fd").iterdir())) == descriptors
