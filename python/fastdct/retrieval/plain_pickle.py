"""Reading pickles of plain data without running anything that they name.

A pickle may name any callable of any module, and loading it calls that. Here lists, tuples, dictionaries, text,
numbers and None are read, and arrays of numbers; every other name is an error. numpy's own functions are not called
either: what a pickle says of an array is taken as bytes and a type, and checked.
"""

from __future__ import annotations

import io
import pickle
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

_NUMBER = re.compile(r"[iuf][1248]|b1")


class PlainPickleError(ValueError):
    """A pickle that holds more than plain data, or is damaged."""


def load_plain(data: bytes) -> Any:
    """What the pickle ``data`` holds.

    Raises
    ------
    PlainPickleError
        It names something that is not plain data, or is damaged.
    """
    try:
        return _finished(_Unpickler(io.BytesIO(data), encoding="latin1").load())
    except PlainPickleError:
        raise
    except Exception as error:  # a damaged pickle can raise nearly anything
        raise PlainPickleError(f"this is not a sound pickle: {type(error).__name__}: {error}") from error


class _Dtype:
    """Stands for numpy.dtype: a code, and the byte order that its state brings."""

    def __init__(self, code: str, *_: Any) -> None:
        if not isinstance(code, str) or not _NUMBER.fullmatch(code):
            raise PlainPickleError(f"it holds an array of {code!r}; only arrays of numbers are read")
        self.code, self.order = code, "="

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        if state[1] not in ("<", ">", "|"):
            raise PlainPickleError(f"it holds an array of an unknown byte order {state[1]!r}")
        self.order = state[1].replace("|", "=")

    def numpy(self) -> np.dtype[Any]:
        return np.dtype(self.order + self.code)


class _Array:
    """Stands for numpy.ndarray while the pickle is read."""

    values: NDArray[Any] | None = None

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, dtype, fortran, data = state
        data = data.encode("latin1") if isinstance(data, str) else data  # written by Python 2
        if not isinstance(dtype, _Dtype) or not isinstance(data, bytes):
            raise PlainPickleError("it holds an array that is not of numbers")
        flat = np.frombuffer(data, dtype.numpy())
        self.values = flat.reshape(shape, order="F" if fortran else "C")


def _array(*_: Any) -> _Array:
    return _Array()


def _array_from_buffer(data: Any, dtype: Any, shape: Any, order: Any) -> _Array:
    array = _Array()
    array.__setstate__((1, shape, dtype, order == "F", bytes(data)))
    return array


def _scalar(dtype: Any, data: Any) -> Any:
    return _array_from_buffer(data, dtype, (), "C").values.item()  # type: ignore[union-attr]


def _encode(text: str, encoding: str) -> bytes:
    """Stands for codecs.encode, by which protocol 2 writes bytes."""
    if encoding != "latin1":
        raise PlainPickleError(f"it encodes text as {encoding!r}; bytes are written as latin1")
    return text.encode("latin1")


def _no_bytes() -> bytes:
    """Stands for bytes(), by which protocols 0 to 2 write empty ones."""
    return b""


_ALLOWED: dict[tuple[str, str], Any] = {
    ("_codecs", "encode"): _encode,
    ("__builtin__", "bytes"): _no_bytes,
}
for _package in ("numpy", "numpy.core", "numpy._core"):
    _ALLOWED[_package, "ndarray"] = _Array
    _ALLOWED[_package, "dtype"] = _Dtype
    _ALLOWED[f"{_package}.multiarray", "_reconstruct"] = _array
    _ALLOWED[f"{_package}.multiarray", "scalar"] = _scalar
    _ALLOWED[f"{_package}.numeric", "_frombuffer"] = _array_from_buffer


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str, /) -> Any:
        try:
            return _ALLOWED[module, name]
        except KeyError:
            raise PlainPickleError(
                f"it names {module}.{name}, which is not plain data; nothing was run"
            ) from None

    def persistent_load(self, pid: Any, /) -> Any:
        raise PlainPickleError("it refers to objects outside of it")


def _finished(value: Any) -> Any:
    """The same with arrays in place of what stood for them."""
    if isinstance(value, _Array):
        if value.values is None:
            raise PlainPickleError("it holds an array without values")
        return value.values
    if isinstance(value, list | tuple):
        return type(value)(map(_finished, value))
    if isinstance(value, dict):
        return {key: _finished(item) for key, item in value.items()}
    if value is None or isinstance(value, str | bytes | int | float):
        return value
    raise PlainPickleError(f"it holds {type(value).__name__}, which is not plain data")
