"""One batch on its way to a device that decodes it: files are read by several threads and launched by one."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

from fastdct._gpu import engine as engines
from fastdct._gpu.backend import Backend, Mark
from fastdct._sources import load
from fastdct.data.batch import BatchInWork, Finished, joined, settled, shares
from fastdct.data.rows import Photometric, RowMaker, Rows
from fastdct.decoder import Decoder
from fastdct.jpeg import JpegError, JpegImage
from fastdct.reference.transform import Planes


class _Launched(NamedTuple):
    """A batch that the device has been told to make; ``mark`` is when it has."""

    rows: Rows
    tensor: Tensor
    chroma: Tensor | None
    mark: Mark


class DeviceBatchMaker:
    """Decodes batches on the device of a decoder, beside whatever else that does."""

    def __init__(
        self, rows: RowMaker, decoder: Decoder, photometric: Photometric | None, *, num_threads: int
    ) -> None:
        self._decoder = copy.copy(decoder)
        self._decoder.num_threads, self._decoder.on_error = num_threads, "mask"
        self._rows, self._photometric = rows, photometric
        self._backend = engines.engine_of(decoder.device).backend
        self._num_threads = num_threads

    def begin(self, entries: Sequence[Any], *, epoch: int, pool: Executor) -> BatchInWork:
        """Give the rows of a batch to the threads of ``pool``."""
        some = shares(len(entries), self._num_threads)
        parts = [pool.submit(self._read, entries[rows], epoch) for rows in some]
        # A pool begins its work in order: what reads the rows has begun before this one waits for it.
        launched = pool.submit(self._launch, parts)
        positions = torch.tensor([self._rows.plan.position(entry) for entry in entries])
        return _DeviceBatch(self._backend, positions, launched)

    def _read(self, entries: Sequence[Any], epoch: int) -> Rows:
        """Rows whose sources are in memory."""
        rows = self._rows.rows(entries, epoch=epoch)
        for row, sample in enumerate(rows.samples):
            if isinstance(sample.source, JpegImage | Planes):
                continue
            try:
                rows.samples[row] = sample._replace(source=load(sample.source))
            except JpegError as error:
                rows.errors.setdefault(row, JpegError(sample.name, error.cause))
                rows.samples[row] = sample._replace(source=b"")  # keeps the row's place, and fails again
        return rows

    def _launch(self, parts: list[Future[Rows]]) -> _Launched:
        rows = joined([part.result() for part in parts])
        with self._backend.beside():
            sources = [sample.source for sample in rows.samples]
            decoded = self._decoder(sources, windows=rows.rules(self._decoder.window))
            rows.add_errors(decoded)
            rows.change(self._photometric, decoded.tensor, self._decoder)
            return _Launched(rows, decoded.tensor, decoded.chroma, self._backend.mark())


@dataclass(frozen=True)
class _DeviceBatch:
    backend: Backend
    positions: Tensor
    launched: Future[_Launched]

    def finish(self, on_error: str) -> Finished:
        """Let the current stream wait for the batch; what was noted of its rows joins it on the device."""
        rows, tensor, chroma, mark = self.launched.result()
        self.backend.follow(mark, [part for part in (tensor, chroma) if part is not None])
        batch, errors = settled(rows, self.positions, tensor, chroma, on_error=on_error)
        labels = self._moved(batch.labels) if isinstance(batch.labels, Tensor) else batch.labels
        small = {"labels": labels, "positions": self._moved(batch.positions), "mask": self._moved(batch.mask)}
        return batch._replace(**small), errors

    def _moved(self, values: Tensor) -> Tensor:
        return self.backend.upload(values.numpy()).view(values.dtype)
