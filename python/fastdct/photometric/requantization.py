"""What a window would look like, had it been saved as a JPEG of some quality."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fastdct.decoder import Decoder
from fastdct.photometric.channels import denormalised, frequencies_of, normalised

# ITU-T T.81, tables K.1 and K.2, natural order.
_LUMA = (
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55,
    14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
    18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
)  # fmt: skip
_CHROMA = (
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99,
    24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99,
    *(99,) * 32,
)  # fmt: skip


def quantization_tables(quality: int) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
    """Steps of Y and of Cb and Cr, uint16 [8, 8] each, as libjpeg scales them to a quality (``jpeg_quality_scaling``).

    Raises
    ------
    ValueError
        The quality is not in 1..100.
    """
    if not 1 <= quality <= 100:
        raise ValueError(f"quality is in 1..100, not {quality}")
    percent = 5000 // quality if quality < 50 else 200 - 2 * quality
    luma, chroma = (
        np.clip((np.array(table, np.int64) * percent + 50) // 100, 1, 255).astype(np.uint16).reshape(8, 8)
        for table in (_LUMA, _CHROMA)
    )
    return luma, chroma


def requantize(tensor: Tensor, quality: int, decoder: Decoder) -> Tensor:
    """Round every coefficient to the step that libjpeg has for it at a quality; chroma keeps its full resolution.

    Halves are rounded away from zero, as libjpeg rounds. Not linear, and exact: coefficients are what a JPEG holds.

    Raises
    ------
    ValueError
        The quality is not in 1..100.
    """
    luma, chroma = quantization_tables(quality)
    num_luma = len(decoder.channels.luma)
    steps = [
        float((luma if channel < num_luma else chroma).flat[index])
        for channel, index in enumerate(frequencies_of(decoder))
    ]
    step = torch.tensor(steps, device=tensor.device)[:, None, None]  # [C, 1, 1]
    coefficients = denormalised(tensor, decoder)
    rounded = torch.sign(coefficients) * torch.floor(coefficients.abs() / step + 0.5)
    return normalised(rounded * step, decoder).to(tensor.dtype)
