"""Rows of `read_batch`, the files they are read from, and what libjpeg-turbo says of them."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from fastdct import _C
from fastdct.frequencies import ZIGZAG
from jpegs import make_jpeg, make_pixels

SIZES = ((48, 64), (375, 500), (8, 8), (1, 1), (17, 530), (263, 9))


def encode(pixels, **options):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", **options)
    return file.getvalue()


def files_of_every_kind():
    made = [
        make_jpeg(height, width, subsampling=subsampling, quality=60 + 7 * (seed % 6), seed=seed)
        for seed, (height, width) in enumerate(SIZES)
        for subsampling in ("4:2:0", "4:4:4", "4:2:2", "4:0:0")
    ]
    made.append(make_jpeg(100, 200, restart_rows=1))
    made += [
        encode(make_pixels(75, 900), restart_marker_blocks=n, subsampling=n % 3)
        for n in (1, 3, 7, 20, 33, 64)
    ]
    made.append(make_jpeg(100, 200, progressive=True))
    made.append(make_jpeg(300, 200, optimize=True, quality=98))
    return made


def frequency_major(coefficients):
    """[Hb, Wb, 8, 8] in natural order → [64, Hb, Wb] in zig-zag order."""
    flat = coefficients.reshape(*coefficients.shape[:2], 64)
    return flat[..., ZIGZAG].transpose(2, 0, 1)


def through_libjpeg(file):
    return _C.read_jpeg_through_libjpeg(file, recover=False, max_pixels=1 << 30)


def assert_row(row, file, *, layout="block", num_frequencies=64, luma_only=False):
    header, components, _ = through_libjpeg(file)
    assert (row.height, row.width) == (header.height, header.width)
    assert len(row.components) == (1 if luma_only else len(components))
    for ours, (coefficients, quantization, sampling) in zip(row.components, components, strict=False):
        planes = frequency_major(coefficients)
        if layout == "block":
            assert ours.coefficients.shape == coefficients.shape
            planes = np.where(np.arange(64)[:, None, None] < num_frequencies, planes, 0)
            np.testing.assert_array_equal(frequency_major(ours.coefficients), planes)
        else:
            np.testing.assert_array_equal(ours.coefficients, planes[:num_frequencies])
        np.testing.assert_array_equal(ours.quantization, quantization)
        assert ours.sampling == sampling


def bad_sources(tmp_path):
    (tmp_path / "text.jpg").write_text("no picture")
    (tmp_path / "empty.jpg").write_bytes(b"")
    good = make_jpeg()
    return [
        tmp_path / "missing.jpg",
        tmp_path,
        tmp_path / "text.jpg",
        tmp_path / "empty.jpg",
        "a\0b.jpg",
        b"",
        b"\x89PNG\r\n\x1a\n" + bytes(100),
        b"\xff" * 5000,
        good[:30],
        good[: len(good) // 2],
        good.replace(b"\xff\xdb", b"\xff\xee"),  # no quantization tables
        huge_header(),
    ]


def huge_header():
    """An ordinary file whose frame header says 65000 x 65000."""
    good = bytearray(make_jpeg())
    frame = good.index(b"\xff\xc0")
    good[frame + 5 : frame + 9] = (65000).to_bytes(2, "big") * 2
    return bytes(good)
