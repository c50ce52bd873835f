"""A stem that takes DCT blocks apart into cells of 2 x 2 pixels and gives features 4 pixels apart."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from fastdct.frequencies import ChannelSelection
from fastdct.models.mobilenet import Style
from fastdct.reference.axis import DCT

_SIDE = 2  # pixels of a cell
_CELLS = 4  # of a block, along an axis
_COMPONENT = _SIDE * _SIDE  # channels of Y, of Cb and of Cr in a cell
_CELL = 3 * _COMPONENT
_HIDDEN = 128
"""Layer 0 of MobileNetV2 has as many values in the 4 x 4 pixels that one output covers."""


class CellStem(nn.Sequential):
    """Blocks to cells, linearly; then one 3 x 3 convolution of stride 2 with ReLU6, and a linear one.

    Behind it positions are 4 pixels apart, so that a network's depthwise layers see across blocks at the scale where they
    were trained. Chosen by the share of variance of MobileNetV2's layer 4 that is left after 216 and 300 steps (of the same
    648, its own layers 3 and 4 behind the stem where that ends 4 pixels apart):

    - 3 x 3 over blocks, 192 channels, one depthwise block at 8 pixels: .46, .41 (.235 after 3456 steps of their own);
    - the same with 320 channels and two depthwise blocks: .44, .38 (.18);
    - 3 x 3 over blocks, 192 channels, to 24 channels at 4 pixels: .36, .30;
    - cells of 4 x 4 pixels and an inverted residual: .30, .23;
    - cells of 2 x 2 pixels of 16 channels, all weights drawn: .28;
    - the same begun as the inverse DCT (:meth:`begin`): .24, .20 (with 12 channels a cell, .099 after 3456 steps of its own).
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(
            nn.Conv2d(in_channels, _CELLS * _CELLS * _CELL, 1),
            Cells(),
            Style("same", batch_norm=True).activated(_CELL, _HIDDEN, 3, stride=2),
            nn.Conv2d(_HIDDEN, out_channels, 1),
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")

    @torch.no_grad()
    def begin(self, selection: ChannelSelection, *, std: ArrayLike) -> None:
        """Let the cells be those of the inverse DCT of ``selection``'s coefficients, which had been divided by ``std``."""
        blocks = self[0]
        assert isinstance(blocks, nn.Conv2d)
        weight = torch.from_numpy(_inverse_dct(selection, np.asarray(std, np.float64)))
        blocks.weight.copy_(weight[:, :, None, None])
        nn.init.zeros_(blocks.bias)  # type: ignore[arg-type]


class Cells(nn.Module):
    """The channels of a block in its 4 x 4 cells' places; the order before is cell row, cell column, channel.

    That is a pixel shuffle but for the order, in which channels that lie side by side stay so in memory.
    """

    def forward(self, x: Tensor) -> Tensor:  # [N, 16 C, h, w] -> [N, C, 4 h, 4 w]
        """Move them."""
        count, channels, height, width = x.shape
        channels //= _CELLS * _CELLS
        apart = x.permute(0, 2, 3, 1).reshape(count, height, width, _CELLS, _CELLS, channels)
        together = apart.transpose(2, 3).reshape(count, height * _CELLS, width * _CELLS, channels)
        return together.permute(0, 3, 1, 2)


def _inverse_dct(selection: ChannelSelection, std: NDArray[np.float64]) -> NDArray[np.float64]:
    """[16 * 12, C]: sums and differences of the 2 x 2 samples of Y, Cb and Cr, each of one variance, were coefficients uncorrelated.

    Sums and differences, because variances of samples themselves would be those of their sum, and the optimiser's steps are
    alike for all.
    """
    haar = np.array([[1.0, 1.0], [1.0, -1.0]]) / _SIDE**0.5
    samples = np.einsum("vy,ux->vuyx", DCT, DCT).reshape(64, _CELLS, _SIDE, _CELLS, _SIDE)
    cells = np.einsum("frycx,ay,bx->rcabf", samples, haar, haar).reshape(_CELLS, _CELLS, _COMPONENT, 64)
    weight = np.zeros((_CELLS, _CELLS, _CELL, selection.num_channels))
    first = 0
    for component, indices in enumerate((selection.luma, selection.cb, selection.cr)):
        channels = slice(component * _COMPONENT, (component + 1) * _COMPONENT)
        columns = slice(first, first + len(indices))
        weight[:, :, channels, columns] = cells[..., list(indices)] * std[columns]
        first += len(indices)
    deviation = np.sqrt((weight**2).sum(axis=3).mean(axis=(0, 1)))  # [12]
    weight /= np.where(deviation > 0, deviation, 1)[:, None]
    return weight.reshape(-1, selection.num_channels)
