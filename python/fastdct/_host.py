"""The host as the place where a decoder's tensors are made; `fastdct._gpu.device` is the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastdct import _C
from fastdct._decoded import Memory
from fastdct._sources import Bytes

if TYPE_CHECKING:
    import torch


class Work(NamedTuple):
    """What is to be decoded: sources, their windows [N, 5] (x1, y1, x2, y2, flip), the rows [N] that they go to, and how."""

    assembly: _C.Assembly
    sources: Sequence[Bytes | _C.Picture]
    windows: NDArray[np.float64]
    rows: NDArray[np.int64]
    upright: bool
    max_pixels: int
    num_threads: int

    def some(self, indices: list[int]) -> Work:
        """Some of the sources, to be decoded into rows of their own, counted from 0."""
        return self._replace(
            sources=[self.sources[index] for index in indices],
            windows=self.windows[indices],
            rows=np.arange(len(indices)),
        )


def decode_on_host(work: Work, tensor: int, chroma: int) -> list[str | None]:
    """Fill rows of tensors at these addresses; why a source could not be read, or None, for each."""
    return _C.decode(
        work.assembly,
        list(work.sources),
        work.windows,
        rows=work.rows.tolist(),
        tensor=tensor,
        chroma=chroma,
        num_threads=work.num_threads,
        max_pixels=work.max_pixels,
        upright=work.upright,
    )


@dataclass(frozen=True)
class Host(Memory):
    """Memory and decoding of the host."""

    def decode(self, work: Work, tensor: torch.Tensor, chroma: torch.Tensor | None) -> list[str | None]:
        """Fill rows of tensors; see `decode_on_host`."""
        return decode_on_host(work, tensor.data_ptr(), 0 if chroma is None else chroma.data_ptr())
