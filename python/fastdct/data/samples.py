"""What a dataset is: anything that can be counted and asked for the sample at a position."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from fastdct.decoder import Picture


class Sample(NamedTuple):
    """One picture on its way into a batch."""

    source: Picture
    label: Any  # an int where the labels of a batch are to become a tensor; None without labels
    name: str  # what errors call it


class Dataset(Protocol):
    """Pictures that are asked for by position. `__getitem__` is called from several threads at once."""

    def __len__(self) -> int: ...
    def __getitem__(self, position: int, /) -> Sample: ...


class Sources:
    """Any list of sources: paths, bytes, arrays, images already read.

    Parameters
    ----------
    sources
        The pictures.
    labels
        One for each, if there are any.

    Raises
    ------
    ValueError
        There are not as many labels as sources.
    """

    def __init__(self, sources: Sequence[Picture], labels: Sequence[Any] | None = None) -> None:
        if labels is not None and len(labels) != len(sources):
            raise ValueError(f"{len(labels)} labels for {len(sources)} sources; give one for each")
        self.sources, self.labels = sources, labels

    def __len__(self) -> int:
        return len(self.sources)

    def __getitem__(self, position: int, /) -> Sample:
        source = self.sources[position]
        name = str(source) if isinstance(source, str | Path) else f"sources[{position}]"
        return Sample(source, None if self.labels is None else self.labels[position], name)
