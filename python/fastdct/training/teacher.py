"""A network on pixels as teacher of one on coefficients: both see the same window, changed in the same way."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from fastdct.frequencies import static
from fastdct.models import GeM, load_quantized
from fastdct.models.coefficients import Conversion, ToPixels
from fastdct.models.dct_mobilenet import FIRST_KEPT, in_channels_last, stage_layers

ALL_CHANNELS = static(192)
"""What a window's pixels are made from."""


class Targets(NamedTuple):
    """What the teacher makes of a batch; the names are those of `Delg`'s methods."""

    third_stage: Tensor  # [N, 576, H/16, W/16]
    pooled: Tensor  # [N, 1280]


class Teacher:
    """A quantised MobileNetV2 (`fastdct.models.load_quantized`), frozen, in bfloat16 where that was asked for."""

    def __init__(self, file: str | os.PathLike[str], *, bfloat16: bool) -> None:
        self.network = in_channels_last(load_quantized(file))
        grey = np.full(3, 127.5)
        self._to_pixels = ToPixels(Conversion(ALL_CHANNELS, mean=grey, std=grey))
        self._bfloat16 = bfloat16

    @torch.no_grad()
    def stem(self, coefficients: Tensor) -> Tensor:  # [N, 192, H/8, W/8] -> [N, 32, H/8, W/8]
        """What a DCT stem is to give."""
        return self._run(self._first_layers(), self._pixels(coefficients))

    @torch.no_grad()
    def targets(self, coefficients: Tensor, *, pool: GeM) -> Targets:  # [N, 192, H/8, W/8]
        """What the whole network makes of a batch."""
        features = self.network.features
        before = [
            *self._first_layers(),
            *(layer for stage in (1, 2, 3) for layer in stage_layers(features, stage)),
        ]
        third = self._run(before, self._pixels(coefficients))
        return Targets(third, pool(self._run(stage_layers(features, 4), third)))

    def _pixels(self, coefficients: Tensor) -> Tensor:  # [N, 192, H/8, W/8] -> [N, 3, H, W], from -1 to 1
        pixels: Tensor = self._to_pixels.to(coefficients.device)(coefficients).clamp(-1, 1)
        return pixels.contiguous(memory_format=torch.channels_last)

    def _first_layers(self) -> list[nn.Module]:
        return [*self.network.features.children()][:FIRST_KEPT]

    def _run(self, layers: Iterable[nn.Module], x: Tensor) -> Tensor:
        self.network.to(x.device)
        with torch.autocast(x.device.type, dtype=torch.bfloat16, enabled=self._bfloat16):
            for layer in layers:
                x = layer(x)
        return x.float()
