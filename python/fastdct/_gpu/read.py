"""Files to coefficients on a device: what `fastdct._C.read_batch` does on the host."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fastdct import _C
from fastdct._gpu.backend import Backend
from fastdct._gpu.choice import Way
from fastdct._gpu.engine import Engine
from fastdct._gpu.feed import Chunk
from fastdct._gpu.scans import Scans
from fastdct._gpu.settings import Notes, Options
from fastdct._sources import Bytes

_NUM_FREQUENCIES = 64


class DeviceRows:
    """The rows of one call, as `fastdct._C.RawBatch` has them, in tensors on a device."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._causes: dict[int, str] = {}
        self._places: dict[int, tuple[_Part, int]] = {}  # row → where it is, and its picture's number there
        self._notes: Notes = {}

    def __len__(self) -> int:
        return self._count

    def add(self, chunk: Chunk, part: _Part) -> None:
        """Rows of a chunk, instead of any that were there."""
        self._notes |= chunk.notes()
        for number, row in enumerate(chunk.descriptors.pictures["row"].tolist()):
            self._places[row] = part, number

    def fail(self, causes: dict[int, str]) -> None:
        """Rows that could not be read."""
        self._causes |= causes

    def error(self, row: int) -> str:
        """Why it could not be read."""
        return self._causes.get(row, "")

    @property
    def failed_rows(self) -> list[int]:
        """Those that could not be read."""
        return sorted(self._causes)

    @property
    def num_bytes(self) -> int:
        """Memory of the device that the rows lie in."""
        parts = {id(part): part for part, _ in self._places.values()}
        return sum(part.values.numel() * part.values.itemsize for part in parts.values())

    def row(self, index: int) -> tuple[_C.JpegHeader, list[Any], list[str]]:
        """Header, components and warnings."""
        header, warnings = self._notes[index]
        part, number = self._places[index]
        return header, part.components(number, header), warnings


@dataclass(frozen=True)
class _Part:
    """Components of a chunk's pictures: ``values`` as block- or frequency-major planes that begin at ``offsets``."""

    values: Tensor  # int16 [elements]
    tables: Tensor  # uint16 [T, 8, 8]
    planes: NDArray[np.void]
    offsets: NDArray[np.int64]
    first_planes: NDArray[np.int64]  # [pictures + 1]
    num_frequencies: int | None  # of frequency-major planes

    def components(self, number: int, header: _C.JpegHeader) -> list[tuple[Tensor, Tensor, tuple[int, int]]]:
        """The components of a picture."""
        places = range(self.first_planes[number], self.first_planes[number + 1])
        return [
            (self._plane(place), self.tables[int(self.planes["quantization"][place])], (horizontal, vertical))
            for place, (horizontal, vertical) in zip(places, header.sampling, strict=False)
        ]

    def _plane(self, place: int) -> Tensor:
        num_rows, num_cols = (int(self.planes[name][place]) for name in ("num_rows", "num_cols"))
        shape = (num_rows, num_cols, 8, 8)
        if self.num_frequencies is not None:
            shape = (self.num_frequencies, num_rows, num_cols)  # type: ignore[assignment]
        size, start = int(np.prod(shape)), int(self.offsets[place])
        return self.values[start : start + size].view(shape)


def read_on_device(
    engine: Engine,
    sources: Sequence[str | Bytes],
    options: Options,
    *,
    frequency_major: bool,
    entropy: Way | Literal["auto"],
) -> DeviceRows:
    """Launch what reads the sources. Waits for the device as `fastdct._gpu.decode.decode_on_device` does."""
    rows = DeviceRows(len(sources))
    with engine.lock:
        feed = engine.feed(sources, options)
        choice = engine.choices[options.num_threads]
        with choice.turn(entropy, len(sources), finish=engine.finish) as turn:
            for chunk in chain(feed.chunks(turn.way), feed.repeated()):
                turn.num_blocks += len(chunk.coefficients)
                rows.add(chunk, _kept(engine.backend, chunk, options, frequency_major=frequency_major))
                del chunk  # the next one may have its memory, unless it is kept
        rows.fail(feed.errors)
    return rows


def _kept(backend: Backend, chunk: Chunk, options: Options, *, frequency_major: bool) -> _Part:
    """What is wanted of a chunk."""
    described, count = chunk.descriptors, options.num_frequencies
    first_planes = np.append(described.pictures["first_plane"], len(described.planes)).astype(np.int64)
    planes = described.planes
    if options.luma_only:
        planes, first_planes = planes[first_planes[:-1]], np.arange(len(first_planes))
    tables = backend.upload(described.tables).view(torch.uint16).view(-1, 8, 8)
    coefficients = chunk.coefficients
    if frequency_major:
        plan = _C.FrequencyPlan(planes, num_frequencies=count)
        values = backend.empty(2 * int(plan.offsets[-1])).view(torch.int16)
        _launch_frequencies(backend, plan, coefficients, values)
        return _Part(values, tables, planes, plan.offsets[:-1], first_planes, count)
    if count < _NUM_FREQUENCIES and any(isinstance(part, Scans) for part in chunk.parts):
        backend.launch(
            "zero_frequencies", coefficients.data_ptr(), num_blocks=len(coefficients), num_frequencies=count
        )
    sizes = 64 * planes["num_rows"].astype(np.int64) * planes["num_cols"]
    starts = 64 * planes["first_block"].astype(np.int64)
    values = coefficients.view(-1)
    if options.luma_only:
        pieces = zip(starts.tolist(), sizes.tolist(), strict=True)
        values = torch.cat([values[start : start + size] for start, size in pieces])
        starts = np.cumsum(sizes) - sizes
    return _Part(values, tables, planes, starts, first_planes, None)


def _launch_frequencies(
    backend: Backend, plan: _C.FrequencyPlan, coefficients: Tensor, target: Tensor
) -> None:
    jobs = backend.upload(plan.jobs)
    backend.launch(
        "frequency_planes",
        plan.launches,
        jobs=jobs.data_ptr(),
        coefficients=coefficients.data_ptr(),
        target=target.data_ptr(),
    )
