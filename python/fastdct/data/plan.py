"""Which samples make which batch, before anything of them is read."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

import torch
from torch.utils.data import DistributedSampler

from fastdct.data.ahead import ReadAhead
from fastdct.data.samples import Dataset, Sample
from fastdct.data.shards import TarShards, Turn


@dataclass(frozen=True)
class Schedule:
    """How an epoch is cut: the settings that a resumed loader must share with the one that was stopped."""

    batch_size: int
    shuffle: bool
    drop_last: bool
    seed: int
    rank: int
    num_replicas: int


class Plan(Protocol):
    """The batches of an epoch, as entries that `sample` turns into samples."""

    def num_batches(self) -> int | None:
        """How many there are; None if that is not known before they are read."""

    def batches(self, epoch: int, *, first: int) -> Generator[Sequence[Any], None, None]:
        """The entries of each batch from number ``first`` on."""

    def sample(self, entry: Any) -> Sample:
        """Look a sample up; called from several threads at once."""

    def position(self, entry: Any) -> int:
        """Where in the dataset it stands; in a stream, a number made from its name."""


class IndexedPlan:
    """Batches of a dataset that is asked by position, shared out as `DistributedSampler` does."""

    def __init__(self, dataset: Dataset, schedule: Schedule) -> None:
        if len(dataset) == 0:
            raise ValueError("the dataset is empty; there is nothing to load")
        self._dataset, self._schedule = dataset, schedule
        self._sampler: DistributedSampler[int] = DistributedSampler(
            range(len(dataset)),  # type: ignore[arg-type]  # it only asks for the length
            num_replicas=schedule.num_replicas,
            rank=schedule.rank,
            shuffle=schedule.shuffle,
            seed=schedule.seed,
            drop_last=schedule.drop_last,
        )

    def num_batches(self) -> int:
        """Batches of an epoch in this process."""
        count, size = len(self._sampler), self._schedule.batch_size
        return count // size if self._schedule.drop_last else -(-count // size)

    def batches(self, epoch: int, *, first: int) -> Generator[Sequence[int], None, None]:
        """The positions of each batch from number ``first`` on."""
        self._sampler.set_epoch(epoch)
        positions, size = list(self._sampler), self._schedule.batch_size
        for number in range(first, self.num_batches()):
            yield positions[number * size : (number + 1) * size]

    def sample(self, entry: int) -> Sample:
        """Ask the dataset."""
        return self._dataset[entry]

    def position(self, entry: int) -> int:
        """The position itself."""
        return entry


class StreamedPlan:
    """Batches of tar shards, in the order in which their samples come."""

    def __init__(self, shards: TarShards, schedule: Schedule, *, depth: int) -> None:
        self._shards, self._schedule, self._depth = shards, schedule, depth

    def num_batches(self) -> None:
        """Not known before the shards are read."""

    def batches(self, epoch: int, *, first: int) -> Generator[Sequence[Sample], None, None]:
        """The samples of each batch from number ``first`` on; those before it are read past."""
        schedule = self._schedule
        seed = schedule.seed if schedule.shuffle else None
        samples = self._shards.samples(Turn(epoch, schedule.rank, schedule.num_replicas, seed))
        rest = islice(samples, first * schedule.batch_size, None)
        ahead = ReadAhead(_grouped(rest, schedule.batch_size), depth=self._depth)
        try:
            for batch in ahead:
                if len(batch) == schedule.batch_size or not schedule.drop_last:
                    yield batch
        finally:
            ahead.close()

    def sample(self, entry: Sample) -> Sample:
        """Already there."""
        return entry

    def position(self, entry: Sample) -> int:
        """A number made from the name, the same in every order."""
        return int.from_bytes(hashlib.blake2b(entry.name.encode(), digest_size=7).digest())


def _grouped(samples: Iterator[Sample], size: int) -> Iterator[list[Sample]]:
    while batch := list(islice(samples, size)):
        yield batch


def generator_of(*, seed: int, epoch: int, position: int) -> torch.Generator:
    """A generator for what is drawn for one sample in one epoch: not for its place, its batch or its thread."""
    key = hashlib.blake2b(struct.pack("<qqq", seed, epoch, position), digest_size=4)
    return torch.Generator().manual_seed(int.from_bytes(key.digest()))
