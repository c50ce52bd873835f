"""What `read_batch` gives: a batch of images as coefficients, in memory of the host or of a device."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, overload

import numpy as np
import numpy.typing as npt

from fastdct import _C
from fastdct._errors import JpegError
from fastdct._image import subsampling_name

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, eq=False, repr=False)
class CoefficientComponent:
    """One colour component of a row of a `CoefficientBatch`.

    Attributes
    ----------
    coefficients : int16 array, or tensor on a device, [Hb, Wb, 8, 8] or [n, Hb, Wb]
        Quantised. Block-major: natural order, vertical frequency, then horizontal; zero from the n-th frequency of the
        zig-zag order on. Frequency-major: one plane for each of the first n frequencies, in zig-zag order; rows are
        contiguous, planes and rows have gaps between them.
    quantization : uint16 array, or tensor on the same device, [8, 8]
        Step of each frequency, natural order.
    sampling : (int, int)
        Horizontal and vertical sampling factor, 1..4.
    """

    coefficients: npt.NDArray[np.int16] | torch.Tensor
    quantization: npt.NDArray[np.uint16] | torch.Tensor
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


class Rows(Protocol):
    """The memory of a batch: `_C.RawBatch`, or what is on a device."""

    def __len__(self) -> int: ...
    def error(self, row: int) -> str: ...
    def row(self, row: int, /) -> tuple[_C.JpegHeader, list[Any], list[str]]: ...
    @property
    def failed_rows(self) -> list[int]: ...
    @property
    def num_bytes(self) -> int: ...


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

    def __init__(self, raw: Rows, indices: tuple[int, ...], errors: dict[int, JpegError]) -> None:
        self._raw: Rows | None = raw
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

    def _held(self) -> Rows:
        if self._raw is None:
            raise ValueError("the memory of this batch was given to another one (out=)")
        return self._raw

    def _give_up(self) -> _C.RawBatch:
        raw = self._held()
        if not isinstance(raw, _C.RawBatch):
            raise ValueError("out is a batch in memory of the host; this one is on a device")
        self._raw = None
        return raw
