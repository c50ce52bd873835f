"""A network on pixels as teacher of one on coefficients: both see the same window, changed in the same way."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from fastdct.frequencies import static
from fastdct.models import GeM, load_quantized
from fastdct.models.coefficients import Conversion, ToPixels
from fastdct.models.staged_mobilenet import PixelMobileNetV2

ALL_CHANNELS = static(192)
"""What a window's pixels are made from."""

GREY = 127.5
"""Mean and deviation of R, G and B in 0..255 by which the network's pixels are normalised."""


class Targets(NamedTuple):
    """What the teacher makes of a batch; the names are those of `Delg`'s methods."""

    third_stage: Tensor  # [N, 576, H/16, W/16]
    pooled: Tensor  # [N, 1280]


class Teacher:
    """A quantised MobileNetV2 (`fastdct.models.load_quantized`), frozen, in bfloat16 where that was asked for."""

    def __init__(self, file: str | os.PathLike[str], *, bfloat16: bool) -> None:
        self.network = PixelMobileNetV2().eval()
        self.network.features.load_state_dict(load_quantized(file).features.state_dict())
        self._to_pixels = ToPixels(Conversion(ALL_CHANNELS, mean=np.full(3, GREY), std=np.full(3, GREY)))
        self._bfloat16 = bfloat16

    @torch.no_grad()
    def first(self, coefficients: Tensor) -> Tensor:  # [N, 192, H/8, W/8] -> [N, 32, H/8, W/8]
        """What the layers before the stages are to give."""
        return self._run(nn.Sequential(*self.network.first_layers), self.pixels(coefficients))

    @torch.no_grad()
    def targets(self, coefficients: Tensor, *, pool: GeM) -> Targets:  # [N, 192, H/8, W/8]
        """What the whole network makes of a batch."""
        third = self._run(partial(self.network.stages, last=3), self.pixels(coefficients))
        return Targets(third, pool(self._run(partial(self.network.stages, first=4), third)))

    def pixels(self, coefficients: Tensor) -> Tensor:  # [N, 192, H/8, W/8] -> [N, 3, H, W], from -1 to 1
        """What the network looks at: (RGB - `GREY`) / `GREY`."""
        pixels: Tensor = self._to_pixels.to(coefficients.device)(coefficients).clamp(-1, 1)
        return pixels.contiguous(memory_format=torch.channels_last)

    def _run(self, layers: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        self.network.to(x.device)
        with torch.autocast(x.device.type, dtype=torch.bfloat16, enabled=self._bfloat16):
            return layers(x).float()
