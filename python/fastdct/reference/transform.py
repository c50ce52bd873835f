"""From the coefficients of a file to the coefficients of a model's input, and to pixels: the plain definition.

Y = A_v · X · A_hᵀ for every component, with the operators of `fastdct.reference.axis`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import DTypeLike, NDArray

from fastdct.geometry import Resize, Window
from fastdct.jpeg import JpegImage
from fastdct.reference.axis import DCT, Axis, Filter, operator
from fastdct.reference.colour import RGB_TO_YCBCR, convert
from fastdct.reference.pixels import full_size, joined, planes, planes_from_pixels, to_rgb
from fastdct.reference.planes import ORIENTATIONS, Floats, Plane, Planes

__all__ = ["Plane", "Planes", "pixels", "planes", "planes_from_pixels", "resample"]


def resample(
    picture: Planes,
    size: tuple[int, int],
    *,
    window: Window | None = None,
    filter: Filter = "triangle",
    own_grid: bool = False,
    dtype: DTypeLike = np.float64,
) -> Floats:
    """The window of a picture as coefficients of ``size``: [3, H/8, W/8, 8, 8], Y, Cb, Cr, upright.

    A value is a coefficient of the orthonormal 8×8 DCT of level-shifted samples. Chroma is brought to the grid
    of luma; grayscale has zero chroma; RGB is converted to YCbCr on coefficients.

    Parameters
    ----------
    size
        Output height and width in samples, multiples of 8.
    window
        In pixels of the upright picture, clipped to it; the whole picture if not given.
    filter
        Of the resampling: a key of `fastdct.reference.axis.FILTERS`.
    own_grid
        Resample every component from its own samples instead of upsampling it to the picture's pixels first.
    dtype
        Of the arithmetic and the result; operators are made in float64 and rounded to it.
    """
    upright = picture.upright_size
    chosen = (window or Resize()(*upright)).clipped(*upright)
    place = _Place(size, chosen, filter, own_grid)
    resampled = np.stack([_resample_plane(picture, plane, place, dtype) for plane in picture.planes])
    if picture.color_space == "grayscale":
        resampled = np.concatenate([resampled, np.zeros_like(resampled, shape=(2, *size))])
    elif picture.color_space == "RGB":
        resampled = convert(RGB_TO_YCBCR, resampled)
    return resampled.reshape(3, size[0] // 8, 8, size[1] // 8, 8).transpose(0, 1, 3, 2, 4)


@dataclass(frozen=True)
class _Place:
    """Where a window of the upright picture goes, and how."""

    size: tuple[int, int]
    window: Window
    filter: Filter
    own_grid: bool


def _resample_plane(picture: Planes, plane: Plane, place: _Place, dtype: DTypeLike) -> Floats:
    transpose, flip_x, flip_y = ORIENTATIONS[picture.orientation]
    height, width = picture.upright_size
    down, across = reversed(plane.subsampling) if transpose else plane.subsampling
    x1, y1, x2, y2 = place.window.box
    rows = _axis(height, (y1, y2), place.size[0], down, place, stored=flip_y, wanted=False)
    columns = _axis(width, (x1, x2), place.size[1], across, place, stored=flip_x, wanted=place.window.flip)
    vertical, horizontal = operator(rows), operator(columns)
    if transpose:
        values = plane.dequantised(horizontal.columns, vertical.columns, dtype).T
    else:
        values = plane.dequantised(vertical.columns, horizontal.columns, dtype)
    return horizontal.apply(vertical.apply(values).T).T


def _axis(
    size: int,
    part: tuple[float, float],
    output_size: int,
    subsampling: Fraction,
    place: _Place,
    *,
    stored: bool,
    wanted: bool,
) -> Axis:
    # A stored mirror image is read from its other end; it is then mirrored unless a mirror is wanted as well.
    start, stop = (size - part[1], size - part[0]) if stored else part
    reverse = stored != wanted
    if not place.own_grid:
        return Axis(size, start, stop, output_size, subsampling, reverse, place.filter)
    ratio = float(subsampling)
    samples = math.ceil(size / subsampling)
    return Axis(samples, start / ratio, stop / ratio, output_size, Fraction(1), reverse, place.filter)


def pixels(
    image: JpegImage, *, size: tuple[int, int] | None = None, window: Window | None = None
) -> NDArray[np.uint8]:
    """RGB uint8 [H, W, 3], upright: for people and for baselines, never on the way to a model's input.

    Without ``size`` and ``window`` this is the full decode, as libjpeg-turbo's to ±1 on 98 % of the values:
    components are rounded and clamped to 0..255 before chroma is upsampled. With them it is the inverse DCT of
    `resample`; ``size`` then is a pair of multiples of 8.
    """
    if size is None and window is None:
        return full_size(image)
    picture = planes(image)
    if size is None:
        raise ValueError("a window needs the size it is to be scaled to: give size=(height, width)")
    blocks = DCT.T @ resample(picture, size, window=window) @ DCT  # [3, Hb, Wb, 8, 8]
    return to_rgb(joined(blocks))
