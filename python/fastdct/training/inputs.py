"""What a network is fed with: coefficients of some channels, or the pixels of the same window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fastdct.decoder import Decoder
from fastdct.frequencies import ChannelSelection
from fastdct.geometry import Rule

Statistics = tuple[tuple[float, ...], tuple[float, ...]]


@dataclass(frozen=True)
class Input:
    """A network's input.

    Attributes
    ----------
    channels
        Which coefficients; None: RGB pixels.
    normalize
        (mean, std) of each channel, as `Decoder` takes them; None before they have been measured.
    """

    channels: ChannelSelection | None
    normalize: Statistics | None = None

    @property
    def output(self) -> Literal["dct", "rgb"]:
        """What the decoder is asked for."""
        return "rgb" if self.channels is None else "dct"

    def decoder(self, size: int, *, window: Rule | None = None) -> Decoder:
        """A decoder of windows scaled to ``size`` × ``size`` pixels; RGB is float32 too."""
        return Decoder(
            size,
            channels=self.channels or 64,
            window=window,
            normalize=self.normalize,
            dtype="float32",
            output=self.output,
        )
