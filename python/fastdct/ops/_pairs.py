"""The matches of many image pairs, however they came: ragged with offsets, or padded with a mask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdct.ops._arrays import Array, checked_offsets, finite_matrix, is_tensor, to_numpy

_Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Pairs:
    """K matches of P pairs, one after another, as the kernels want them."""

    source: _Floats  # [K, 2]
    target: _Floats  # [K, 2]
    offsets: NDArray[np.int64]  # [P + 1]
    quality: _Floats | None  # [K]
    source_frames: _Floats | None  # [K, 2]
    target_frames: _Floats | None  # [K, 2]
    mask: NDArray[np.bool_] | None = None  # [P, N] of padded pairs

    def padded(self, values: Array) -> Array:
        """Booleans [K] as the pairs came: [K], or [P, N] with False in the places that hold no match."""
        if self.mask is None:
            return values
        if not is_tensor(values):
            result = np.zeros(self.mask.shape, np.bool_)
            result[self.mask] = values
            return result
        import torch

        return in_places(values, torch.from_numpy(self.mask.copy()))


def ragged_pairs(
    source: Array, target: Array, offsets: Array | None, extras: dict[str, Array | None]
) -> Pairs:
    """Pairs from [K, 2] points and offsets; extras (quality, frames) have a row for each match or are None.

    Raises
    ------
    TypeError, ValueError
        An argument has another type or shape; the message says which and what is accepted.
    """
    if offsets is None:
        raise TypeError("offsets (for [K, 2] points) or mask (for padded [P, N, 2] points) must be given")
    source_points = finite_matrix(source, name="source", num_columns=2)  # [K, 2]
    target_points = finite_matrix(target, name="target", num_columns=2)  # [K, 2]
    if len(source_points) != len(target_points):
        raise ValueError(
            f"source and target must have a row for each match, not {len(source_points)} and {len(target_points)}"
        )
    rows = {name: _extra(value, name=name, num_matches=len(source_points)) for name, value in extras.items()}
    return Pairs(
        source_points,
        target_points,
        checked_offsets(offsets, num_rows=len(source_points), rows_of="source"),
        quality=rows["quality"],
        source_frames=rows["source_frames"],
        target_frames=rows["target_frames"],
    )


def padded_pairs(
    source: Array, target: Array, offsets: Array | None, extras: dict[str, Array | None], *, mask: Array
) -> Pairs:
    """Pairs from [P, N, 2] points of which ``mask`` [P, N] says which are there.

    Raises
    ------
    TypeError, ValueError
        An argument has another type or shape; the message says which and what is accepted.
    """
    if offsets is not None:
        raise TypeError("offsets and mask must not both be given: pairs are ragged or padded")
    present = to_numpy(mask, name="mask")  # [P, N]
    if present.dtype != np.bool_:
        raise TypeError(f"mask must be of booleans, not {present.dtype}")
    if present.ndim != 2:
        raise ValueError(f"mask must be [P, N], not {list(present.shape)}")
    rows = {
        name: None if value is None else _present_rows(value, present, name=name)
        for name, value in {"source": source, "target": target, **extras}.items()
    }
    offsets = np.cumsum([0, *present.sum(axis=1)], dtype=np.int64)  # [P + 1]
    ragged = ragged_pairs(rows.pop("source"), rows.pop("target"), offsets, rows)
    return Pairs(**{**vars(ragged), "mask": present})


def in_places(values: Any, mask: Any) -> Any:
    """Booleans [K] as the tensor ``mask`` [P, N] has its K places, False elsewhere."""
    return mask.new_zeros(mask.shape).masked_scatter_(mask, values)


def present_rows(padded: dict[str, Any], mask: Any) -> tuple[dict[str, Any], Any]:
    """Tensors [P, N, ...] as [K, ...], on their device, and offsets [P + 1]: the places where ``mask`` [P, N] is true.

    Those that are None stay so.

    Raises
    ------
    ValueError
        Another shape or type; the message says what is accepted.
    """
    if str(mask.dtype) != "torch.bool" or mask.ndim != 2:
        raise ValueError(f"mask must be bool [P, N], not {mask.dtype} {list(mask.shape)}")
    for name, value in padded.items():
        if value is not None and value.shape[:2] != mask.shape:
            raise ValueError(f"{name} must be {[*mask.shape]} and more, like mask, not {list(value.shape)}")
    counts = mask.sum(dim=1)  # int64 [P]
    offsets = counts.new_zeros(len(counts) + 1)
    offsets[1:] = counts.cumsum(dim=0)
    return {name: None if value is None else value[mask] for name, value in padded.items()}, offsets


def _present_rows(value: Array, present: NDArray[np.bool_], *, name: str) -> NDArray[Any]:
    array = to_numpy(value, name=name)
    if array.shape[:2] != present.shape:
        raise ValueError(f"{name} must be {[*present.shape]} and more, like mask, not {list(array.shape)}")
    return array[present]


def _extra(value: Array | None, *, name: str, num_matches: int) -> _Floats | None:
    if value is None:
        return None
    if name == "quality":
        column = to_numpy(value, name=name).reshape(-1, 1)  # [K, 1]
        rows = finite_matrix(column, name=name, num_columns=1)[:, 0]
    else:
        rows = finite_matrix(value, name=name, num_columns=2)
        if (rows[:, 0] <= 0).any():
            raise ValueError(f"{name} must hold (scale, angle) with positive scales")
    if len(rows) != num_matches:
        raise ValueError(f"{name} must have a row for each of the {num_matches} matches, not {len(rows)}")
    return np.ascontiguousarray(rows)
