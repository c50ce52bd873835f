"""JPEG files made for tests, and the plain decode they are checked with."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

import fastdct
from fastdct import JpegComponent, JpegError, JpegImage
from fastdct._image import block_grid, subsampling_name
from fastdct.jpeg import Source

SUBSAMPLINGS = ("4:0:0", "4:4:4", "4:2:2", "4:2:0")  # those that Pillow writes
SAMPLINGS = {
    "4:0:0": ((1, 1),),
    "4:4:4": ((1, 1), (1, 1), (1, 1)),
    "4:2:2": ((2, 1), (1, 1), (1, 1)),
    "4:4:0": ((1, 2), (1, 1), (1, 1)),
    "4:1:1": ((4, 1), (1, 1), (1, 1)),
    "4:2:0": ((2, 2), (1, 1), (1, 1)),
    "4:1:0": ((4, 2), (1, 1), (1, 1)),
    "scaled 4:4:4": ((2, 2), (2, 2), (2, 2)),  # too many blocks for one MCU: a scan for each component
    "2x2,2x1,1x1": ((2, 2), (2, 1), (1, 1)),
    "1x3,1x1,1x1": ((1, 3), (1, 1), (1, 1)),
    "3x1,2x1,1x1": ((3, 1), (2, 1), (1, 1)),
}


def make_pixels(height: int, width: int, *, seed: int = 0, noise: float = 12.0) -> npt.NDArray[np.uint8]:
    """Make an RGB picture [H, W, 3] with gradients, edges and some noise: like a photo, nothing saturated for long."""
    generator = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width] / max(height, width)
    phase = generator.uniform(0, 6, (3, 1, 1))
    waves = 128 + 70 * np.sin(phase + 7 * x + 3 * y) + 30 * np.sign(np.sin(phase + 9 * y - 11 * x))
    pixels = waves + generator.normal(0, noise, (3, height, width))
    return np.clip(pixels, 0, 255).astype(np.uint8).transpose(1, 2, 0)


def make_jpeg(
    height: int = 48,
    width: int = 64,
    *,
    subsampling: str = "4:2:0",
    quality: int = 85,
    progressive: bool = False,
    optimize: bool = False,
    restart_rows: int = 0,
    orientation: int = 1,
    seed: int = 0,
    pixels: npt.NDArray[np.uint8] | None = None,
) -> bytes:
    """Encode a made picture (or ``pixels`` [H, W, 3]) with Pillow; ``subsampling`` is one of SUBSAMPLINGS."""
    picture = Image.fromarray(make_pixels(height, width, seed=seed) if pixels is None else pixels)
    options: dict[str, object] = {"quality": quality, "progressive": progressive, "optimize": optimize}
    if subsampling == "4:0:0":
        picture = picture.convert("L")
    else:
        options["subsampling"] = subsampling
    if restart_rows:
        options["restart_marker_rows"] = restart_rows
    if orientation != 1:
        exif = Image.Exif()
        exif[0x0112] = orientation
        options["exif"] = exif
    file = io.BytesIO()
    picture.save(file, "JPEG", **options)
    return file.getvalue()


def make_class_folders(root: Path, *, classes: int, photos: int, seed: int = 0) -> Path:
    """Write ``photos`` files of each class to ``root``: noisy colour patterns that a network soon tells apart."""
    random = np.random.default_rng(seed)
    for label in range(classes):
        pattern = random.integers(0, 256, (4, 4, 3))
        (root / f"class{label}").mkdir(parents=True)
        for index in range(photos):
            noisy = np.clip(pattern + random.normal(0, 25, pattern.shape), 0, 255).astype(np.uint8)
            picture = Image.fromarray(noisy).resize((88, 72), Image.Resampling.BICUBIC)
            picture.save(root / f"class{label}" / f"{index}.jpg")
    return root


def make_image(
    height: int = 48,
    width: int = 64,
    *,
    sampling: tuple[tuple[int, int], ...] = SAMPLINGS["4:2:0"],
    color_space: str = "",
    orientation: int = 1,
    max_step: int = 255,
    seed: int = 0,
) -> JpegImage:
    """Make an image of random coefficients, most of them zero, over any sampling factors."""
    generator = np.random.default_rng(seed)
    color_space = color_space or {1: "grayscale", 2: "unknown", 3: "YCbCr", 4: "YCCK"}[len(sampling)]
    empty = tuple(JpegComponent(np.empty(0), np.empty(0), factors) for factors in sampling)
    blank = JpegImage(height, width, subsampling_name(sampling), color_space, orientation, empty)
    components = []
    for component in empty:
        shape = (*block_grid(blank, component), 8, 8)
        values = generator.integers(-40, 41, shape) * (generator.random(shape) < 0.15)
        steps = generator.integers(1, max_step + 1, (8, 8))
        components.append(JpegComponent(values.astype(np.int16), steps.astype(np.uint16), component.sampling))
    return JpegImage(height, width, blank.subsampling, color_space, orientation, tuple(components))


def assert_same(image: JpegImage, other: JpegImage) -> None:
    """Everything but the warnings is equal, bit for bit."""
    for field in ("height", "width", "subsampling", "color_space", "orientation"):
        assert getattr(image, field) == getattr(other, field), field
    for ours, theirs in zip(image.components, other.components, strict=True):
        assert ours.sampling == theirs.sampling
        np.testing.assert_array_equal(ours.quantization, theirs.quantization)
        np.testing.assert_array_equal(ours.coefficients, theirs.coefficients)


def read_or_error(source: Source, **options: Any) -> JpegImage | JpegError:
    """Read, any other exception than JpegError being a failure."""
    try:
        return fastdct.read(source, **options)
    except JpegError as error:
        return error


def component_pixels(image: JpegImage, index: int) -> npt.NDArray[np.float64]:
    """Samples [8 * Hb, 8 * Wb] of one component by the inverse DCT's definition (T.81, A.3.3), not clamped."""
    component = image.components[index]
    n = np.arange(8)
    basis = np.cos((2 * n[None, :] + 1) * n[:, None] * np.pi / 16) / 2  # [frequency, sample]
    basis[0] /= np.sqrt(2)
    values = component.coefficients.astype(np.float64) * component.quantization
    samples = np.einsum("ux,rcuv,vy->rxcy", basis, values, basis) + 128
    rows, _, cols, _ = samples.shape
    return samples.reshape(8 * rows, 8 * cols)


def segment(marker: int, payload: bytes) -> bytes:
    """One marker segment."""
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


def find_segment(data: bytes, marker: int) -> int:
    """Offset of the first segment with this marker code before the first scan (or of the first scan itself)."""
    offset = 2
    while data[offset + 1] != marker:
        assert data[offset] == 0xFF
        assert data[offset + 1] != 0xDA, "no such segment"
        offset += 2 + int.from_bytes(data[offset + 2 : offset + 4], "big")
    return offset


def scan_start(data: bytes) -> int:
    """Offset of the first byte of entropy-coded data."""
    offset = find_segment(data, 0xDA)
    return offset + 2 + int.from_bytes(data[offset + 2 : offset + 4], "big")


def with_frame(
    data: bytes, *, marker: int | None = None, precision: int = 8, height: int | None = None
) -> bytes:
    """Copy of a baseline or progressive file with its frame header changed."""
    for code in (0xC0, 0xC1, 0xC2):
        if bytes((0xFF, code)) in data[: scan_start(data)]:
            offset = find_segment(data, code)
            break
    changed = bytearray(data)
    changed[offset + 1] = code if marker is None else marker
    changed[offset + 4] = precision
    if height is not None:
        changed[offset + 5 : offset + 7] = height.to_bytes(2, "big")
    return bytes(changed)


def tiff(
    order: str, entries: list[tuple[int, int, int, int]], *, count: int | None = None, offset: int = 8
) -> bytes:
    """A TIFF structure with one directory of (tag, type, count, value)."""
    endian = "big" if order == "MM" else "little"

    def number(value: int, size: int) -> bytes:
        return value.to_bytes(size, endian)

    body = order.encode() + number(42, 2) + number(offset, 4)
    body += number(len(entries) if count is None else count, 2)
    for tag, kind, length, value in entries:
        data = number(value, 2) + bytes(2) if kind == 3 else number(value, 4)
        body += number(tag, 2) + number(kind, 2) + number(length, 4) + data
    return body + bytes(4)
