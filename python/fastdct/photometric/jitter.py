"""Random changes of light and colour."""

from __future__ import annotations

import torch
from torch import Tensor

from fastdct.decoder import Decoder
from fastdct.photometric.light import adjust_brightness, adjust_contrast, adjust_saturation


class ColorJitter:
    """Random brightness, contrast and saturation with torchvision's arguments and distributions.

    A factor is uniform in [max(0, 1 - x), 1 + x], or in a range given as a pair. torchvision draws the order of the
    three as well; unclamped they commute, so that it makes no difference here.

    Parameters
    ----------
    brightness, contrast, saturation
        x, or (lowest factor, highest factor).
    """

    def __init__(
        self,
        brightness: float | tuple[float, float] = 0.0,
        contrast: float | tuple[float, float] = 0.0,
        saturation: float | tuple[float, float] = 0.0,
    ) -> None:
        self.brightness = _factor_range(brightness, "brightness")
        self.contrast = _factor_range(contrast, "contrast")
        self.saturation = _factor_range(saturation, "saturation")

    def __call__(
        self, tensor: Tensor, decoder: Decoder, *, generator: torch.Generator | None = None
    ) -> Tensor:
        """Change a window [C, H/8, W/8], or a batch of them alike; torch's default generator if none is given."""
        changes = (
            (adjust_brightness, self.brightness),
            (adjust_contrast, self.contrast),
            (adjust_saturation, self.saturation),
        )
        for change, (low, high) in changes:
            factor = torch.empty(1).uniform_(low, high, generator=generator).item()
            if factor != 1:
                tensor = change(tensor, factor, decoder)
        return tensor


def _factor_range(value: float | tuple[float, float], name: str) -> tuple[float, float]:
    low, high = (max(0.0, 1.0 - value), 1.0 + value) if isinstance(value, int | float) else value
    if not 0 <= low <= high or (isinstance(value, int | float) and value < 0):
        raise ValueError(f"{name} is at least 0, or a range of factors at least 0, not {value}")
    return float(low), float(high)
