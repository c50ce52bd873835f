"""Descriptors of many images in memory, searched exactly."""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastdct._extras import require
from fastdct.retrieval.features import Floats


class Neighbours(NamedTuple):
    """The k most similar vectors for each of B queries, most similar first; equal ones in order of their rows."""

    rows: NDArray[np.int64]  # [B, k]
    similarities: Floats  # [B, k]


class Vectors:
    """N vectors and their nearest neighbours by inner product: a flat FAISS index, no approximation.

    Parameters
    ----------
    values
        float32 [N, D], contiguous and L2-normalised, so that the inner product is the cosine.
    """

    def __init__(self, values: Floats) -> None:
        self.values = values
        self._graphs: dict[int, Neighbours] = {}

    def __len__(self) -> int:
        """Number of vectors."""
        return len(self.values)

    def nearest(self, queries: Floats, *, top_k: int) -> Neighbours:
        """The ``top_k`` vectors (all, if there are fewer) most similar to each of ``queries`` [B, D].

        Raises
        ------
        ValueError
            The queries have another length.
        """
        if queries.ndim != 2 or queries.shape[1] != self.values.shape[1]:
            raise ValueError(
                f"these are descriptors of {self.values.shape[1]} values; a query of {queries.shape[1:]} does not fit"
            )
        count = min(top_k, len(self))
        if count == 0:
            return Neighbours(np.empty((len(queries), 0), np.int64), np.empty((len(queries), 0), np.float32))
        similarities, rows = self._index.search(queries, count)  # [B, k] both
        order = np.lexsort((rows, -similarities), axis=-1)
        return Neighbours(
            np.take_along_axis(rows, order, axis=1), np.take_along_axis(similarities, order, axis=1)
        )

    def graph(self, num_neighbours: int) -> Neighbours:
        """The nearest neighbours of every vector, itself among them: [N, k], made once and kept."""
        if num_neighbours not in self._graphs:
            self._graphs[num_neighbours] = self.nearest(self.values, top_k=num_neighbours)
        return self._graphs[num_neighbours]

    @cached_property
    def _index(self) -> Any:
        index = require("faiss", extra="index").IndexFlatIP(self.values.shape[1])
        index.add(self.values)
        return index


def unit(values: NDArray[np.floating[Any]]) -> Floats:
    """float32 rows (of the last axis) scaled to length 1; a row of zeros stays zeros."""
    norms = np.linalg.norm(values, axis=-1, keepdims=True)
    return np.ascontiguousarray(values / np.maximum(norms, np.finfo(np.float32).tiny), dtype=np.float32)
