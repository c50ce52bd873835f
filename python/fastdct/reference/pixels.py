"""Pixels of an image, and the coefficients of pixels: the plain definitions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdct.jpeg import JpegError, JpegImage
from fastdct.reference.axis import DCT, Float64, upsampling
from fastdct.reference.colour import RGB_TO_YCBCR, YCBCR_TO_RGB, cmyk_to_rgb, convert
from fastdct.reference.planes import ORIENTATIONS, Floats, Plane, Planes, component_planes


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
    return Planes(image.height, image.width, image.color_space, component_planes(image), image.orientation)


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


def full_size(image: JpegImage) -> NDArray[np.uint8]:
    """RGB uint8 [H, W, 3], upright, as libjpeg-turbo decodes it."""
    if image.color_space in ("CMYK", "YCCK"):
        rgb = cmyk_to_rgb(_cmyk(image))
    elif image.color_space == "grayscale":
        rgb = np.repeat(_component_pixels(image).astype(np.uint8), 3, axis=0).transpose(1, 2, 0)
    elif image.color_space == "RGB":
        rgb = np.round(_component_pixels(image)).astype(np.uint8).transpose(1, 2, 0)
    else:
        rgb = to_rgb(_component_pixels(image) - 128)
    transpose, flip_x, flip_y = ORIENTATIONS[image.orientation]
    upright = rgb.transpose(1, 0, 2) if transpose else rgb
    return np.ascontiguousarray(upright[:: -1 if flip_y else 1, :: -1 if flip_x else 1])


def _component_pixels(image: JpegImage) -> Float64:
    """Samples [components, H, W] in 0..255, every component brought to the picture's grid."""
    return np.stack([_upsampled(plane, image.height, image.width) for plane in component_planes(image)])


def _upsampled(plane: Plane, height: int, width: int) -> Float64:
    blocks = DCT.T @ (plane.blocks * plane.quantization.astype(np.float64)) @ DCT  # [Hb, Wb, 8, 8]
    samples: Float64 = np.clip(np.round(joined(blocks[None])[0] + 128), 0, 255)
    for axis, size in enumerate((height, width)):
        factor = plane.subsampling[axis]
        component_size = -(-size * factor.denominator // factor.numerator)
        taps = upsampling(np.arange(size), factor, component_size)
        samples = np.sum([np.take(samples, index, axis=axis) * share for index, share in taps], axis=0)
    return samples


def joined(blocks: NDArray[Any]) -> NDArray[Any]:
    """Blocks [C, Hb, Wb, 8, 8] to planes [C, 8 Hb, 8 Wb]."""
    count, rows, columns = blocks.shape[:3]
    return blocks.transpose(0, 1, 3, 2, 4).reshape(count, 8 * rows, 8 * columns)


def to_rgb(ycbcr: Floats) -> NDArray[np.uint8]:
    """RGB uint8 [H, W, 3] of level-shifted YCbCr [3, H, W]."""
    rgb = convert(YCBCR_TO_RGB, ycbcr) + 128
    return np.clip(np.round(rgb), 0, 255).astype(np.uint8).transpose(1, 2, 0)


def _cmyk(image: JpegImage) -> NDArray[np.uint8]:
    """CMYK uint8 [H, W, 4] as stored; YCCK is CMY as RGB of YCbCr, inverted (Adobe Technical Note 5116)."""
    samples = _component_pixels(image)
    if image.color_space == "YCCK":
        samples[:3] = 255 - to_rgb(samples[:3] - 128).transpose(2, 0, 1)
    return np.round(samples).astype(np.uint8).transpose(1, 2, 0)
