"""Brightness, contrast and saturation changed on coefficients: one multiply and one add."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastdct.decoder import Decoder

_DC_GAIN = 8  # the DC coefficient of an orthonormal 8 x 8 DCT is 8 times the block's mean


@dataclass(frozen=True)
class PhotometricJitter:
    """Random luma shift in grey levels, relative contrast and relative saturation.

    Contrast scales around mid-grey, the zero of level-shifted samples. All three are linear in coefficients,
    so they equal the same change of unclamped pixels exactly.
    """

    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0

    def __call__(
        self, window: NDArray[np.float32], decoder: Decoder, random: np.random.Generator
    ) -> NDArray[np.float32]:  # [C, H/8, W/8], as `decoder` made it
        """Return the changed window, normalised as it was."""
        shift, contrast, saturation = random.uniform(-1, 1, 3) * (
            self.brightness,
            self.contrast,
            self.saturation,
        )
        num_luma = len(decoder.channels.luma)
        gain = np.full(decoder.channels.num_channels, 1 + contrast)  # [C]
        gain[num_luma:] *= 1 + saturation
        offset = np.zeros_like(gain)  # [C]
        offset[:num_luma] = np.where(np.asarray(decoder.channels.luma) == 0, _DC_GAIN * shift, 0)
        if decoder.normalize is not None:
            # gain * (std x + mean) + offset, normalised again, is gain * x + ((gain - 1) * mean + offset) /
            # std
            mean, std = decoder.normalize
            offset = ((gain - 1) * mean + offset) / std
        changed: NDArray[np.float64] = window * gain[:, None, None] + offset[:, None, None]
        return changed.astype(np.float32)
