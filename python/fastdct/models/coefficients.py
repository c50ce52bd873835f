"""Networks trained on pixels, fed with DCT coefficients, without being trained again.

Inverse DCT, chroma upsampling, colour matrix and a network's own normalisation are linear, so that together they are one
linear layer: a transposed convolution over blocks. Its output is what the network had from pixels, but for one thing: pixels
are rounded and clamped to 0..255, coefficients are not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn
from torch.nn import functional

from fastdct.frequencies import ChannelSelection
from fastdct.reference.axis import DCT
from fastdct.reference.colour import RGB_TO_YCBCR, YCBCR_TO_RGB

Float64 = NDArray[np.float64]
Statistics = tuple[ArrayLike, ArrayLike]

BLOCK = 8
_LEVEL = 128.0  # ITU-T T.81, A.3.1: the level shift of 8-bit samples


@dataclass(frozen=True)
class Conversion:
    """What coefficients as they come mean in normalised RGB.

    Attributes
    ----------
    selection
        Which coefficients come; the others count as zero.
    mean, std
        A network's normalisation of R, G and B, in 0..255: float64 [3].
    normalize
        (mean, std) that the decoder normalised coefficients by, or None. Quantised ones are ``(0, 1 / table)``.
    """

    selection: ChannelSelection
    mean: Float64
    std: Float64
    normalize: Statistics | None = None

    @property
    def scale(self) -> Float64:
        """What coefficients as they come are to be multiplied by: [C]."""
        return self._of_decoder(1)

    @property
    def shift(self) -> Float64:
        """What is then to be added, [C], for them to be plain coefficients."""
        return self._of_decoder(0)

    def _of_decoder(self, part: int) -> Float64:
        values = (0.0, 1.0) if self.normalize is None else self.normalize
        return np.broadcast_to(np.asarray(values[part], np.float64), self.selection.num_channels)

    @property
    def basis(self) -> Float64:
        """What one unit of each plain coefficient adds to normalised RGB in its block: [C, 3, 8, 8]."""
        blocks = np.einsum("vy,ux->vuyx", DCT, DCT).reshape(64, BLOCK, BLOCK)
        matrix = YCBCR_TO_RGB / self.std[:, None]
        components = (self.selection.luma, self.selection.cb, self.selection.cr)
        parts = [
            np.einsum("r,cyx->cryx", matrix[:, component], blocks[list(indices)])
            for component, indices in enumerate(components)
        ]
        return np.concatenate(parts)

    @property
    def weight(self) -> Float64:
        """The same for coefficients as they come: [C, 3, 8, 8]."""
        return self.basis * self.scale[:, None, None, None]

    @property
    def bias(self) -> Float64:
        """Normalised RGB where all coefficients that come are zero: [3, 8, 8]."""
        grey = (_LEVEL - self.mean) / self.std
        return np.tensordot(self.shift, self.basis, axes=1) + grey[:, None, None]

    @property
    def offset(self) -> Float64:
        """What to add to coefficients as they come, [C], so that zeros stand for zeros in normalised RGB.

        Raises
        ------
        ValueError
            The selection lacks the DC coefficient of a component.
        """
        offset = self.shift.copy()
        colour = RGB_TO_YCBCR @ (_LEVEL - self.mean)
        start = 0
        for indices, value in zip(
            (self.selection.luma, self.selection.cb, self.selection.cr), colour, strict=True
        ):
            if 0 not in indices:
                raise ValueError(f"{self.selection.name} lacks the DC coefficient of a component")
            offset[start + indices.index(0)] += BLOCK * value
            start += len(indices)
        return offset / self.scale


class ToPixels(nn.Module):
    """Coefficients to the normalised RGB pixels that a network takes, as one transposed convolution.

    A product over blocks and a pixel shuffle are that convolution, since its kernels do not overlap.
    """

    weight: Tensor
    bias: Tensor

    def __init__(self, conversion: Conversion) -> None:
        super().__init__()
        weight = np.moveaxis(conversion.weight, 0, -1).reshape(3 * BLOCK * BLOCK, -1, 1, 1)
        self.register_buffer("weight", torch.from_numpy(weight).float(), persistent=False)
        self.register_buffer("bias", torch.from_numpy(conversion.bias.reshape(-1)).float(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:  # [N, C, H/8, W/8] -> [N, 3, H, W]
        """Return normalised RGB."""
        blocks = functional.conv2d(x.to(self.weight.dtype), self.weight, self.bias)  # [N, 3·8·8, H/8, W/8]
        return functional.pixel_shuffle(blocks, BLOCK)


class ToPixelsFromTwoGrids(nn.Module):
    """As :class:`ToPixels`, with chroma at half the resolution on a grid of its own.

    Chroma is brought to the resolution of luma by the triangle filter, sited as JFIF and libjpeg have it: a pixel is 3/4 of
    the sample that it lies in and 1/4 of the nearest other. Blocks then reach one pixel into their neighbours. Beyond the
    border of the picture the border's sample goes on; a block mirrored, which is its odd frequencies negated, holds it.
    """

    luma: Tensor
    chroma: Tensor
    bias: Tensor
    mirror: Tensor

    def __init__(self, conversion: Conversion) -> None:
        super().__init__()
        selection, count = conversion.selection, len(conversion.selection.luma)
        if conversion.shift.any():
            raise ValueError("coefficients on two grids are taken as they are; give no mean for them")
        weight = conversion.weight  # [C, 3, 8, 8]
        wide = np.einsum("Yy,Xx,cryx->crYX", _upsampling(), _upsampling(), weight[count:])
        odd = [(index % BLOCK % 2, index // BLOCK % 2) for index in (*selection.cb, *selection.cr)]
        mirror = 1 - 2 * np.array(odd, np.float64).T[:, None, :, None, None]
        parts = {
            "luma": weight[:count],
            "chroma": wide,  # [Ccb + Ccr, 3, 18, 18]
            "bias": conversion.bias[:, 0, 0],
            "mirror": mirror,  # [2, 1, Ccb + Ccr, 1, 1]: across, down
        }
        for name, values in parts.items():
            self.register_buffer(name, torch.tensor(values, dtype=torch.float32), persistent=False)

    def forward(self, luma: Tensor, chroma: Tensor) -> Tensor:
        """[N, Cy, H/8, W/8], [N, Ccb + Ccr, H/16, W/16] → normalised RGB [N, 3, H, W]."""
        dtype = self.luma.dtype
        from_luma = functional.conv_transpose2d(luma.to(dtype), self.luma, self.bias, stride=BLOCK)
        wider = self._mirrored(chroma.to(dtype))
        # The mirrored blocks lie wholly outside, but for the pixel by which they reach in.
        margin = 2 * BLOCK + 1
        return from_luma + functional.conv_transpose2d(wider, self.chroma, stride=2 * BLOCK, padding=margin)

    def _mirrored(self, x: Tensor) -> Tensor:  # [N, C, h, w] -> [N, C, h + 2, w + 2]
        across, down = self.mirror
        x = torch.cat((x[..., :1] * across, x, x[..., -1:] * across), dim=3)
        return torch.cat((x[:, :, :1] * down, x, x[:, :, -1:] * down), dim=2)


def _upsampling() -> Float64:
    """The samples of a block to the pixels that they touch, one beyond each end: float64 [18, 8]."""
    matrix = np.zeros((2 * BLOCK + 2, BLOCK))
    for sample in range(BLOCK):
        matrix[2 * sample : 2 * sample + 4, sample] = (0.25, 0.75, 0.75, 0.25)
    return matrix
