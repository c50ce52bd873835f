"""Read many JPEG files as quantised DCT coefficients in one call. Needs numpy only."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, overload

import numpy as np
import numpy.typing as npt

from fastdct import _C
from fastdct._errors import JpegError
from fastdct._image import subsampling_name
from fastdct._sources import Bytes, Source, load, source_name
from fastdct.jpeg import DEFAULT_MAX_PIXELS

__all__ = [
    "CoefficientBatch",
    "CoefficientComponent",
    "CoefficientImage",
    "ErrorPolicy",
    "Layout",
    "read_batch",
]

Layout = Literal["block", "frequency"]
ErrorPolicy = Literal["raise", "skip", "mask"]


@dataclass(frozen=True, eq=False, repr=False)
class CoefficientComponent:
    """One colour component of a row of a `CoefficientBatch`.

    Attributes
    ----------
    coefficients : int16 array [Hb, Wb, 8, 8] or [n, Hb, Wb]
        Quantised. Block-major: natural order, vertical frequency, then horizontal; zero from the n-th frequency of the
        zig-zag order on. Frequency-major: one plane for each of the first n frequencies, in zig-zag order; rows are
        contiguous, planes and rows have gaps between them.
    quantization : uint16 array [8, 8]
        Step of each frequency, natural order.
    sampling : (int, int)
        Horizontal and vertical sampling factor, 1..4.
    """

    coefficients: npt.NDArray[np.int16]
    quantization: npt.NDArray[np.uint16]
    sampling: tuple[int, int]

    def __repr__(self) -> str:
        h, v = self.sampling
        return f"CoefficientComponent(coefficients={list(self.coefficients.shape)}, sampling={h}x{v})"


@dataclass(frozen=True, eq=False, repr=False)
class CoefficientImage:
    """A row of a `CoefficientBatch`: fields as in `JpegImage`, but only the components that were asked for."""

    height: int
    width: int
    subsampling: str
    color_space: str
    orientation: int
    components: tuple[CoefficientComponent, ...]
    warnings: tuple[str, ...]

    def __repr__(self) -> str:
        shapes = ", ".join(str(list(c.coefficients.shape)) for c in self.components)
        return f"CoefficientImage({self.height}x{self.width}, {self.subsampling}, components=[{shapes}])"


class CoefficientBatch(Sequence["CoefficientImage | None"]):
    """What `read_batch` made of its sources: a sequence of `CoefficientImage`.

    The arrays of all rows lie in memory that the batch owns and that they keep alive.

    Attributes
    ----------
    indices : tuple of int
        For each row the position of its source among the sources.
    errors : mapping of int to JpegError
        Position of a source that failed → its error. Its row is absent under ``on_error="skip"``, None under
        ``"mask"``.
    """

    def __init__(self, raw: _C.RawBatch, indices: tuple[int, ...], errors: dict[int, JpegError]) -> None:
        self._raw: _C.RawBatch | None = raw
        self.indices = indices
        self.errors: Mapping[int, JpegError] = MappingProxyType(errors)

    @property
    def num_bytes(self) -> int:
        """Memory that the batch holds."""
        return self._held().num_bytes

    def __len__(self) -> int:
        return len(self.indices)

    @overload
    def __getitem__(self, row: int) -> CoefficientImage | None: ...
    @overload
    def __getitem__(self, row: slice) -> list[CoefficientImage | None]: ...
    def __getitem__(self, row: int | slice) -> CoefficientImage | list[CoefficientImage | None] | None:
        if isinstance(row, slice):
            return [self._image(index) for index in self.indices[row]]
        return self._image(self.indices[row])

    def __iter__(self) -> Iterator[CoefficientImage | None]:
        return map(self._image, self.indices)

    def __repr__(self) -> str:
        return f"CoefficientBatch(rows={len(self)}, errors={len(self.errors)})"

    def _image(self, index: int) -> CoefficientImage | None:
        if index in self.errors:
            return None
        header, components, warnings = self._held().row(index)
        return CoefficientImage(
            header.height,
            header.width,
            subsampling_name(tuple(header.sampling)),
            header.color_space,
            header.orientation,
            tuple(CoefficientComponent(*component) for component in components),
            tuple(warnings),
        )

    def _held(self) -> _C.RawBatch:
        if self._raw is None:
            raise ValueError("the memory of this batch was given to another one (out=)")
        return self._raw

    def _give_up(self) -> _C.RawBatch:
        raw = self._held()
        self._raw = None
        return raw


def read_batch(
    sources: Sequence[Source],
    /,
    *,
    layout: Layout = "block",
    num_frequencies: int = 64,
    luma_only: bool = False,
    num_threads: int | None = None,
    on_error: ErrorPolicy = "raise",
    max_pixels: int = DEFAULT_MAX_PIXELS,
    out: CoefficientBatch | None = None,
) -> CoefficientBatch:
    """Read many JPEG files of any size and kind; every coefficient is bit-exact to libjpeg-turbo's.

    What is not asked for is skipped in the files, not stored: ``num_frequencies=1`` reads the DC alone, some 1.5 times
    as fast as everything. The interpreter lock is released, and paths are read by the same native threads that decode.
    Those threads stay for the next call; a forked child starts its own.

    Parameters
    ----------
    sources : sequence of paths and buffers, as `read` takes them
    layout : {"block", "frequency"}
        Coefficients as [Hb, Wb, 8, 8] in natural order, or as [num_frequencies, Hb, Wb] in zig-zag order.
    num_frequencies : int
        The first 1..64 of the zig-zag order.
    luma_only : bool
        The first component alone.
    num_threads : int, optional
        Default: the processors that this process may run on.
    on_error : {"raise", "skip", "mask"}
        Raise the error of the first source that failed, leave its row out, or make it None.
    max_pixels : int
        Images with more pixels (height * width) are errors, found before memory is allocated for them.
    out : CoefficientBatch, optional
        An earlier result whose memory is used again where it is large enough. That result, and every array taken from
        it, must no longer be needed: the arrays are overwritten.

    Raises
    ------
    JpegError
        A source is bad and the policy is ``"raise"``: the cause that `read` would give.
    TypeError, ValueError
        ``sources`` is a single source or holds none, or an option has no such value.
    """
    if isinstance(sources, str | os.PathLike | bytes | bytearray | memoryview):
        raise TypeError("sources is a sequence of sources; put a single one into a list")
    _check_choice("layout", layout, ("block", "frequency"))
    _check_choice("on_error", on_error, ("raise", "skip", "mask"))
    _check_range("num_frequencies", num_frequencies, 64)
    if num_threads is not None:
        _check_range("num_threads", num_threads, 1024)
    raw = _C.read_batch(
        [_native(source) for source in sources],
        frequency_major=layout == "frequency",
        num_frequencies=num_frequencies,
        luma_only=luma_only,
        max_pixels=max_pixels,
        num_threads=_C.num_available_cpus() if num_threads is None else num_threads,
        stop_at_error=on_error == "raise",
        out=None if out is None else out._give_up(),
    )
    errors = {row: JpegError(source_name(sources[row]), raw.error(row)) for row in raw.failed_rows}
    if errors and on_error == "raise":
        raise errors[min(errors)]
    rows = range(len(raw))
    indices = tuple(row for row in rows if row not in errors) if on_error == "skip" else tuple(rows)
    return CoefficientBatch(raw, indices, errors)


def _native(source: Source) -> str | Bytes:
    return os.fsdecode(source) if isinstance(source, str | os.PathLike) else load(source)


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{name} is {' or '.join(map(repr, choices))}, not {value!r}")


def _check_range(name: str, value: int, largest: int) -> None:
    if not 1 <= value <= largest:
        raise ValueError(f"{name} is 1..{largest}, not {value!r}")
