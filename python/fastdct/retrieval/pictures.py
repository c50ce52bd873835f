"""Opening what a person has: JPEG files as their coefficients, PNG and WebP files through Pillow."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdct._extras import require
from fastdct._pictures import planes_from_pixels
from fastdct._sources import load, source_name
from fastdct.jpeg import DEFAULT_MAX_PIXELS, JpegImage, Source, read
from fastdct.reference.transform import Planes, planes

SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp"})
"""Lower-case endings of the names of files that can be opened."""


class PictureError(ValueError):
    """A PNG or WebP file that cannot be used; the message names the file and the cause."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture as coefficient planes.

    Attributes
    ----------
    planes
        What a `fastdct.Decoder` takes.
    converted_from
        ``"PNG"`` or ``"WebP"`` where pixels had to be transformed; None for a JPEG, whose coefficients are
        those of the file.
    warnings
        What the reader of the file found odd.
    """

    planes: Planes = field(repr=False)
    converted_from: str | None = None
    warnings: tuple[str, ...] = ()


def open_picture(source: Source | JpegImage | Planes, *, max_pixels: int = DEFAULT_MAX_PIXELS) -> Picture:
    """Read a picture, once.

    A PNG or WebP file (a path or a buffer) is turned into coefficients by the same 8×8 DCT, unquantised;
    transparent parts become white, and of an animation the first frame is taken.

    Raises
    ------
    JpegError
        The source is neither of the three formats, or a broken JPEG file.
    PictureError
        A broken PNG or WebP file, or one of more than ``max_pixels``.
    MissingExtraError
        Pillow is needed and is not installed.
    OSError
        The file cannot be read.
    """
    if isinstance(source, Planes):
        return Picture(source)
    if isinstance(source, JpegImage):
        return Picture(planes(source), warnings=source.warnings)
    kind = other_format(source)
    if kind is not None:
        rgb = _decode(source, kind, max_pixels=max_pixels)
        return Picture(planes_from_pixels(rgb), converted_from=kind)
    image = read(source, max_pixels=max_pixels)
    return Picture(planes(image), warnings=image.warnings)


def other_format(source: Source) -> str | None:
    """``"PNG"`` or ``"WebP"``, by the first bytes; None for all else, which is left to `fastdct.read` to judge."""
    if isinstance(source, str | os.PathLike):
        with Path(source).open("rb") as file:
            head = file.read(12)
    else:
        data: Any = load(source)
        head = bytes(memoryview(data)[:12])
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    return "WebP" if head[:4] == b"RIFF" and head[8:12] == b"WEBP" else None


def _decode(source: Source, kind: str, *, max_pixels: int) -> NDArray[np.uint8]:
    """RGB uint8 [H, W, 3], upright."""
    name, named = source_name(source), isinstance(source, str | os.PathLike)
    data: Any = source if named else load(source)
    pillow = require("PIL.Image", extra="images")
    try:
        with pillow.open(data if named else io.BytesIO(data)) as image:
            if image.width * image.height > max_pixels:
                raise PictureError(
                    f"{name}: {image.width} × {image.height} pixels are more than {max_pixels}"
                )
            return _rgb(require("PIL.ImageOps", extra="images").exif_transpose(image))
    except (OSError, SyntaxError, pillow.DecompressionBombError) as error:  # Pillow's words for a broken file
        raise PictureError(f"{name}: broken {kind} file: {error}") from error


def _rgb(image: Any) -> NDArray[np.uint8]:
    if image.mode.startswith("I"):  # 16 bits a sample, grey; Pillow would clip it
        grey = (np.asarray(image).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8)
        return np.repeat(grey[..., None], 3, axis=2)
    rgba = np.asarray(image.convert("RGBA")).astype(np.uint16)  # [H, W, 4]
    alpha = rgba[..., 3:]
    return ((rgba[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
