"""A whole file as pixels: for people and for baselines, never on the way to a model's input."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fastdct import _C
from fastdct._pictures import Picture, decode_rgb, open_source, picture_name
from fastdct.jpeg import DEFAULT_MAX_PIXELS, JpegError


def read_pixels(
    source: Picture, /, *, upright: bool = True, max_pixels: int = DEFAULT_MAX_PIXELS
) -> NDArray[np.uint8]:
    """Decode a JPEG file to RGB, uint8 [H, W, 3], as libjpeg-turbo does: to ±1 on 98 % of the values, ±3 on all.

    A window of it, at any size, is what ``Decoder(size, output="rgb")`` gives.

    Parameters
    ----------
    source
        A path, a buffer, or an image already read.
    upright
        Apply the EXIF orientation.
    max_pixels
        A larger picture is an error.

    Raises
    ------
    JpegError
        The source cannot be read, or its colours have no known meaning.
    """
    native, (height, width) = open_source(source, upright=upright, max_pixels=max_pixels)
    if height * width > max_pixels:
        raise JpegError(
            picture_name(source), f"{width} × {height} pixels are more than max_pixels={max_pixels}"
        )
    try:
        return decode_rgb(native, (height, width), upright=upright, max_pixels=max_pixels)
    except _C.JpegError as error:
        raise JpegError(picture_name(source), str(error)) from None
