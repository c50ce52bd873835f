"""Files that the device decodes by itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fastdct import _C
from fastdct._gpu.backend import Backend
from fastdct._gpu.descriptors import PICTURE, PLANE, Descriptors
from fastdct._gpu.settings import Notes, Options
from fastdct._sources import Bytes


class Scans:
    """Files made ready for a device to decode (`fastdct._C.ScanBatch`).

    Attributes
    ----------
    positions
        Those of the sources, among all of the call.
    refused
        Positions of those that the device does not take.
    num_blocks, num_bytes, workspace_bytes
        Blocks of coefficients, bytes of the arena, and of the device's memory that decoding works in.
    """

    def __init__(self, sources: Sequence[str | Bytes], positions: list[int], options: Options) -> None:
        self._batch = _C.ScanBatch(
            [sources[position] for position in positions],
            max_pixels=options.max_pixels,
            num_threads=options.num_threads,
        )
        self._num_threads = options.num_threads
        reasons = self._batch.reasons
        self.positions = positions
        self.taken = np.array([reason is None for reason in reasons], dtype=bool)
        self.refused = [position for position, taken in zip(positions, self.taken, strict=True) if not taken]
        self.num_blocks = self._batch.num_blocks
        self.num_bytes = self._batch.arena_bytes if self.taken.any() else 0
        self.workspace_bytes = self._batch.workspace_bytes

    def write(self, arena: Tensor) -> None:
        """Fill memory of the host."""
        self._batch.write(arena.data_ptr(), num_threads=self._num_threads)

    def launch(self, backend: Backend, arena: Tensor, coefficients: Tensor) -> Tensor:
        """Let the device decode; statuses int32 [len(positions)], of those taken 0 where it could."""
        workspace = backend.empty(self.workspace_bytes)
        statuses = backend.empty(4 * len(self.positions)).view(torch.int32)
        backend.launch(
            "decode_scans",
            self._batch.launches,
            arena=arena.data_ptr(),
            workspace=workspace.data_ptr(),
            coefficients=coefficients.data_ptr(),
            statuses=statuses.data_ptr(),
        )
        return statuses

    def describe(self) -> Descriptors:
        """The pictures that were taken, blocks from the first on; their rows are positions."""
        pictures: NDArray[np.void] = self._batch.pictures.view(PICTURE)
        pictures["row"] = np.array(self.positions)[pictures["row"]]
        return Descriptors(pictures, self._batch.planes.view(PLANE), self._batch.quantization.reshape(-1, 64))

    def notes(self) -> Notes:
        """Of the pictures that were taken: they have no warnings."""
        notes: Notes = {}
        for row in np.flatnonzero(self.taken).tolist():
            header = self._batch.header(row)
            assert header is not None  # of what was taken
            notes[self.positions[row]] = header, []
        return notes
