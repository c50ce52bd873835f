"""Sources of every kind as the core takes them: bytes of a file, or planes of coefficients."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdct import _C, _native
from fastdct._sources import Bytes, load, source_name
from fastdct.geometry import Window
from fastdct.jpeg import JpegError, JpegImage, Source, read
from fastdct.reference.transform import Plane, Planes, planes

Picture = Source | JpegImage | Planes

# These orientations turn the picture on its side (EXIF 2.32, tag 0x0112).
_TRANSPOSING = (5, 6, 7, 8)


def picture_name(source: Picture) -> str:
    """Name a source in messages."""
    return "<image>" if isinstance(source, JpegImage | Planes) else source_name(source)


def open_source(source: Picture, *, upright: bool, max_pixels: int) -> tuple[Any, tuple[int, int]]:
    """What the core takes of a source, its bytes or a picture, and the height and width that windows are in.

    Raises
    ------
    JpegError
        The source cannot be read, or its colours have no known meaning.
    """
    if not isinstance(source, JpegImage | Planes):
        data = load(source)
        header = _probe(data, source)
        if header.color_space in ("YCbCr", "RGB", "grayscale"):
            turned = upright and header.orientation in _TRANSPOSING
            height, width = header.height, header.width
            return data, (width, height) if turned else (height, width)
        source = read(source, max_pixels=max_pixels)  # inks are mixed through pixels
    picture = source if isinstance(source, Planes) else planes(source)
    size = picture.upright_size if upright else (picture.height, picture.width)
    return _native.native_picture(picture, upright=upright), size


def _probe(data: Bytes, source: Source) -> _C.JpegHeader:
    try:
        return _C.probe_jpeg(data)
    except _C.JpegError as error:
        raise JpegError(source_name(source), str(error)) from None


def decode_rgb(native: Any, size: tuple[int, int], *, upright: bool, max_pixels: int) -> NDArray[np.uint8]:
    """The pixels uint8 [H, W, 3] of what `open_source` gave, and its size.

    Raises
    ------
    _C.JpegError
        The file is damaged.
    """
    rgb = np.empty((*size, 3), dtype=np.uint8)
    _C.decode_pixels(native, rgb=rgb.ctypes.data, max_pixels=max_pixels, upright=upright)
    return rgb


def padded_picture(rgb: NDArray[np.uint8], window: Window) -> tuple[Any, Window]:
    """A picture of a padded window alone, black outside ``rgb`` [H, W, 3], and the window in it."""
    height, width = rgb.shape[:2]
    x1, y1, x2, y2 = window.box
    left, top = math.floor(x1), math.floor(y1)
    part = np.zeros((math.ceil(y2) - top, math.ceil(x2) - left, 3), dtype=np.uint8)
    inside = rgb[max(top, 0) : min(top + len(part), height), max(left, 0) : min(left + part.shape[1], width)]
    row, column = max(-top, 0), max(-left, 0)
    part[row : row + inside.shape[0], column : column + inside.shape[1]] = inside
    moved = replace(window, box=(x1 - left, y1 - top, x2 - left, y2 - top))
    return _native.native_picture(planes_from_pixels(part), upright=True), moved


def planes_from_pixels(rgb: NDArray[np.uint8]) -> Planes:
    """The coefficient planes, never quantised, of RGB pixels uint8 [H, W, 3].

    `fastdct.reference.transform.planes_from_pixels` in float32: to 1e-6 of the largest coefficient.

    Raises
    ------
    ValueError
        The array is not uint8 [H, W, 3] with at least one pixel.
    """
    if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.size == 0:
        raise ValueError(f"RGB pixels are uint8 [H, W, 3], not {rgb.dtype} {list(rgb.shape)}")
    height, width = rgb.shape[:2]
    ones = np.ones((8, 8))
    blocks = _C.coefficients_of(np.ascontiguousarray(rgb))  # [3, Hb, Wb, 8, 8]
    return Planes(height, width, "YCbCr", tuple(Plane(plane, ones) for plane in blocks))
