"""Colour conversions of JPEG; linear, so they hold for values and for coefficients alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# JFIF 1.02, "Conversion to and from RGB". All values are level-shifted (x - 128), so that no offset remains.
RGB_TO_YCBCR: NDArray[np.float64] = np.array(
    [
        [0.299, 0.587, 0.114],
        [-0.299 / 1.772, -0.587 / 1.772, 0.886 / 1.772],
        [0.701 / 1.402, -0.587 / 1.402, -0.114 / 1.402],
    ]
)
YCBCR_TO_RGB: NDArray[np.float64] = np.linalg.inv(RGB_TO_YCBCR).astype(np.float64)


def convert(matrix: NDArray[np.float64], planes: NDArray[np.floating]) -> NDArray[np.floating]:
    """``matrix`` [3, 3] applied to the three planes [3, …] of level-shifted values or of coefficients."""
    return np.tensordot(matrix.astype(planes.dtype), planes, axes=1)


def cmyk_to_rgb(cmyk: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """RGB uint8 [H, W, 3] of CMYK uint8 [H, W, 4] as JPEG files hold it: inverted, 255 = no ink.

    Adobe's applications store CMYK inverted and every reader assumes so (Pillow and libjpeg's users alike).
    Naive subtractive mixing: R = C · K / 255 of the inverted values; no ICC profile is applied.
    """
    ink = cmyk.astype(np.uint32)
    rgb = (ink[..., :3] * ink[..., 3:] + 127) // 255
    return rgb.astype(np.uint8)
