"""One pass over the data before training: the files that can be used, and each channel's statistics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastdct.jpeg import JpegError
from fastdct.training.batches import Samples

_SMALLEST_DEVIATION = 1e-3  # of a channel that never varies, such as chroma of grayscale data


@dataclass(frozen=True)
class Survey:
    """What the pass found.

    Attributes
    ----------
    mean, std
        Of each channel over all positions of all surveyed pictures, each picture counted alike.
    errors
        Position of a file that cannot be used -> why.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    errors: dict[int, str]


def survey(
    samples: Samples,
    positions: Sequence[int],
    *,
    workers: int = 1,
    advance: Callable[[], None] = lambda: None,
) -> Survey:
    """Decode every picture once, whole, and measure its channels.

    Parameters
    ----------
    samples
        Their decoder must not normalise.
    positions
        Which of the samples to look at.
    advance
        Called after every picture.

    Raises
    ------
    ValueError
        Not one of the pictures can be decoded.
    """
    num_channels = samples.decoder.channels.num_channels
    total = np.zeros((2, num_channels))  # sums over pictures of E[x] and E[x^2]
    errors: dict[int, str] = {}
    with ThreadPoolExecutor(workers, thread_name_prefix="fastdct-survey") as pool:
        found = pool.map(lambda position: _moments(samples, position), positions)
        for position, moments in zip(positions, found, strict=True):
            if isinstance(moments, str):
                errors[position] = moments
            else:
                total += moments
            advance()
    count = len(positions) - len(errors)
    if count == 0:
        raise ValueError(
            f"none of the {len(positions)} files can be used; the first says: {next(iter(errors.values()))}"
        )
    mean, square = total / count
    std = np.sqrt(np.maximum(square - mean**2, _SMALLEST_DEVIATION**2))
    return Survey(tuple(mean.tolist()), tuple(std.tolist()), errors)


def _moments(samples: Samples, position: int) -> NDArray[np.float64] | str:
    """Return E[x] and E[x^2] of each channel of a picture, [2, C], or why there are none."""
    try:
        window = samples.whole(position).astype(np.float64)  # [C, H/8, W/8]
    except (JpegError, OSError) as error:
        return str(error)
    return np.stack([window.mean(axis=(1, 2)), np.square(window).mean(axis=(1, 2))])
