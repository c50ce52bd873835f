"""A picture as planes of coefficients: what every source becomes before geometry."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, cast

import numpy as np
from numpy.typing import DTypeLike, NDArray

from fastdct.jpeg import JpegImage

Floats = NDArray[np.floating[Any]]

# EXIF 2.32, tag 0x0112: upright = flips(transpose?(stored)), written (transpose, flip left-right, flip up-down).
ORIENTATIONS = {
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
        transpose = ORIENTATIONS[self.orientation][0]
        return (self.width, self.height) if transpose else (self.height, self.width)


def component_planes(image: JpegImage) -> tuple[Plane, ...]:
    """The components of an image, as they are."""
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
