"""Means and deviations of channels over a dataset, in one pass."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdct.data.loader import DctLoader
from fastdct.data.samples import Dataset
from fastdct.decoder import Decoder, Picture
from fastdct.frequencies import ChannelSelection
from fastdct.jpeg import JpegError

_SMALLEST_DEVIATION = 1e-3  # of a channel that never varies, such as chroma of grayscale data
_BATCH_SIZE = 16


@dataclass(frozen=True)
class Moments:
    """Number, mean and sum of squared deviations from it, of every channel.

    Sums of deviations instead of sums of squares: the difference of two large numbers loses what is wanted where a
    mean is large beside its deviation (Chan, Golub, LeVeque, "Algorithms for computing the sample variance", 1983).

    Attributes
    ----------
    count
        Values of each channel.
    mean, deviations
        float64 [C]; ``deviations`` is Σ (x - mean)².
    """

    count: int
    mean: NDArray[np.float64]
    deviations: NDArray[np.float64]

    @classmethod
    def of(cls, values: NDArray[Any]) -> Moments:
        """The moments of values [C, ...]."""
        flat = values.reshape(len(values), -1).astype(np.float64)  # [C, n]
        mean = flat.mean(axis=1)
        return cls(flat.shape[1], mean, np.square(flat - mean[:, None]).sum(axis=1))

    def merged(self, other: Moments) -> Moments:
        """The moments of both sets of values together (Chan et al., equation 2.1, written for means)."""
        count = self.count + other.count
        step = other.mean - self.mean
        mean = self.mean + step * (other.count / count)
        between = np.square(step) * (self.count * other.count / count)
        return Moments(count, mean, self.deviations + other.deviations + between)

    @property
    def std(self) -> NDArray[np.float64]:
        """Standard deviations of the values as a population, [C], never 0, so that one can divide by them."""
        return np.maximum(np.sqrt(self.deviations / self.count), _SMALLEST_DEVIATION)

    @property
    def energy(self) -> NDArray[np.float64]:
        """Mean squares, [C]."""
        return self.deviations / self.count + np.square(self.mean)


@dataclass(frozen=True)
class ChannelStatistics:
    """What a pass over a dataset found.

    Attributes
    ----------
    channels
        What the channels are.
    moments
        Over all positions of all pictures that could be decoded.
    num_images
        How many those are.
    errors
        Name of a picture that could not → why.
    """

    channels: ChannelSelection
    moments: Moments
    num_images: int
    errors: dict[str, JpegError]

    @property
    def normalize(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """(mean, std) as `Decoder` takes them."""
        return tuple(self.moments.mean.tolist()), tuple(self.moments.std.tolist())


def measure(
    dataset: Dataset | Sequence[Picture],
    decoder: Decoder,
    *,
    num_threads: int | None = None,
    advance: Callable[[int], object] = lambda count: None,
) -> ChannelStatistics:
    """Decode every picture once and measure its channels; pictures that fail are left out and named.

    The result does not depend on ``num_threads``.

    Parameters
    ----------
    decoder
        Must not normalise, nor draw its windows.
    advance
        Called with the number of pictures after every batch of them.

    Raises
    ------
    ValueError
        The decoder normalises or gives two grids, or not one of the pictures can be decoded.
    """
    if decoder.normalize is not None or decoder.chroma_size is not None:
        raise ValueError(
            "statistics are of plain coefficients on one grid; leave out normalize and chroma_size"
        )
    decoder = copy.copy(decoder)
    decoder.on_error = "mask"
    loader = DctLoader(dataset, decoder, batch_size=_BATCH_SIZE, num_threads=num_threads)
    found: Moments | None = None
    num_images = 0
    for batch in loader:
        for values in batch.tensor[batch.mask].numpy():  # [C, H/8, W/8]
            moments = Moments.of(values)
            found = moments if found is None else found.merged(moments)
            num_images += 1
        advance(len(batch.tensor))
    if found is None:
        first = next(iter(loader.errors.values()))
        raise ValueError(f"none of the {len(loader.errors)} files can be used; the first says: {first}")
    return ChannelStatistics(decoder.channels, found, num_images, loader.errors)
