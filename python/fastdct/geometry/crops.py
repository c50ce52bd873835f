"""Rules without chance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastdct.geometry.transform import Transform, View
from fastdct.geometry.window import Window, fit_size

if TYPE_CHECKING:
    import torch

Size = int | tuple[int, int]


def checked_sides(size: Size, name: str) -> tuple[int, int]:
    """(height, width) of a square's side or of a pair.

    Raises
    ------
    ValueError
        A side is not positive.
    """
    height, width = (size, size) if isinstance(size, int) else size
    if height < 1 or width < 1:
        raise ValueError(f"{name}: sides must be positive, not {size}")
    return height, width


@dataclass(frozen=True)
class Resize(Transform):
    """The whole picture, counted in other pixels from here on.

    Attributes
    ----------
    size
        (height, width), or the shorter side, the longer one following; None leaves the picture's own.
    max_size
        Bound of the longer side, with a single ``size``.
    """

    size: Size | None = None
    max_size: int | None = None

    def __post_init__(self) -> None:
        if self.size is not None:
            checked_sides(self.size, "Resize")
        if self.max_size is not None and (not isinstance(self.size, int) or self.max_size <= self.size):
            raise ValueError(
                f"Resize: max_size bounds the longer side of a single size and must exceed it; "
                f"size is {self.size}, max_size {self.max_size}"
            )

    def apply(self, view: View, generator: torch.Generator | None = None) -> View:
        """The same window in the new units."""
        return view.resized(*self._output_size(view.height, view.width))

    def _output_size(self, height: int, width: int) -> tuple[int, int]:
        """As torchvision's functional ``resize`` has it, which rounds the longer side down."""
        if self.size is None:
            return height, width
        if not isinstance(self.size, int):
            return self.size
        short, long = self.size, max(1, int(self.size * max(height, width) / min(height, width)))
        if self.max_size is not None and long > self.max_size:
            short, long = max(1, int(self.max_size * short / long)), self.max_size
        return (short, long) if height <= width else (long, short)


@dataclass(frozen=True)
class CenterCrop(Transform):
    """The central part of ``size`` pixels: (height, width), or the side of a square.

    As in torchvision, a part larger than the picture has a black margin. A margin is made of pixels: such a window,
    and no other, is decoded to RGB and transformed back.
    """

    size: Size

    def __post_init__(self) -> None:
        checked_sides(self.size, "CenterCrop")

    def apply(self, view: View, generator: torch.Generator | None = None) -> View:
        """The central part of ``view``."""
        height, width = checked_sides(self.size, "CenterCrop")
        larger = height > view.height or width > view.width
        return (view.padded() if larger else view).cropped(_center(view, height, width))


@dataclass(frozen=True)
class FiveCrop:
    """The four corners and the centre, in torchvision's order: top left, top right, bottom left, bottom right, centre.

    ``before`` is what the picture goes through first, such as ``Resize(256)``. Decode the windows of a picture with
    ``decoder([image] * 5, windows=five(height, width))``.
    """

    size: Size
    before: Transform = Resize()

    def __post_init__(self) -> None:
        checked_sides(self.size, "FiveCrop")

    def __call__(
        self, height: int, width: int, *, generator: torch.Generator | None = None
    ) -> tuple[Window, Window, Window, Window, Window]:
        """The five windows of a picture of ``height`` × ``width`` pixels."""
        view = self.before.apply(View.whole(height, width), generator)
        rows, columns = crop_sides(self.size, view, "FiveCrop")
        right, bottom = view.width - columns, view.height - rows

        def window(left: int, top: int) -> Window:
            return view.cropped((left, top, left + columns, top + rows)).window

        center = view.cropped(_center(view, rows, columns)).window
        return window(0, 0), window(right, 0), window(0, bottom), window(right, bottom), center


@dataclass(frozen=True)
class ScalePyramid:
    """Sizes of one picture at several scales, for decoders of one window.

    Attributes
    ----------
    area
        Pixels of the output at scale 1, about.
    scales
        Sides relative to scale 1; those of Temburwar et al., section 3, by default.
    multiple
        Sides are rounded to multiples of it.
    """

    area: float
    scales: tuple[float, ...] = (math.sqrt(0.5), 1.0, math.sqrt(2.0))
    multiple: int = 8

    def __post_init__(self) -> None:
        if not self.scales or min(self.scales) <= 0:
            raise ValueError(f"ScalePyramid: scales must be positive, and at least one, not {self.scales}")

    def __call__(self, height: float, width: float) -> tuple[tuple[int, int], ...]:
        """The output size (height, width) of every scale, for a window of ``height`` × ``width`` pixels."""
        return tuple(
            fit_size(height, width, area=self.area * scale**2, multiple=self.multiple)
            for scale in self.scales
        )


def crop_sides(size: Size, view: View, name: str) -> tuple[int, int]:
    """(height, width) of a crop that must fit into ``view``."""
    height, width = checked_sides(size, name)
    if height > view.height or width > view.width:
        raise ValueError(
            f"{name}: {width} × {height} pixels do not fit into {view.width} × {view.height}; put Resize before"
        )
    return height, width


def _center(view: View, height: int, width: int) -> tuple[int, int, int, int]:
    top, left = _margin(view.height, height), _margin(view.width, width)
    return left, top, left + width, top + height


def _margin(size: int, part: int) -> int:
    """As torchvision's functional ``center_crop`` has it: halves go to the even side, those of padding down."""
    return round((size - part) / 2) if part <= size else -((part - size) // 2)
