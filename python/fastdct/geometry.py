"""Windows: which part of a picture becomes a model's input, and of what size.

Coordinates are pixels of the upright picture (EXIF orientation applied), x to the right, y down; pixel ``i``
covers ``[i, i + 1)``. A rule is any callable ``rule(height, width) -> Window``; it knows only the header.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

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
    """

    box: Box
    flip: bool = False

    def __post_init__(self) -> None:
        x1, y1, x2, y2 = self.box
        if not all(map(math.isfinite, self.box)) or not (x1 < x2 and y1 < y2):
            raise ValueError(
                f"box {self.box} is empty; it needs finite corners (x1, y1, x2, y2), x1 < x2, y1 < y2"
            )

    def clipped(self, height: int, width: int) -> Window:
        """The part of this window that lies inside a picture of ``height`` × ``width`` pixels.

        Raises
        ------
        ValueError
            No part of the window lies inside the picture.
        """
        x1, y1, x2, y2 = self.box
        box = (max(x1, 0.0), max(y1, 0.0), min(x2, float(width)), min(y2, float(height)))
        if not (box[0] < box[2] and box[1] < box[3]):
            raise ValueError(f"box {self.box} lies outside the picture of {width} × {height} pixels")
        return Window(box, self.flip)


Rule = Callable[[int, int], Window]


@dataclass(frozen=True)
class Resize:
    """The whole picture, squeezed to the output size whatever its aspect."""

    def __call__(self, height: int, width: int) -> Window:
        """The window of a picture of ``height`` × ``width`` pixels."""
        return Window((0.0, 0.0, float(width), float(height)))


@dataclass(frozen=True)
class CenterCrop:
    """The central part whose sides are ``fraction`` of the picture's shorter side, as a square."""

    fraction: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.fraction <= 1:
            raise ValueError(f"fraction must be in (0, 1], not {self.fraction}")

    def __call__(self, height: int, width: int) -> Window:
        """The window of a picture of ``height`` × ``width`` pixels."""
        side = self.fraction * min(height, width)
        left, top = (width - side) / 2, (height - side) / 2
        return Window((left, top, left + side, top + side))


class RandomResizedCrop:
    """A random part of random area and aspect, mirrored with a given chance.

    The area is a uniform fraction of the picture's, the aspect (width / height) log-uniform; ten draws that do
    not fit are followed by the largest central part of an allowed aspect: torchvision's rule of the same name
    (Szegedy et al., "Going Deeper with Convolutions", section 6).

    Parameters
    ----------
    scale
        Range of the area as a fraction of the picture's, in (0, 1].
    ratio
        Range of the aspect width / height.
    flip
        Chance of mirroring, in [0, 1].
    seed
        Seed of the draws: two samplers of one seed give the same windows.
    """

    def __init__(
        self,
        *,
        scale: tuple[float, float] = (0.08, 1.0),
        ratio: tuple[float, float] = (3 / 4, 4 / 3),
        flip: float = 0.5,
        seed: int = 0,
    ) -> None:
        if not 0 < scale[0] <= scale[1] <= 1:
            raise ValueError(f"scale must be a range inside (0, 1], not {scale}")
        if not 0 < ratio[0] <= ratio[1]:
            raise ValueError(f"ratio must be a range of positive aspects, not {ratio}")
        if not 0 <= flip <= 1:
            raise ValueError(f"flip is a chance in [0, 1], not {flip}")
        self.scale, self.ratio, self.flip = scale, ratio, flip
        self._random = np.random.default_rng(seed)

    def __call__(self, height: int, width: int) -> Window:
        """Draw the next window of a picture of ``height`` × ``width`` pixels."""
        flip = bool(self._random.random() < self.flip)
        for _ in range(10):
            area = height * width * self._random.uniform(*self.scale)
            aspect = math.exp(self._random.uniform(math.log(self.ratio[0]), math.log(self.ratio[1])))
            w, h = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
            if 0 < w <= width and 0 < h <= height:
                left = int(self._random.integers(width - w + 1))
                top = int(self._random.integers(height - h + 1))
                return Window((float(left), float(top), float(left + w), float(top + h)), flip)
        return Window(self._largest_central(height, width), flip)

    def _largest_central(self, height: int, width: int) -> Box:
        aspect = min(max(width / height, self.ratio[0]), self.ratio[1])
        w, h = min(float(width), height * aspect), min(float(height), width / aspect)
        left, top = (width - w) / 2, (height - h) / 2
        return (left, top, left + w, top + h)


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
