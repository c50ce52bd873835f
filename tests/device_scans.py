"""Batches decoded as a device would, on the host."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fastdct import _C

SUBSEQUENCE_BITS = (128, 256, 512, 1024, 4096, 8192, 16384)
DAMAGED, OVERFLOW, IMPOSSIBLE_DC = 1, 2, 4  # csrc/jpeg/device/status.h


def aligned(num_bytes: int, fill: int) -> npt.NDArray[np.uint8]:
    """Memory aligned as a device's is, full of what nobody should read."""
    memory = np.full(num_bytes + 256, fill, np.uint8)
    first = -memory.ctypes.data % 256
    return memory[first : first + num_bytes]


@dataclasses.dataclass
class Decoded:
    batch: Any
    statuses: npt.NDArray[np.uint32]
    blocks: npt.NDArray[np.int16]
    num_bits: int  # that threads passed over
    num_pages: int

    def components(self, row: int) -> list[npt.NDArray[np.int16]]:
        """The coefficients [Hb, Wb, 8, 8] of each component."""
        first, end = self.batch.first_plane[row : row + 2]
        grids = []
        for plane in self.batch.planes[first:end]:
            begin, *shape = (int(plane[name]) for name in ("first_block", "num_rows", "num_cols"))
            grids.append(self.blocks[begin : begin + shape[0] * shape[1]].reshape(*shape, 8, 8))
        return grids

    def num_blocks(self, row: int) -> int:
        return sum(grid.size // 64 for grid in self.components(row))


def decode(
    sources: Sequence[Any], *, subsequence_bits: int = 0, seed: int = 0, num_threads: int = 1
) -> Decoded:
    batch = _C.ScanBatch(
        sources, max_pixels=1 << 28, num_threads=num_threads, subsequence_bits=subsequence_bits
    )
    arena = aligned(batch.arena_bytes, 0x00)
    batch.write(arena.ctypes.data, num_threads=num_threads)
    workspace = aligned(batch.workspace_bytes, 0xA5)
    coefficients = aligned(batch.num_blocks * 128, 0x55)
    statuses = np.full(len(sources), 0xDEADBEEF, np.uint32)
    addresses = {"arena": arena.ctypes.data, "workspace": workspace.ctypes.data}
    _C.emulation.decode_scans(
        batch.launches,
        **addresses,
        coefficients=coefficients.ctypes.data,
        statuses=statuses.ctypes.data,
        seed=seed,
    )
    effort = _C.emulation.effort_of_scans(batch.launches, **addresses)
    return Decoded(batch, statuses, coefficients.view(np.int16).reshape(-1, 64), *effort)
