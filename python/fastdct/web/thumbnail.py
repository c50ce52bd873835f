"""Thumbnails for people, made from coefficients: scaled, requantised and written without pixels."""

from __future__ import annotations

import numpy as np

from fastdct.decoder import Decoder
from fastdct.jpeg import JpegComponent, JpegImage, write
from fastdct.reference.transform import Planes, planes

# ITU-T T.81, tables K.1 and K.2 (quality 50), natural order.
_LUMA_STEPS = (
    "16 11 10 16 24 40 51 61 12 12 14 19 26 58 60 55 14 13 16 24 40 57 69 56 14 17 22 29 51 87 80 62 "
    "18 22 37 56 68 109 103 77 24 35 55 64 81 104 113 92 49 64 78 87 103 121 120 101 72 92 95 98 112 100 103 99"
)
_CHROMA_STEPS = (
    "17 18 24 47 99 99 99 99 18 21 26 66 99 99 99 99 24 26 56 99 99 99 99 99 47 66 99 99 99 99 99 99 "
    + "99 " * 32
)
_QUALITY_SCALE = 0.4  # libjpeg's linear scale for quality 80: (200 - 2 * 80) / 100


def thumbnail(image: JpegImage | Planes, *, max_side: int = 160) -> bytes:
    """A small upright JPEG (4:4:4, about quality 80) whose longer side is at most ``max_side`` pixels.

    Sides are rounded to whole 8×8 blocks, so that the aspect can be off by up to four pixels.

    Raises
    ------
    ValueError
        ``max_side`` is under 8 pixels.
    """
    if max_side < 8:
        raise ValueError(f"a thumbnail is at least one block of 8 pixels wide, not {max_side}")
    picture = image if isinstance(image, Planes) else planes(image)
    height, width = picture.upright_size
    scale = min(max_side / max(height, width), 1.0)
    size = tuple(max(1, round(side * scale / 8)) * 8 for side in (height, width))
    channels = Decoder((size[0], size[1]), channels=192).decode(picture)  # [192, Hb, Wb]
    blocks = channels.reshape(3, 8, 8, *channels.shape[1:]).transpose(0, 3, 4, 1, 2)  # [3, Hb, Wb, 8, 8]
    components = []
    for plane, steps in zip(blocks, (_LUMA_STEPS, _CHROMA_STEPS, _CHROMA_STEPS), strict=True):
        table = np.maximum(np.round(np.array(steps.split(), dtype=float) * _QUALITY_SCALE), 1).reshape(8, 8)
        # Resampling may overshoot the range of samples; a writable coefficient stays inside ±1023.
        quantised = np.clip(np.round(plane / table), -1023, 1023).astype(np.int16)
        components.append(JpegComponent(quantised, table.astype(np.uint16), (1, 1)))
    return write(JpegImage(size[0], size[1], "4:4:4", "YCbCr", 1, tuple(components)))
