"""One batch on its way: rows decoded by several threads into one tensor."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from numbers import Integral
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from fastdct.data.rows import Photometric, RowMaker, Rows
from fastdct.decoder import Decoder
from fastdct.jpeg import JpegError

# Rows that a thread takes at once: enough that a call's cost vanishes, and the rows at its end, when fewer streams than
# the decoder interleaves are left; few enough that a batch's files need not all be in memory.
_FEWEST_ROWS, _MOST_ROWS = 8, 32


class LoadedBatch(NamedTuple):
    """What a loader yields.

    Attributes
    ----------
    tensor
        [N, C, H/8, W/8] of the decoder's dtype; RGB [N, 3, H, W].
    labels
        int64 [N]; where labels are no integers, a tuple of them; None without labels.
    positions
        int64 [N]: where in the dataset each row's picture stands. In a stream, a number made from its name.
    mask
        bool [N]: False where a picture failed under the policy ``"mask"`` and its row is zero.
    chroma
        [N, Ccb + Ccr, h/8, w/8], if the decoder gives chroma a grid of its own.
    """

    tensor: Tensor
    labels: Any
    positions: Tensor
    mask: Tensor
    chroma: Tensor | None = None


Finished = tuple[LoadedBatch, dict[str, JpegError]]  # a batch and its errors by name


class BatchInWork(Protocol):
    """A batch whose rows threads are decoding."""

    def finish(self, on_error: str) -> Finished:
        """Wait for all rows; the batch and the errors in it by the name of the picture.

        Raises
        ------
        JpegError
            A picture is bad and the policy is ``"raise"``.
        """


class BatchMaker:
    """Decodes rows on the host, each thread some of them."""

    def __init__(
        self,
        rows: RowMaker,
        decoder: Decoder,
        photometric: Photometric | None,
        *,
        num_threads: int,
        pinned: bool,
    ) -> None:
        # Every thread decodes rows of its own, and errors come back with the rows; the policy is applied to the batch.
        self._decoder = copy.copy(decoder)
        self._decoder.num_threads, self._decoder.on_error = 1, "mask"
        self._rows, self._photometric = rows, photometric
        self._num_threads, self._pinned = num_threads, pinned

    def begin(self, entries: Sequence[Any], *, epoch: int, pool: Executor) -> BatchInWork:
        """Give the rows of a batch to the threads of ``pool``."""
        with torch.inference_mode(
            False
        ):  # else threads, which have modes of their own, could not write to it
            tensor = self._decoder.empty(len(entries), pinned=self._pinned)
            chroma = self._decoder.empty_chroma(len(entries), pinned=self._pinned)

        def decode(some: slice) -> Rows:
            memory = tensor[some], None if chroma is None else chroma[some]
            return self._decode(entries[some], memory, epoch=epoch)

        parts = [pool.submit(decode, some) for some in shares(len(entries), self._num_threads)]
        positions = torch.tensor([self._rows.plan.position(entry) for entry in entries])
        return _HostBatch(tensor, chroma, positions, parts)

    def _decode(self, entries: Sequence[Any], memory: tuple[Tensor, Tensor | None], *, epoch: int) -> Rows:
        rows = self._rows.rows(entries, epoch=epoch)
        tensor, chroma = memory
        sources = [sample.source for sample in rows.samples]
        windows = rows.rules(self._decoder.window)
        rows.add_errors(self._decoder(sources, windows=windows, out=tensor, out_chroma=chroma))
        rows.change(self._photometric, tensor, self._decoder)
        return rows


def shares(count: int, num_threads: int) -> list[slice]:
    """The rows that threads take at once."""
    share = -(-count // num_threads)  # so that the threads end a batch together
    size = min(max(share, _FEWEST_ROWS), _MOST_ROWS)
    return [slice(first, first + size) for first in range(0, count, size)]


@dataclass(frozen=True)
class _HostBatch:
    tensor: Tensor
    chroma: Tensor | None
    positions: Tensor
    parts: list[Future[Rows]]

    def finish(self, on_error: str) -> Finished:
        rows = joined([part.result() for part in self.parts])
        return settled(rows, self.positions, self.tensor, self.chroma, on_error=on_error)


def joined(parts: Sequence[Rows]) -> Rows:
    """Rows of several parts, one after the other."""
    rows = Rows([], [])
    for part in parts:
        rows.errors |= {len(rows.samples) + row: error for row, error in sorted(part.errors.items())}
        rows.samples += part.samples
        rows.generators += part.generators
    return rows


def settled(
    rows: Rows, positions: Tensor, tensor: Tensor, chroma: Tensor | None, *, on_error: str
) -> Finished:
    """The batch of rows that were decoded, and the errors in it by the name of the picture.

    Raises
    ------
    JpegError
        A picture is bad and the policy is ``"raise"``.
    """
    if rows.errors and on_error == "raise":
        raise rows.errors[min(rows.errors)]
    mask = torch.tensor([row not in rows.errors for row in range(len(tensor))])
    batch = LoadedBatch(tensor, _labels(rows), positions, mask, chroma)
    named = {error.source_name: error for error in rows.errors.values()}
    return (_without_failed(batch) if rows.errors and on_error == "skip" else batch), named


def _without_failed(batch: LoadedBatch) -> LoadedBatch:
    kept, labels = batch.mask, batch.labels
    if isinstance(labels, Tensor):
        labels = labels[kept]
    elif labels is not None:
        labels = tuple(label for label, keep in zip(labels, kept.tolist(), strict=True) if keep)
    chroma = None if batch.chroma is None else batch.chroma[kept]
    return LoadedBatch(batch.tensor[kept], labels, batch.positions[kept], kept[kept], chroma)


def _labels(rows: Rows) -> Any:
    labels = [sample.label for sample in rows.samples]
    if all(isinstance(label, Integral) for label in labels):
        return torch.tensor(labels, dtype=torch.int64)
    return None if all(label is None for label in labels) else tuple(labels)
