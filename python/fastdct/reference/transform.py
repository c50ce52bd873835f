"""From the coefficients of a file to the coefficients of a model's input, and to pixels: the plain definition.

Y = A_v · X · A_hᵀ for every component, with the operators of `fastdct.reference.axis`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, cast

import numpy as np
from numpy.typing import DTypeLike, NDArray

from fastdct.geometry import Resize, Window
from fastdct.jpeg import JpegError, JpegImage
from fastdct.reference.axis import DCT, Axis, Filter, Float64, operator, upsampling
from fastdct.reference.colour import RGB_TO_YCBCR, YCBCR_TO_RGB, cmyk_to_rgb, convert

Floats = NDArray[np.floating[Any]]

# EXIF 2.32, tag 0x0112: upright = flips(transpose?(stored)), written (transpose, flip left-right, flip up-down).
_ORIENTATIONS = {
    1: (False, False, False),
    2: (False, True, False),
    3: (False, True, True),
    4: (False, False, True),
    5: (True, False, False),
    6: (True, True, False),
    7: (True, True, True),
    8: (True, False, True),
}


@dataclass(frozen=True)
class Plane:
    """One component: blocks to be multiplied by a quantization table.

    Attributes
    ----------
    blocks
        [Hb, Wb, 8, 8], natural order: quantised int16, or floats where they never were quantised.
    quantization
        [8, 8], the step of each frequency.
    subsampling
        Pixels of the picture to one sample, (vertical, horizontal).
    """

    blocks: NDArray[Any]
    quantization: NDArray[Any]
    subsampling: tuple[Fraction, Fraction] = (Fraction(1), Fraction(1))

    def dequantised(self, rows: slice, columns: slice, dtype: DTypeLike) -> Floats:
        """The coefficient plane [rows, columns] as one matrix; both slices are of whole blocks."""
        vertical, horizontal = (slice(part.start // 8, part.stop // 8) for part in (rows, columns))
        blocks = self.blocks[vertical, horizontal] * self.quantization.astype(dtype)  # [Hb, Wb, 8, 8]
        height, width = 8 * blocks.shape[0], 8 * blocks.shape[1]
        return cast(Floats, blocks.transpose(0, 2, 1, 3).reshape(height, width))


@dataclass(frozen=True)
class Planes:
    """A picture as coefficient planes: what every source becomes before geometry.

    Attributes
    ----------
    height, width
        Size as stored, before orientation, in pixels.
    color_space
        ``"YCbCr"`` or ``"RGB"`` with three planes, ``"grayscale"`` with one.
    planes
        The components.
    orientation
        EXIF orientation 1..8 that makes the picture upright.
    """

    height: int
    width: int
    color_space: str
    planes: tuple[Plane, ...]
    orientation: int = 1

    @property
    def upright_size(self) -> tuple[int, int]:
        """Height and width with the orientation applied."""
        transpose = _ORIENTATIONS[self.orientation][0]
        return (self.width, self.height) if transpose else (self.height, self.width)


def planes(image: JpegImage) -> Planes:
    """The coefficient planes of an image that was read.

    CMYK and YCCK are converted to RGB through pixels, since mixing inks is a product and so not linear.

    Raises
    ------
    JpegError
        The image's number of components or colour space has no known meaning as colour.
    """
    if image.color_space in ("CMYK", "YCCK"):
        return planes_from_pixels(cmyk_to_rgb(_cmyk(image)), orientation=image.orientation)
    if image.color_space not in ("YCbCr", "RGB", "grayscale"):
        raise JpegError(
            "<image>",
            f"colour space {image.color_space} with {len(image.components)} components has no known colours; "
            "accepted are grayscale, YCbCr, RGB, CMYK and YCCK",
        )
    return Planes(image.height, image.width, image.color_space, _component_planes(image), image.orientation)


def _component_planes(image: JpegImage) -> tuple[Plane, ...]:
    largest_h = max(component.sampling[0] for component in image.components)
    largest_v = max(component.sampling[1] for component in image.components)
    return tuple(
        Plane(
            component.coefficients,
            component.quantization,
            (Fraction(largest_v, component.sampling[1]), Fraction(largest_h, component.sampling[0])),
        )
        for component in image.components
    )


def planes_from_pixels(rgb: NDArray[np.uint8], *, orientation: int = 1) -> Planes:
    """The coefficient planes, never quantised, of RGB pixels uint8 [H, W, 3].

    Raises
    ------
    ValueError
        The array is not uint8 [H, W, 3] with at least one pixel.
    """
    if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.size == 0:
        raise ValueError(f"RGB pixels are uint8 [H, W, 3], not {rgb.dtype} {list(rgb.shape)}")
    height, width = rgb.shape[:2]
    ycbcr = convert(RGB_TO_YCBCR, np.moveaxis(rgb, 2, 0).astype(np.float64) - 128)  # [3, H, W]
    padded = np.pad(ycbcr, ((0, 0), (0, -height % 8), (0, -width % 8)), mode="edge")
    blocks = padded.reshape(3, padded.shape[1] // 8, 8, -1, 8).transpose(0, 1, 3, 2, 4)
    coefficients = DCT @ blocks @ DCT.T  # [3, Hb, Wb, 8, 8]
    ones = np.ones((8, 8))
    return Planes(height, width, "YCbCr", tuple(Plane(plane, ones) for plane in coefficients), orientation)


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
    transpose, flip_x, flip_y = _ORIENTATIONS[picture.orientation]
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
        return _full_size(image)
    picture = planes(image)
    if size is None:
        raise ValueError("a window needs the size it is to be scaled to: give size=(height, width)")
    blocks = DCT.T @ resample(picture, size, window=window) @ DCT  # [3, Hb, Wb, 8, 8]
    return _to_rgb(_join(blocks))


def _full_size(image: JpegImage) -> NDArray[np.uint8]:
    if image.color_space in ("CMYK", "YCCK"):
        rgb = cmyk_to_rgb(_cmyk(image))
    elif image.color_space == "grayscale":
        rgb = np.repeat(_component_pixels(image).astype(np.uint8), 3, axis=0).transpose(1, 2, 0)
    elif image.color_space == "RGB":
        rgb = np.round(_component_pixels(image)).astype(np.uint8).transpose(1, 2, 0)
    else:
        rgb = _to_rgb(_component_pixels(image) - 128)
    transpose, flip_x, flip_y = _ORIENTATIONS[image.orientation]
    upright = rgb.transpose(1, 0, 2) if transpose else rgb
    return np.ascontiguousarray(upright[:: -1 if flip_y else 1, :: -1 if flip_x else 1])


def _component_pixels(image: JpegImage) -> Float64:
    """Samples [components, H, W] in 0..255, every component brought to the picture's grid."""
    return np.stack([_upsampled(plane, image.height, image.width) for plane in _component_planes(image)])


def _upsampled(plane: Plane, height: int, width: int) -> Float64:
    blocks = DCT.T @ (plane.blocks * plane.quantization.astype(np.float64)) @ DCT  # [Hb, Wb, 8, 8]
    samples: Float64 = np.clip(np.round(_join(blocks[None])[0] + 128), 0, 255)
    for axis, size in enumerate((height, width)):
        factor = plane.subsampling[axis]
        component_size = -(-size * factor.denominator // factor.numerator)
        taps = upsampling(np.arange(size), factor, component_size)
        samples = np.sum([np.take(samples, index, axis=axis) * share for index, share in taps], axis=0)
    return samples


def _join(blocks: NDArray[Any]) -> NDArray[Any]:
    """Blocks [C, Hb, Wb, 8, 8] to planes [C, 8 Hb, 8 Wb]."""
    count, rows, columns = blocks.shape[:3]
    return blocks.transpose(0, 1, 3, 2, 4).reshape(count, 8 * rows, 8 * columns)


def _to_rgb(ycbcr: Floats) -> NDArray[np.uint8]:
    """RGB uint8 [H, W, 3] of level-shifted YCbCr [3, H, W]."""
    rgb = convert(YCBCR_TO_RGB, ycbcr) + 128
    return np.clip(np.round(rgb), 0, 255).astype(np.uint8).transpose(1, 2, 0)


def _cmyk(image: JpegImage) -> NDArray[np.uint8]:
    """CMYK uint8 [H, W, 4] as stored; YCCK is CMY as RGB of YCbCr, inverted (Adobe Technical Note 5116)."""
    samples = _component_pixels(image)
    if image.color_space == "YCCK":
        samples[:3] = 255 - _to_rgb(samples[:3] - 128).transpose(2, 0, 1)
    return np.round(samples).astype(np.uint8).transpose(1, 2, 0)
