"""Files to blocks of coefficients in the memory of a device, chunk by chunk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from fastdct._gpu.arenas import Arena, Arenas
from fastdct._gpu.backend import Backend
from fastdct._gpu.choice import Way
from fastdct._gpu.descriptors import Descriptors, joined
from fastdct._gpu.scans import Scans
from fastdct._gpu.settings import Budget, Notes, Options
from fastdct._gpu.shipments import Shipment
from fastdct._sources import Bytes

_BLOCK_BYTES = 128
_ALIGNMENT = 256
# Sources of the first chunk that the device decodes: few, so that it soon has something to do.
_FIRST_COUNT = 64
_FASTEST_GROWTH = 4.0


@dataclass(frozen=True)
class Chunk:
    """Some of the sources, which the device has decoded, or is about to: what follows on its stream finds them so.

    ``coefficients`` are int16 [blocks, 8, 8] on the device, ``descriptors`` say whose; a picture's row is its source's
    position. ``parts`` know of every source what else the file says.
    """

    coefficients: Tensor
    descriptors: Descriptors
    parts: tuple[Scans | Shipment, ...]

    def notes(self) -> Notes:
        """Headers and warnings of all sources in the chunk."""
        return {position: note for part in self.parts for position, note in part.notes().items()}


class Feed:
    """The sources of one call on their way to a device.

    Attributes
    ----------
    errors
        Position of a source → why it cannot be read, as far as is known yet.
    """

    def __init__(
        self,
        backend: Backend,
        arenas: Arenas,
        budget: Budget,
        sources: Sequence[str | Bytes],
        options: Options,
    ) -> None:
        self._backend, self._arenas, self._budget = backend, arenas, budget
        self._sources, self._options = sources, options
        self.errors: dict[int, str] = {}
        self._for_device: list[int] = []
        self._for_cpu: list[int] = []
        self._count = _FIRST_COUNT
        self._needed = (
            0,
            0,
        )  # bytes and blocks of the first source for the CPU, if it was too large for a chunk
        self._statuses: list[tuple[Scans, Tensor]] = []

    def chunks(self, way: Way) -> Iterator[Chunk]:
        """All sources but those that fail. What the device refuses to decode is decoded here; what it fails at is not in
        order in these chunks, and comes once more from `repeated`.
        """  # noqa: D205
        positions = list(range(len(self._sources)))
        (self._for_device if way == "cuda" else self._for_cpu).extend(positions)
        yield from self._chunks()

    def repeated(self) -> Iterator[Chunk]:
        """What the device failed at, decoded here. Waits for the device, if that has decoded anything."""
        if not self._statuses:
            return
        found = self._backend.download([statuses for _, statuses in self._statuses]) != 0
        taken = np.concatenate([scans.taken for scans, _ in self._statuses])
        positions = np.array([position for scans, _ in self._statuses for position in scans.positions])
        self._statuses.clear()
        self._for_cpu.extend(positions[found & taken].tolist())
        yield from self._chunks()

    def _chunks(self) -> Iterator[Chunk]:
        while self._for_device or self._for_cpu:
            scans = self._next_scans()
            scan_bytes = 0 if scans is None else -(-scans.num_bytes // _ALIGNMENT) * _ALIGNMENT
            arena = self._arenas.next(at_least=max(scan_bytes, self._needed[0]))
            if scans is not None:
                scans.write(arena.host)
            shipment = self._next_shipment(arena.host[scan_bytes:], 0 if scans is None else scans.num_blocks)
            if scans is not None or shipment is not None:
                yield self._launched(arena, scan_bytes, scans, shipment)

    def _next_scans(self) -> Scans | None:
        """As many of the sources for the device as fit; those that it refuses are left to the CPU."""
        while self._for_device:
            positions = self._for_device[: self._count]
            scans = Scans(self._sources, positions, self._options)
            room = self._room(scans)
            if room < 1 and len(positions) > 1:
                self._count = max(int(0.9 * room * len(positions)), 1)
                continue
            del self._for_device[: len(positions)]
            self._count = max(int(len(positions) * min(0.9 * room, _FASTEST_GROWTH)), 1)
            self._for_cpu.extend(scans.refused)
            return scans if scans.num_bytes else None
        return None

    def _room(self, scans: Scans) -> float:
        """How many times as much would be allowed."""
        budget = self._budget
        return min(
            budget.arena / max(scans.num_bytes, 1),
            budget.coefficients / max(_BLOCK_BYTES * scans.num_blocks, 1),
            budget.scratch / max(scans.workspace_bytes, 1),
        )

    def _next_shipment(self, arena: Tensor, first_block: int) -> Shipment | None:
        """As many of the sources for the CPU as there is room for behind those for the device."""
        if not self._for_cpu:
            return None
        end_block = max(self._budget.coefficients // _BLOCK_BYTES, first_block + self._needed[1])
        shipment = Shipment(
            self._sources, self._for_cpu, self._options, arena=arena, blocks=(first_block, end_block)
        )
        self._for_cpu = shipment.left
        self._needed = (0, 0) if shipment.num_done else shipment.needed()
        self.errors |= shipment.errors
        return shipment if shipment.num_shipped else None

    def _launched(
        self, arena: Arena, scan_bytes: int, scans: Scans | None, shipment: Shipment | None
    ) -> Chunk:
        """Send an arena that was filled, first with scans, then with a shipment, and let the device work on it."""
        backend = self._backend
        arena.send(scan_bytes + (0 if shipment is None else shipment.num_bytes))
        num_blocks = (
            shipment.end_block if shipment is not None else scans.num_blocks if scans is not None else 0
        )
        coefficients = backend.empty(_BLOCK_BYTES * num_blocks).view(torch.int16).view(-1, 8, 8)
        if scans is not None:
            self._statuses.append((scans, scans.launch(backend, arena.memory, coefficients)))
        if shipment is not None:
            shipment.launch(backend, arena.memory[scan_bytes:], coefficients)
        arena.release()
        parts = tuple(part for part in (scans, shipment) if part is not None)
        return Chunk(coefficients, joined([part.describe() for part in parts]), parts)
