"""Files that the host decodes for the device, which expands what it packed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from fastdct import _C
from fastdct._gpu.backend import Backend
from fastdct._gpu.descriptors import PICTURE, PLANE, Descriptors
from fastdct._gpu.settings import Notes, Options
from fastdct._sources import Bytes

_SHIPPED, _FAILED, _LEFT = range(3)


class Shipment:
    """Of some sources those for which there is room (`fastdct._C.ship`).

    Attributes
    ----------
    left
        Positions of sources for which there was no room.
    errors
        Position → cause, of those that failed.
    num_shipped, num_done
        How many there was room for, and those with those that failed.
    num_bytes
        Of the arena, from its beginning.
    end_block
        Blocks from here on are free.
    """

    def __init__(
        self,
        sources: Sequence[str | Bytes],
        positions: list[int],
        options: Options,
        *,
        arena: Tensor,
        blocks: tuple[int, int],
    ) -> None:
        self._shipment = shipment = _C.ship(
            [sources[position] for position in positions],
            arena=arena.data_ptr(),
            num_bytes=arena.numel(),
            first_block=blocks[0],
            end_block=blocks[1],
            num_frequencies=options.num_frequencies,
            luma_only=options.luma_only,
            max_pixels=options.max_pixels,
            num_threads=options.num_threads,
            stop_at_error=False,
        )
        self.positions = positions
        states = list(enumerate(shipment.states))
        self._shipped = [row for row, state in states if state == _SHIPPED]
        self.left = [positions[row] for row, state in states if state == _LEFT]
        self.errors = {positions[row]: shipment.error(row) for row, state in states if state == _FAILED}
        self.num_shipped, self.num_done = len(self._shipped), len(positions) - len(self.left)
        self.num_bytes, self.end_block = shipment.num_bytes, shipment.end_block

    def needed(self) -> tuple[int, int]:
        """Bytes and blocks that the first source takes; it was read in any case."""
        return self._shipment.needed(0)

    def launch(self, backend: Backend, arena: Tensor, coefficients: Tensor) -> None:
        """Let the device expand."""
        backend.launch(
            "expand",
            arena=arena.data_ptr(),
            first_group=self._shipment.first_group,
            num_groups=self._shipment.num_groups,
            coefficients=coefficients.data_ptr(),
        )

    def describe(self) -> Descriptors:
        """The pictures that were shipped; their rows are positions."""
        bytes_of_pictures, planes, tables = self._shipment.descriptors()
        pictures: NDArray[np.void] = bytes_of_pictures.view(PICTURE)
        pictures["row"] = np.array(self.positions)[pictures["row"]]
        return Descriptors(pictures, planes.view(PLANE), tables)

    def notes(self) -> Notes:
        """Of the pictures that were shipped."""
        shipment = self._shipment
        return {self.positions[row]: (shipment.header(row), shipment.warnings(row)) for row in self._shipped}
