"""Rules that compose: each sees the picture as the one before it left it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fastdct.geometry.window import Box, Window

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class View:
    """A window of a picture as the next rule sees it: scaled to ``height`` × ``width`` pixels, perhaps mirrored.

    Nothing is scaled until the decoder does it, once and to its own size. The size here is only the unit in which
    later rules count, so that ``Resize(256)`` then ``CenterCrop(224)`` means what it means in torchvision.
    """

    window: Window
    height: int
    width: int

    @classmethod
    def whole(cls, height: int, width: int) -> View:
        """The whole of a picture."""
        return cls(Window((0.0, 0.0, float(width), float(height))), height, width)

    def resized(self, height: int, width: int) -> View:
        """The same window in other units."""
        return View(self.window, height, width)

    def cropped(self, box: Box) -> View:
        """The part inside ``box``, whose corners are whole pixels of this view."""
        left, top, right, bottom = box
        if self.window.flip:  # the window's own x runs the other way
            left, right = self.width - right, self.width - left
        x1, y1, x2, y2 = self.window.box
        across, down = (x2 - x1) / self.width, (y2 - y1) / self.height
        part = (x1 + left * across, y1 + top * down, x1 + right * across, y1 + bottom * down)
        return View(replace(self.window, box=part), round(bottom - top), round(right - left))

    def padded(self) -> View:
        """The same, but that what lies outside the picture is black."""
        return replace(self, window=replace(self.window, padded=True))

    def flipped(self) -> View:
        """The mirror image."""
        return View(replace(self.window, flip=not self.window.flip), self.height, self.width)


class Transform(ABC):
    """A rule that composes. Random ones draw from ``generator``, else from their own, else from torch's default.

    torch's default generator differs between the workers and epochs of a `torch.utils.data.DataLoader`; a generator
    of one's own is copied into every worker, where the copies draw alike.
    """

    @abstractmethod
    def apply(self, view: View, generator: torch.Generator | None = None) -> View:
        """The view that comes out of ``view``."""

    def __call__(self, height: int, width: int, *, generator: torch.Generator | None = None) -> Window:
        """The window of a picture of ``height`` × ``width`` pixels."""
        return self.apply(View.whole(height, width), generator).window


@dataclass(frozen=True)
class Compose(Transform):
    """Rules one after the other.

    >>> Compose([RandomResizedCrop(), RandomHorizontalFlip()])  # doctest: +SKIP
    """

    transforms: Sequence[Transform]

    def apply(self, view: View, generator: torch.Generator | None = None) -> View:
        """The view that comes out of ``view``."""
        for transform in self.transforms:
            view = transform.apply(view, generator)
        return view
