"""WebDataset shards: tar files read from end to end, nothing extracted.

A sample is a run of members that share a name up to its first dot: ``000123.jpg``, ``000123.cls``.
"""

from __future__ import annotations

import os
import random
import re
import tarfile
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from fastdct.data.labelled import JPEG_SUFFIXES
from fastdct.data.samples import Sample

_RANGE = re.compile(r"\{(\d+)\.\.(\d+)\}")


class Turn(NamedTuple):
    """Which part of the data a reader takes, and in which order."""

    epoch: int = 0
    rank: int = 0
    num_replicas: int = 1
    seed: int | None = None  # None: in the order of the shards


class TarShards:
    """Samples of tar shards. Readers share the shards out, so there must be as many shards as readers.

    Parameters
    ----------
    shards
        Paths, or one pattern such as ``"train-{0000..0146}.tar"``. Compressed ones are read too.
    label
        Suffix of the member that holds the class as a decimal number; None if there are no labels.
    buffer
        Samples among which the next one is drawn when shuffling; the order of shards is shuffled as well.

    Raises
    ------
    ValueError
        There is no shard.
    """

    def __init__(
        self,
        shards: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
        *,
        label: str | None = "cls",
        buffer: int = 1000,
    ) -> None:
        if isinstance(shards, str | os.PathLike):
            shards = expand(os.fspath(shards))
        self.shards = tuple(Path(shard) for shard in shards)
        if not self.shards:
            raise ValueError("no shards; give paths, or a pattern such as train-{0000..0146}.tar")
        if buffer < 1:
            raise ValueError(f"buffer must be at least 1, not {buffer}")
        self.label, self.buffer = label, buffer

    def samples(self, turn: Turn = Turn()) -> Iterator[Sample]:  # noqa: B008 - a Turn cannot be changed
        """The samples of a reader's shards, one after the other; the same again for the same turn.

        Raises
        ------
        ValueError
            A shard cannot be read, a sample in it lacks a JPEG or a label, or there are fewer shards than readers.
        """
        if turn.num_replicas > len(self.shards):
            raise ValueError(
                f"{len(self.shards)} shards cannot be shared by {turn.num_replicas} readers; write more, smaller shards"
            )
        shards = list(self.shards)
        if turn.seed is None:
            return self._read(shards[turn.rank :: turn.num_replicas])
        # All readers shuffle the shards alike, and each its own samples.
        random.Random(f"shards {turn.seed} {turn.epoch}").shuffle(shards)
        own = random.Random(f"samples {turn.seed} {turn.epoch} {turn.rank}")
        return self._shuffled(self._read(shards[turn.rank :: turn.num_replicas]), own)

    def _read(self, shards: Sequence[Path]) -> Iterator[Sample]:
        for shard in shards:
            for key, members in groupby(_members(shard), key=lambda member: member.key):
                yield self._sample(shard, key, {member.suffix: member.data for member in members})

    def _sample(self, shard: Path, key: str, members: dict[str, bytes]) -> Sample:
        suffix = next((suffix for suffix in members if f".{suffix}" in JPEG_SUFFIXES), None)
        if suffix is None:
            raise ValueError(f"{shard}: the sample {key!r} has no JPEG among its members {sorted(members)}")
        return Sample(members[suffix], self._label(shard, key, members), f"{shard}:{key}.{suffix}")

    def _label(self, shard: Path, key: str, members: dict[str, bytes]) -> int | None:
        if self.label is None:
            return None
        if self.label not in members:
            raise ValueError(
                f"{shard}: the sample {key!r} has no {self.label!r} among its members {sorted(members)}"
            )
        try:
            return int(members[self.label])
        except ValueError:
            raise ValueError(
                f"{shard}: {key}.{self.label} is no decimal number: {members[self.label][:20]!r}"
            ) from None

    def _shuffled(self, samples: Iterator[Sample], chance: random.Random) -> Iterator[Sample]:
        held: list[Sample] = []
        for sample in samples:
            held.append(sample)
            if len(held) >= self.buffer:
                yield _taken(held, chance)
        while held:
            yield _taken(held, chance)


class _Member(NamedTuple):
    key: str
    suffix: str
    data: bytes


def _members(shard: Path) -> Iterator[_Member]:
    """The files of a shard, by one sequential read."""
    try:
        with tarfile.open(shard, "r|*") as archive:
            for member in archive:
                file = archive.extractfile(member) if member.isfile() else None
                if file is not None:
                    folder, _, base = member.name.rpartition("/")
                    stem, _, suffix = base.partition(".")
                    yield _Member(f"{folder}/{stem}" if folder else stem, suffix.lower(), file.read())
    except (tarfile.TarError, EOFError, OSError) as error:
        raise ValueError(f"{shard}: cannot be read as a tar shard: {error}") from error


def _taken(held: list[Sample], chance: random.Random) -> Sample:
    """Take any sample; the last one takes its place, so that nothing is moved."""
    place = chance.randrange(len(held))
    held[place], held[-1] = held[-1], held[place]
    return held.pop()


def expand(pattern: str) -> list[str]:
    """The names that ``{first..last}`` stands for, digits padded as in ``first``.

    >>> expand("train-{008..010}.tar")
    ['train-008.tar', 'train-009.tar', 'train-010.tar']
    """
    found = _RANGE.search(pattern)
    if found is None:
        return [pattern]
    first, last = found.groups()
    head, tail = pattern[: found.start()], pattern[found.end() :]
    numbers = range(int(first), int(last) + 1)
    return [name for number in numbers for name in expand(f"{head}{number:0{len(first)}}{tail}")]
