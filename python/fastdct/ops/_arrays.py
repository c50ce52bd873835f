"""What every kernel function does with its arguments: take numpy arrays or CPU tensors, check them, give back the same."""

from __future__ import annotations

import math
import sys
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = Any
"""A numpy array; in results a torch tensor where a tensor came in."""


def is_tensor(value: object) -> bool:
    """Whether ``value`` is a torch tensor. Does not import torch: what was never imported has no tensors."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def on_gpu(value: object) -> bool:
    """Whether ``value`` is a tensor on a CUDA device."""
    return is_tensor(value) and bool(value.is_cuda)  # type: ignore[attr-defined]


def to_numpy(value: Any, *, name: str) -> NDArray[Any]:
    """``value`` as an array, sharing its memory where it can.

    Raises
    ------
    ValueError
        The tensor is not on the CPU.
    """
    if not is_tensor(value):
        return np.asarray(value)
    if value.device.type != "cpu":
        raise ValueError(f"{name} is on {value.device}: pass {name}.cpu(), this kernel runs on the CPU")
    tensor = value.detach()
    return np.asarray(tensor.float().numpy() if str(tensor.dtype) == "torch.bfloat16" else tensor.numpy())


def as_tensor(array: NDArray[Any]) -> Array:
    """A tensor over the memory of ``array``, or over a copy if that must not be written to."""
    import torch

    return torch.from_numpy(array if array.flags.writeable else array.copy())


def matrix(value: Any, *, name: str, num_columns: int | None = None) -> NDArray[Any]:
    """``value`` as a matrix of real numbers, of the type it has.

    Raises
    ------
    TypeError
        Not integers or floating-point numbers.
    ValueError
        Not two-dimensional, or not ``num_columns`` wide.
    """
    array = to_numpy(value, name=name)
    if array.dtype.kind not in "fiu":
        raise TypeError(f"{name} must hold integers or floating-point numbers, not {array.dtype}")
    width = "d" if num_columns is None else num_columns
    if array.ndim != 2 or num_columns not in (None, array.shape[1]):
        raise ValueError(f"{name} must be [rows, {width}], not {list(array.shape)}")
    return array


def finite_matrix(value: Any, *, name: str, num_columns: int | None = None) -> NDArray[np.float64]:
    """``value`` as a contiguous float64 matrix of finite numbers.

    Raises
    ------
    TypeError, ValueError
        As `matrix`; or not finite, which names the first bad row.
    """
    array = np.require(matrix(value, name=name, num_columns=num_columns), np.float64, ["C", "A"])
    # A sum is finite if every number is, unless it overflows: one pass without a temporary in the usual case.
    with np.errstate(over="ignore", invalid="ignore"):
        total = array.sum()
    if not math.isfinite(total) and not np.isfinite(array).all():
        row = int(np.flatnonzero(~np.isfinite(array).all(axis=1))[0])
        raise ValueError(f"{name}[{row}] is {array[row]}: every number must be finite")
    return array


def bounded_integer(value: int, *, name: str, low: int, high: int) -> int:
    """``value`` as an int.

    Raises
    ------
    TypeError, ValueError
        Not an integer, or not between ``low`` and ``high``.
    """
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name} must be an integer, not {value!r}")
    if not low <= value <= high:
        raise ValueError(f"{name} must be between {low} and {high}, not {value}")
    return int(value)


def checked_offsets(value: Any, *, num_rows: int, rows_of: str) -> NDArray[np.int64]:
    """Offsets [P + 1] of P ragged parts: part p holds rows ``offsets[p]`` up to ``offsets[p + 1]`` of ``rows_of``.

    Raises
    ------
    TypeError
        Not integers.
    ValueError
        Not one-dimensional, or not rising (or level) from 0 to ``num_rows``.
    """
    array = to_numpy(value, name="offsets")
    if array.dtype.kind not in "iu":
        raise TypeError(f"offsets must hold integers, not {array.dtype}")
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"offsets must be [P + 1], one more than there are parts, not {list(array.shape)}")
    offsets = np.require(array, np.int64, ["C", "A"])
    if offsets[0] != 0 or offsets[-1] != num_rows:
        raise ValueError(
            f"offsets must run from 0 to {num_rows}, the rows of {rows_of}, not from {offsets[0]} to {offsets[-1]}"
        )
    falls = np.flatnonzero(np.diff(offsets) < 0)
    if falls.size:
        part = int(falls[0])
        raise ValueError(
            f"offsets must not fall, but offsets[{part + 1}] = {offsets[part + 1]} < offsets[{part}] = {offsets[part]}"
        )
    return offsets


def shapes(result: object, fields: tuple[str, ...]) -> str:
    """Write the repr of a result: the type and shape of each field."""
    parts = []
    for field in fields:
        array = getattr(result, field)
        dtype = str(array.dtype).removeprefix("torch.")
        parts.append(f"{field}={dtype}{list(array.shape)}")
    return f"{type(result).__name__}({', '.join(parts)})"
