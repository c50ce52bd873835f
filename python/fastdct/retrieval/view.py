"""The global descriptors of an index in memory, searched exactly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdct._extras import require


class GlobalView:
    """Exact nearest neighbours by inner product: a flat FAISS index, no approximation.

    Parameters
    ----------
    names
        Names of the N images.
    row_ids
        int [N]: their rows in the table, at the version of the table that was read.
    descriptors
        float32 [N, D], contiguous and L2-normalised, so that the inner product is the cosine.
    """

    def __init__(self, names: Sequence[str], row_ids: NDArray[Any], descriptors: NDArray[np.float32]) -> None:
        self.names = tuple(names)
        self.row_ids = row_ids
        self.descriptors = descriptors
        self._positions = {name: position for position, name in enumerate(self.names)}
        self._index = require("faiss", extra="index").IndexFlatIP(descriptors.shape[1])
        self._index.add(descriptors)

    def position(self, name: str) -> int:
        """The place of the image ``name`` in `names`; a KeyError names an image that is not there."""
        return self._positions[name]

    def nearest(self, descriptor: NDArray[np.float32], *, top_k: int) -> list[tuple[str, float]]:
        """The ``top_k`` images most similar to ``descriptor`` [D], as (name, cosine), most similar first.

        Equal similarities are ordered by name, so that the answer does not depend on the order of adding.
        """
        count = min(top_k, len(self.names))
        if count == 0:
            return []
        similarities, positions = self._index.search(descriptor[None], count)  # [1, count] both
        found = zip(positions[0].tolist(), similarities[0].tolist(), strict=True)
        return sorted(((self.names[i], s) for i, s in found), key=lambda hit: (-hit[1], hit[0]))
