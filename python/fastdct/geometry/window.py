"""A window of a picture, and sizes that keep its aspect."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Window:
    """A part of a picture, mirrored or not, that is scaled to the output size.

    Attributes
    ----------
    box
        Corners (x1, y1, x2, y2) in pixels of the upright picture, x1 < x2, y1 < y2; fractions are allowed.
    flip
        Mirror left and right.
    padded
        What lies outside the picture is black. Otherwise it is cut off.
    """

    box: Box
    flip: bool = False
    padded: bool = False

    def __post_init__(self) -> None:
        x1, y1, x2, y2 = self.box
        if not (-math.inf < x1 < x2 < math.inf and -math.inf < y1 < y2 < math.inf):
            raise ValueError(
                f"box {self.box} is empty; it needs finite corners (x1, y1, x2, y2), x1 < x2, y1 < y2"
            )

    def clipped(self, height: int, width: int) -> Window:
        """The part of this window that lies inside a picture of ``height`` × ``width`` pixels; all of it if padded.

        Raises
        ------
        ValueError
            No part of the window lies inside the picture.
        """
        x1, y1, x2, y2 = self.box
        box = (max(x1, 0.0), max(y1, 0.0), min(x2, float(width)), min(y2, float(height)))
        if box == self.box or self.padded:
            return self
        if not (box[0] < box[2] and box[1] < box[3]):
            raise ValueError(f"box {self.box} lies outside the picture of {width} × {height} pixels")
        return replace(self, box=box)

    def reaches_beyond(self, height: int, width: int) -> bool:
        """Whether a part of it lies outside a picture of ``height`` × ``width`` pixels."""
        x1, y1, x2, y2 = self.box
        return x1 < 0 or y1 < 0 or x2 > width or y2 > height


Rule = Callable[[int, int], Window]


def fit_size(height: float, width: float, *, area: float, multiple: int = 8) -> tuple[int, int]:
    """The output size (height, width) of about ``area`` pixels that keeps a picture's aspect.

    Sides are rounded to multiples of ``multiple`` and are at least one of them.

    Raises
    ------
    ValueError
        ``multiple`` is not a positive multiple of 8, or a side or the area is not positive.
    """
    if multiple <= 0 or multiple % 8:
        raise ValueError(f"multiple must be a positive multiple of 8, not {multiple}")
    if not (height > 0 and width > 0 and area > 0):
        raise ValueError(f"a picture of {width} × {height} pixels cannot be fitted to {area} pixels")
    scale = math.sqrt(area / (height * width))
    rows, columns = (max(1, round(side * scale / multiple)) * multiple for side in (height, width))
    return rows, columns
