"""Files to tensors on a device: what `fastdct._C.decode` does on the host."""

from __future__ import annotations

from itertools import chain
from typing import Any

import numpy as np
import torch
from torch import Tensor

from fastdct import _C
from fastdct._devices import EntropyDevice
from fastdct._gpu.engine import Engine
from fastdct._gpu.feed import Chunk
from fastdct._gpu.settings import Options
from fastdct._host import Work, decode_on_host


def decode_on_device(
    engine: Engine, work: Work, tensor: Tensor, chroma: Tensor | None, *, entropy: EntropyDevice
) -> list[str | None]:
    """Launch what fills rows of tensors; why a source could not be read, or None, for each.

    Waits for the device once if it decodes Huffman codes itself, to hear what it could not, and for copies out of an
    arena that is to be filled again. What neither its entropy decoder nor its resampler takes is decoded on the host.
    """
    with engine.lock:
        return _Call(engine, work, tensor, chroma).run(entropy)


class _Call:
    def __init__(self, engine: Engine, work: Work, tensor: Tensor, chroma: Tensor | None) -> None:
        self._engine, self._work, self._tensor, self._chroma = engine, work, tensor, chroma
        is_file = np.array([not isinstance(source, _C.Picture) for source in work.sources], dtype=bool)
        self._files = np.flatnonzero(is_file)  # sources that the feed gets
        self._for_host: list[int] = np.flatnonzero(~is_file).tolist()

    def run(self, entropy: EntropyDevice) -> list[str | None]:
        files, work, engine = self._files, self._work, self._engine
        sources: list[Any] = [work.sources[index] for index in files.tolist()]
        feed = engine.feed(sources, Options(work.max_pixels, work.num_threads))
        with engine.choices[work.num_threads].turn(entropy, len(sources), finish=engine.finish) as turn:
            for chunk in chain(feed.chunks(turn.way), feed.repeated()):
                turn.num_blocks += len(chunk.coefficients)
                self._resample(chunk)
                del chunk  # the next one may have its memory
        causes: list[str | None] = [None] * len(work.sources)
        for position, error in feed.errors.items():
            causes[files[position]] = error
        for index, cause in zip(self._for_host, self._decode_on_host(), strict=True):
            causes[index] = cause
        return causes

    def _resample(self, chunk: Chunk) -> None:
        """Fill the rows of a chunk's pictures, but of those that the device's resampler does not take."""
        work, backend = self._work, self._engine.backend
        pictures, described = chunk.descriptors.pictures, chunk.descriptors
        indices = self._files[pictures["row"]]
        pictures["row"] = work.rows[indices]
        if not work.upright:
            pictures["orientation"] = 1
        taken = _C.resamples_on_device(work.assembly, pictures)
        self._for_host.extend(indices[~taken].tolist())
        if not taken.any():
            return
        plan = _C.ResamplePlan(
            work.assembly,
            pictures[taken],
            described.planes,
            work.windows[indices[taken]],
            workspace_bytes=self._engine.budget.scratch,
        )
        jobs, tables = backend.upload(plan.jobs), backend.upload(described.tables)
        workspace = backend.empty(plan.workspace_bytes)
        backend.launch(
            "resample",
            plan.launches,
            jobs=jobs.data_ptr(),
            coefficients=chunk.coefficients.data_ptr(),
            quantization=tables.data_ptr(),
            workspace=workspace.data_ptr(),
            tensor=self._tensor.data_ptr(),
            chroma=0 if self._chroma is None else self._chroma.data_ptr(),
        )

    def _decode_on_host(self) -> list[str | None]:
        """Decode what is left by the CPU alone, into memory of the host, and copy its rows."""
        if not self._for_host:
            return []
        work, backend = self._work.some(self._for_host), self._engine.backend
        sizes = work.assembly.tensor_bytes, work.assembly.chroma_bytes
        tensor, chroma = (np.empty(len(self._for_host) * size, np.uint8) for size in sizes)
        causes = decode_on_host(work, tensor.ctypes.data, chroma.ctypes.data)
        rows = backend.upload(self._work.rows[self._for_host]).view(torch.int64)
        for values, target in ((tensor, self._tensor), (chroma, self._chroma)):
            if target is not None:
                form = torch.empty_like(target[: len(rows)], device="meta")
                copied = backend.upload(values).view(target.dtype)
                target.index_copy_(0, rows, copied.as_strided(form.shape, form.stride()))
        return causes
