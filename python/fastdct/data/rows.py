"""Rows of a batch before they are decoded, and after: samples, what is drawn for them, their photometric change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor

from fastdct.data.plan import Plan, generator_of
from fastdct.data.samples import Sample
from fastdct.decoder import Batch, Decoder
from fastdct.geometry import Rule, Transform, Window
from fastdct.jpeg import JpegError


class Photometric(Protocol):
    """A change of one decoded window [C, H/8, W/8], such as `fastdct.photometric.ColorJitter`."""

    def __call__(self, tensor: Tensor, decoder: Decoder, *, generator: torch.Generator | None) -> Tensor:
        """The window changed; drawn from torch's default generator if none is given."""


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


@dataclass
class Rows:
    """Some rows of a batch. ``errors``: row among these → why there is nothing in it."""

    samples: list[Sample]
    generators: list[torch.Generator]
    errors: dict[int, JpegError] = field(default_factory=dict)

    def rules(self, rule: Rule) -> list[Rule]:
        """For each row the rule, with what it is to draw from."""
        return [
            _Drawn(rule, generator, sample.name)
            for generator, sample in zip(self.generators, self.samples, strict=True)
        ]

    def add_errors(self, decoded: Batch) -> None:
        """Those of decoding, under the names of samples, but for rows that had failed before."""
        for row, error in decoded.errors.items():
            self.errors.setdefault(row, JpegError(self.samples[row].name, error.cause))

    def change(self, photometric: Photometric | None, tensor: Tensor, decoder: Decoder) -> None:
        """Change each row of ``tensor`` that holds something, in place."""
        if photometric is None:
            return
        for row, generator in enumerate(self.generators):
            if row in self.errors:
                continue
            try:
                tensor[row].copy_(photometric(tensor[row], decoder, generator=generator))
            except Exception as error:
                error.add_note(f"while changing {self.samples[row].name}")
                raise


@dataclass(frozen=True)
class RowMaker:
    """Looks samples up, so that a row depends on (seed, epoch, position) alone."""

    plan: Plan
    seed: int

    def rows(self, entries: Sequence[Any], *, epoch: int) -> Rows:
        """The rows of these entries; called from several threads at once."""
        rows = Rows([], [])
        for row, entry in enumerate(entries):
            rows.samples.append(self._sample(entry, row, rows.errors))
            position = self.plan.position(entry)
            rows.generators.append(generator_of(seed=self.seed, epoch=epoch, position=position))
        return rows

    def _sample(self, entry: Any, row: int, errors: dict[int, JpegError]) -> Sample:
        try:
            return self.plan.sample(entry)
        except JpegError as error:  # of a dataset that reads by itself
            errors[row] = error
            return Sample(b"", -1, error.source_name)  # keeps the row's place, and fails again
