"""The first convolution of a network on pixels as a convolution over blocks of coefficients."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from fastdct.models.coefficients import BLOCK, Conversion, Float64, ToPixels

_TOLERANCE = 1e-4  # of the largest output: float32 sums of a few hundred products in another order


class FoldedConvolution(nn.Module):
    """Coefficients to what a convolution makes of the pixels that they stand for; no pixels are made.

    A block gives (8 / stride)² outputs of each channel and sees the neighbours that the kernel reaches. Zeros around the
    pixels are zeros around the coefficients, once these are taken against the mean colour.

    Parameters
    ----------
    convolution
        Of RGB pixels, its stride a divisor of 8, no groups and no dilation.
    leading
        Cells that it pads above and at the left.
    conversion
        What the coefficients mean.
    """

    weight: Tensor
    bias: Tensor | None
    offset: Tensor

    def __init__(
        self,
        convolution: nn.Conv2d,
        leading: int,
        conversion: Conversion,
    ) -> None:
        super().__init__()
        stride, kernel = convolution.stride[0], convolution.kernel_size[0]
        self.per_block = BLOCK // stride
        before = math.ceil(leading / BLOCK)
        after = max(0, (BLOCK - 1 - stride - leading + kernel) // BLOCK)
        self.margins = (before, after, before, after)
        kernels = _placed(
            convolution.weight, stride, first=before * BLOCK - leading, blocks=before + 1 + after
        )
        weight = np.einsum("oabrjyix,cryx->oabcji", kernels, conversion.weight, optimize=True)
        weight = weight.reshape(-1, *weight.shape[3:])  # [out · per_block², C, blocks, blocks]
        self.register_buffer("weight", torch.from_numpy(weight).float())
        bias = convolution.bias
        repeated = None if bias is None else bias.detach().repeat_interleave(self.per_block**2)
        self.register_buffer("bias", repeated)
        offset = torch.from_numpy(conversion.offset).float()
        self.register_buffer("offset", offset[:, None, None])

    def forward(self, x: Tensor) -> Tensor:  # [N, C, H/8, W/8] -> [N, out, H / stride, W / stride]
        """Convolve."""
        padded = functional.pad(x.to(self.weight.dtype) + self.offset, self.margins)
        return functional.pixel_shuffle(functional.conv2d(padded, self.weight, self.bias), self.per_block)


def _placed(weight: Tensor, stride: int, *, first: int, blocks: int) -> Float64:
    """Kernels [O, 3, k, k] where the outputs of a block see them: float64 [O, a, b, 3, blocks, 8, blocks, 8]."""
    kernels = weight.detach().cpu().double().numpy()
    outputs, colours, size, _ = kernels.shape
    count, side = BLOCK // stride, blocks * BLOCK
    placed = np.zeros((outputs, count, count, colours, side, side))
    for a in range(count):
        for b in range(count):
            top, left = first + a * stride, first + b * stride
            placed[:, a, b, :, top : top + size, left : left + size] = kernels
    return placed.reshape(outputs, count, count, colours, blocks, BLOCK, blocks, BLOCK)


def fold(convolution: nn.Conv2d, conversion: Conversion) -> FoldedConvolution:
    """Fold, and see that the outcome is that of pixels and ``convolution``.

    How a convolution pads is found by trying, since subclasses such as those of TensorFlow's weights pad in their own way.

    Raises
    ------
    ValueError
        The convolution cannot be folded, and why.
    """
    (stride, across), (kernel, wide) = convolution.stride, convolution.kernel_size
    if convolution.in_channels != 3 or convolution.groups != 1 or convolution.dilation != (1, 1):
        raise ValueError(f"{convolution} cannot be folded: it must take RGB, without groups and dilation")
    if stride != across or kernel != wide or BLOCK % stride:
        raise ValueError(
            f"{convolution} cannot be folded: kernel and stride must be square, the stride 1, 2, 4 or 8"
        )
    x = torch.randn(1, conversion.selection.num_channels, 4, 6, generator=torch.Generator().manual_seed(0))
    x = x.to(convolution.weight.device)
    with torch.no_grad():
        expected = convolution(ToPixels(conversion).to(x.device)(x))
        for leading in range(kernel):
            folded = FoldedConvolution(convolution, leading, conversion).to(x.device)
            found = folded(x)
            if found.shape != expected.shape:
                continue
            if (found - expected).abs().max() <= _TOLERANCE * expected.abs().max():
                return folded
    raise ValueError(f"{convolution} cannot be folded: its padding is none of zeros")
