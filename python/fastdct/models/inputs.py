"""What a network takes, and the decoder that makes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from fastdct.decoder import Decoder
from fastdct.frequencies import ChannelSelection

_BLOCK = 8  # pixels of a DCT block


@dataclass(frozen=True, kw_only=True)
class InputSpec:
    """The input of a network.

    Attributes
    ----------
    size
        Side of the square window, in pixels, that the network is made for. Other sizes can be given to it.
    channels
        DCT coefficients taken, in order; None for RGB pixels.
    chroma_size
        Side that Cb and Cr are resampled to, for networks that take them as a second tensor.
    """

    size: int
    channels: ChannelSelection | None = None
    chroma_size: int | None = None

    @property
    def domain(self) -> str:
        """``"rgb"`` or ``"dct"``."""
        return "rgb" if self.channels is None else "dct"

    @property
    def counts(self) -> tuple[int, int, int]:
        """Channels of each component."""
        return (1, 1, 1) if self.channels is None else self.channels.counts

    @property
    def shapes(self) -> tuple[tuple[int, int, int], ...]:
        """Shape [C, H, W] of each tensor that the network takes, at ``size``."""
        if self.channels is None:
            return ((3, self.size, self.size),)
        side = self.size // _BLOCK
        if self.chroma_size is None:
            return ((self.channels.num_channels, side, side),)
        luma, cb, cr = self.channels.counts
        chroma_side = self.chroma_size // _BLOCK
        return (luma, side, side), (cb + cr, chroma_side, chroma_side)

    def decoder(self, size: int | tuple[int, int] | None = None, **options: Any) -> Decoder:
        """The decoder of this input; ``options`` are those of `Decoder`, such as ``window`` and ``normalize``.

        Parameters
        ----------
        size
            Another side than ``self.size``, or (height, width); chroma keeps its proportion to luma.
        """
        side = size or self.size
        if self.channels is None:
            return Decoder(side, output="rgb", **options)
        if self.chroma_size is None:
            return Decoder(side, channels=self.channels, **options)
        height, width = (side, side) if isinstance(side, int) else side
        chroma = (height * self.chroma_size // self.size, width * self.chroma_size // self.size)
        return Decoder((height, width), channels=self.channels, chroma_size=chroma, **options)

    def check(self, name: str, *tensors: Tensor) -> None:
        """Refuse tensors that network ``name`` cannot take.

        Raises
        ------
        ValueError
            Another number of tensors or of channels, an empty grid, or grids of luma and chroma that do not lie over each
            other or are of other pictures.
        """
        shapes = self.shapes
        fits = len(tensors) == len(shapes) and all(
            tensor.ndim == 4 and tensor.shape[1] == shape[0] and min(tensor.shape[2:]) > 0
            for tensor, shape in zip(tensors, shapes, strict=True)
        )
        if fits and len(tensors) == 2:
            factor = shapes[0][1] // shapes[1][1]
            count, _, height, width = tensors[1].shape
            fits = (tensors[0].shape[0], *tensors[0].shape[2:]) == (count, height * factor, width * factor)
        if not fits:
            got = ", ".join(str(list(tensor.shape)) for tensor in tensors)
            raise ValueError(f"{name} takes {self.described}, not {got}")

    @property
    def described(self) -> str:
        """What the network takes, in words."""
        if self.channels is None:
            return "RGB pixels [N, 3, H, W]"
        if self.chroma_size is None:
            return f"DCT tensors [N, {self.channels.num_channels}, H/8, W/8] (channels {self.channels.name})"
        (luma, *_), (chroma, *_) = self.shapes
        step = _BLOCK * self.size // self.chroma_size
        return (
            f"two DCT tensors, luma [N, {luma}, H/8, W/8] and chroma [N, {chroma}, H/{step}, W/{step}] "
            f"(channels {self.channels.name})"
        )
