"""Blocks of frequencies to channels, the form that networks take, and back."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fastdct import _C
from fastdct.ops._arrays import Array, is_tensor

Order = Literal["zigzag", "natural"]

_ELEMENT_SIZES = (1, 2, 4, 8)


def blocks_to_channels(blocks: Array, *, order: Order = "zigzag") -> Array:
    """One channel for each frequency of the blocks.

    Parameters
    ----------
    blocks : array or tensor [..., Hb, Wb, 8, 8]
        Any dtype of 1, 2, 4 or 8 bytes. A tensor may lie on the CPU or on a CUDA device, and may need gradients.
    order
        Of the channels: ``"zigzag"``, low frequencies first, or ``"natural"``, 8 v + u.

    Returns
    -------
    array or tensor [..., 64, Hb, Wb] of the same dtype, on the same device

    Raises
    ------
    ValueError
        The shape, the dtype or the order is none of these.
    RuntimeError
        The tensor is on a CUDA device and this build has no CUDA kernels.
    """
    _check(blocks, order, tail="Hb, Wb, 8, 8", fits=blocks.shape[-2:] == (8, 8))
    return _reorder(blocks, order, to_channels=True)


def channels_to_blocks(channels: Array, *, order: Order = "zigzag") -> Array:
    """Invert `blocks_to_channels`: [..., 64, Hb, Wb] to [..., Hb, Wb, 8, 8].

    Parameters, errors and devices are the same.
    """
    _check(channels, order, tail="64, Hb, Wb", fits=channels.ndim >= 3 and channels.shape[-3] == 64)
    return _reorder(channels, order, to_channels=False)


def _check(values: Array, order: str, *, tail: str, fits: bool) -> None:
    if order not in ("zigzag", "natural"):
        raise ValueError(f'order is "zigzag" or "natural", not {order!r}')
    if values.ndim < tail.count(",") + 1 or not fits:
        raise ValueError(f"expected [..., {tail}], not {list(values.shape)}")
    if values.dtype.itemsize not in _ELEMENT_SIZES:
        raise ValueError(
            f"elements of {values.dtype} have {values.dtype.itemsize} bytes; 1, 2, 4 or 8 can be moved"
        )


def _reorder(values: Array, order: Order, *, to_channels: bool) -> Array:
    if is_tensor(values):
        from fastdct.ops import channels_torch

        return channels_torch.reorder(values, order == "zigzag", to_channels)
    values = np.ascontiguousarray(values)
    result: NDArray[Any] = np.empty(reordered_shape(values.shape, to_channels), dtype=values.dtype)
    num_pictures, num_blocks = counts(values.shape, to_channels)
    _C.reorder_blocks(
        values.ctypes.data,
        result.ctypes.data,
        num_pictures=num_pictures,
        num_blocks=num_blocks,
        element_size=values.itemsize,
        zigzag=order == "zigzag",
        to_channels=to_channels,
    )
    return result


def reordered_shape(shape: tuple[int, ...], to_channels: bool) -> tuple[int, ...]:
    """Shape of the result."""
    if to_channels:
        return (*shape[:-4], 64, *shape[-4:-2])
    return (*shape[:-3], *shape[-2:], 8, 8)


def counts(shape: tuple[int, ...], to_channels: bool) -> tuple[int, int]:
    """Number of pictures, and of blocks in each."""
    lead, grid = (shape[:-4], shape[-4:-2]) if to_channels else (shape[:-3], shape[-2:])
    num_pictures = 1
    for size in lead:
        num_pictures *= size
    return num_pictures, grid[0] * grid[1]
