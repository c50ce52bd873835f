"""The names and global descriptors of an index in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdct.retrieval.features import Floats
from fastdct.retrieval.vectors import Vectors


class GlobalView:
    """The images of an index, sorted by name, so that no answer depends on the order in which they were added.

    Parameters
    ----------
    names
        Names of the N images, in any order.
    row_ids
        int [N]: their rows in the table, at the version of the table that was read.
    descriptors
        float32 [N, D], L2-normalised.
    """

    def __init__(self, names: Sequence[str], row_ids: NDArray[Any], descriptors: Floats) -> None:
        order = sorted(range(len(names)), key=names.__getitem__)
        self.names = tuple(names[i] for i in order)
        self.row_ids = row_ids[order]
        self.vectors = Vectors(np.ascontiguousarray(descriptors[order]))
        self._positions = {name: position for position, name in enumerate(self.names)}

    def positions(self, names: Iterable[str]) -> list[int]:
        """The place of each image in `names`; a KeyError names one that is not there."""
        return [self._positions[name] for name in names]

    def known(self, names: Iterable[str]) -> NDArray[np.int64]:
        """The places of those of the images that are there."""
        return np.array([self._positions[name] for name in names if name in self._positions], np.int64)

    def part(self, places: Sequence[int]) -> GlobalView:
        """Some of the images."""
        rows = np.asarray(places, np.int64)
        return GlobalView([self.names[row] for row in rows], self.row_ids[rows], self.vectors.values[rows])
