"""Rules of chance, drawn as torchvision draws them: of one generator's state both make the same windows."""

from __future__ import annotations

import math
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from fastdct._extras import require
from fastdct.geometry.crops import Size, checked_sides, crop_sides
from fastdct.geometry.transform import Transform, View

if TYPE_CHECKING:
    import torch

_NUM_TRIES = 10


@cache
def _torch() -> Any:
    return require("torch", extra="torch")


class RandomResizedCrop(Transform):
    """A random part of random area and aspect.

    The area is a uniform fraction of the picture's, the aspect (width / height) log-uniform; ten draws that do not fit
    are followed by the largest central part of an allowed aspect (Szegedy et al., "Going Deeper with Convolutions",
    section 6, as torchvision's ``RandomResizedCrop`` has it).

    Parameters
    ----------
    size
        Units of the rules that follow, not of the output, which is the decoder's; the crop's own pixels if not given.
    scale
        Range of the area as a fraction of the picture's, in (0, 1].
    ratio
        Range of the aspect width / height.
    generator
        Draws come from it instead of from torch's default.
    """

    def __init__(
        self,
        size: Size | None = None,
        *,
        scale: tuple[float, float] = (0.08, 1.0),
        ratio: tuple[float, float] = (3 / 4, 4 / 3),
        generator: torch.Generator | None = None,
    ) -> None:
        if not 0 < scale[0] <= scale[1] <= 1:
            raise ValueError(f"scale must be a range inside (0, 1], not {scale}")
        if not 0 < ratio[0] <= ratio[1]:
            raise ValueError(f"ratio must be a range of positive aspects, not {ratio}")
        self.size = None if size is None else checked_sides(size, "RandomResizedCrop")
        self.scale, self.ratio, self.generator = scale, ratio, generator

    def apply(self, view: View, generator: torch.Generator | None = None) -> View:
        """Draw the next part of ``view``."""
        left, top, width, height = self._draw(view.height, view.width, generator or self.generator)
        part = view.cropped((left, top, left + width, top + height))
        return part if self.size is None else part.resized(*self.size)

    def _draw(self, height: int, width: int, generator: torch.Generator | None) -> tuple[int, int, int, int]:
        # Same calls, same order and same precision as torchvision's, so that the same state gives the same numbers.
        torch = _torch()
        low, high = self._log_ratio
        for _ in range(_NUM_TRIES):
            area = height * width * torch.empty(1).uniform_(*self.scale, generator=generator).item()
            aspect = torch.exp(torch.empty(1).uniform_(low, high, generator=generator)).item()
            w, h = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
            if 0 < w <= width and 0 < h <= height:
                top, left = _integer(torch, height - h, generator), _integer(torch, width - w, generator)
                return left, top, w, h
        return self._largest_central(height, width)

    @cached_property
    def _log_ratio(self) -> tuple[float, float]:
        torch = _torch()
        low, high = torch.log(torch.tensor(self.ratio)).tolist()
        return low, high

    def _largest_central(self, height: int, width: int) -> tuple[int, int, int, int]:
        aspect = min(max(width / height, self.ratio[0]), self.ratio[1])
        w = min(width, max(1, round(height * aspect)))
        h = min(height, max(1, round(width / aspect)))
        return (width - w) // 2, (height - h) // 2, w, h


class RandomCrop(Transform):
    """A part of ``size`` pixels, (height, width) or the side of a square, anywhere; torchvision's without padding.

    A part larger than the picture is an error; put `Resize` before.

    >>> Compose([Resize(256), RandomCrop(224)])  # doctest: +SKIP
    """

    def __init__(self, size: Size, *, generator: torch.Generator | None = None) -> None:
        checked_sides(size, "RandomCrop")
        self.size, self.generator = size, generator

    def apply(self, view: View, generator: torch.Generator | None = None) -> View:
        """Draw the next part of ``view``."""
        height, width = crop_sides(self.size, view, "RandomCrop")
        if (height, width) == (view.height, view.width):  # where torchvision draws nothing
            return view
        source = generator or self.generator
        top, left = (_integer(_torch(), last, source) for last in (view.height - height, view.width - width))
        return view.cropped((left, top, left + width, top + height))


def _integer(torch: Any, last: int, generator: torch.Generator | None) -> int:
    return int(torch.randint(0, last + 1, (1,), generator=generator).item())


class RandomHorizontalFlip(Transform):
    """The mirror image with a chance of ``p``."""

    def __init__(self, p: float = 0.5, *, generator: torch.Generator | None = None) -> None:
        if not 0 <= p <= 1:
            raise ValueError(f"p is a chance in [0, 1], not {p}")
        self.p, self.generator = p, generator

    def apply(self, view: View, generator: torch.Generator | None = None) -> View:
        """Mirror ``view`` or not."""
        torch = _torch()
        drawn = torch.rand(1, generator=generator or self.generator).item()
        return view.flipped() if drawn < self.p else view
