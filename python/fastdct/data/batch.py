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

from fastdct.data.plan import Plan, generator_of
from fastdct.data.samples import Sample
from fastdct.decoder import Decoder
from fastdct.geometry import Rule, Transform, Window
from fastdct.jpeg import JpegError

# Rows that a thread takes at once: enough that a call's cost vanishes, and the rows at its end, when fewer streams than
# the decoder interleaves are left; few enough that a batch's files need not all be in memory.
_FEWEST_ROWS, _MOST_ROWS = 8, 32


class Photometric(Protocol):
    """A change of one decoded window [C, H/8, W/8], such as `fastdct.photometric.ColorJitter`."""

    def __call__(self, tensor: Tensor, decoder: Decoder, *, generator: torch.Generator | None) -> Tensor:
        """The window changed; drawn from torch's default generator if none is given."""


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


@dataclass(frozen=True)
class _Drawn:
    """A rule with the generator that it is to draw from, and with whose name its errors are to begin."""

    rule: Rule
    generator: torch.Generator
    name: str

    def __call__(self, height: int, width: int) -> Window:
        try:
            if isinstance(self.rule, Transform):
                window = self.rule(height, width, generator=self.generator)
            else:
                window = self.rule(height, width)
            return window.clipped(height, width)
        except ValueError as error:
            raise ValueError(f"{self.name}: {error}") from error


@dataclass(frozen=True)
class _Part:
    """Some rows of a batch, decoded. ``errors``: row → error."""

    samples: list[Sample]
    errors: dict[int, JpegError]


class BatchMaker:
    """Decodes entries of a plan, so that a row depends on (seed, epoch, position) alone."""

    def __init__(
        self,
        plan: Plan,
        decoder: Decoder,
        photometric: Photometric | None,
        *,
        seed: int,
        num_threads: int,
    ) -> None:
        # Every thread decodes rows of its own, and errors come back with the rows; the policy is applied to the batch.
        self._decoder = copy.copy(decoder)
        self._decoder.num_threads, self._decoder.on_error = 1, "mask"
        self._plan, self._photometric, self._seed = plan, photometric, seed
        self._num_threads = num_threads

    def begin(self, entries: Sequence[Any], *, epoch: int, pinned: bool, pool: Executor) -> BatchInWork:
        """Give the rows of a batch to the threads of ``pool``."""
        with torch.inference_mode(
            False
        ):  # else threads, which have modes of their own, could not write to it
            tensor = self._decoder.empty(len(entries), pinned=pinned)
            chroma = self._decoder.empty_chroma(len(entries), pinned=pinned)

        share = -(-len(entries) // self._num_threads)  # so that the threads end a batch together
        count = min(max(share, _FEWEST_ROWS), _MOST_ROWS)

        def decode(first: int) -> _Part:
            rows = slice(first, first + count)
            memory = tensor[rows], None if chroma is None else chroma[rows]
            return self._decode(entries[rows], memory, first=first, epoch=epoch)

        parts = [pool.submit(decode, first) for first in range(0, len(entries), count)]
        positions = torch.tensor([self._plan.position(entry) for entry in entries])
        return BatchInWork(tensor, chroma, positions, parts)

    def _decode(
        self, entries: Sequence[Any], memory: tuple[Tensor, Tensor | None], *, first: int, epoch: int
    ) -> _Part:
        errors: dict[int, JpegError] = {}
        samples = [self._sample(entry, first + row, errors) for row, entry in enumerate(entries)]
        generators = [
            generator_of(seed=self._seed, epoch=epoch, position=self._plan.position(entry))
            for entry in entries
        ]
        rules = [
            _Drawn(self._decoder.window, generator, sample.name)
            for generator, sample in zip(generators, samples, strict=True)
        ]
        rows, chroma = memory
        sources = [sample.source for sample in samples]
        decoded = self._decoder(sources, windows=rules, out=rows, out_chroma=chroma)
        for row, error in decoded.errors.items():
            errors.setdefault(first + row, JpegError(samples[row].name, error.cause))
        for row, generator in enumerate(generators):
            if self._photometric is not None and first + row not in errors:
                self._change(self._photometric, rows[row], generator, samples[row].name)
        return _Part(samples, errors)

    def _sample(self, entry: Any, row: int, errors: dict[int, JpegError]) -> Sample:
        try:
            return self._plan.sample(entry)
        except JpegError as error:  # of a dataset that reads by itself
            errors[row] = error
            return Sample(b"", -1, error.source_name)  # keeps the row's place, and fails again

    def _change(self, change: Photometric, window: Tensor, generator: torch.Generator, name: str) -> None:
        try:
            window.copy_(change(window, self._decoder, generator=generator))
        except Exception as error:
            error.add_note(f"while changing {name}")
            raise


@dataclass(frozen=True)
class BatchInWork:
    """A batch whose rows threads are decoding."""

    tensor: Tensor
    chroma: Tensor | None
    positions: Tensor
    parts: list[Future[_Part]]

    def finish(self, on_error: str) -> tuple[LoadedBatch, dict[str, JpegError]]:
        """Wait for all rows; the batch and the errors in it by the name of the picture.

        Raises
        ------
        JpegError
            A picture is bad and the policy is ``"raise"``.
        """
        done = [part.result() for part in self.parts]
        errors = {row: error for part in done for row, error in sorted(part.errors.items())}
        if errors and on_error == "raise":
            raise next(iter(errors.values()))
        batch = LoadedBatch(
            self.tensor,
            _joined([sample.label for part in done for sample in part.samples]),
            self.positions,
            torch.tensor([row not in errors for row in range(len(self.tensor))]),
            self.chroma,
        )
        named = {error.source_name: error for error in errors.values()}
        return (_without_failed(batch) if errors and on_error == "skip" else batch), named


def _without_failed(batch: LoadedBatch) -> LoadedBatch:
    kept, labels = batch.mask, batch.labels
    if isinstance(labels, Tensor):
        labels = labels[kept]
    elif labels is not None:
        labels = tuple(label for label, keep in zip(labels, kept.tolist(), strict=True) if keep)
    chroma = None if batch.chroma is None else batch.chroma[kept]
    return LoadedBatch(batch.tensor[kept], labels, batch.positions[kept], kept[kept], chroma)


def _joined(labels: list[Any]) -> Any:
    if all(isinstance(label, Integral) for label in labels):
        return torch.tensor(labels, dtype=torch.int64)
    return None if all(label is None for label in labels) else tuple(labels)
