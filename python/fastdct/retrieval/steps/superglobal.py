"""Re-ranking from global descriptors alone: Shao et al., "Global features are all you need" (ICCV 2023), section 3.3."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from fastdct.retrieval.features import Floats
from fastdct.retrieval.steps.base import Candidates, Database, Step


@dataclass(frozen=True)
class SuperGlobal(Step):
    """Refine the descriptors of the best candidates by one another and of the query by the best of those.

    A candidate becomes the mean of itself (weight 1) and its K nearest among the M (weight β times similarity); the
    expanded query is the largest value, dimension by dimension, of the K + 1 refined candidates most similar to the
    query. Candidates are ordered by the mean of their similarities to the query and to the expanded query. Refined
    vectors are not normalised again, as in the authors' program; negative similarities weigh nothing.

    Attributes
    ----------
    num_candidates
        M, the candidates that are ordered anew.
    num_neighbours
        K.
    beta
        Weight of a neighbour.
    """

    num_candidates: int = 400
    num_neighbours: int = 9
    beta: float = 0.15

    def __post_init__(self) -> None:
        if min(self.num_candidates, self.num_neighbours) < 1 or not 0 <= self.beta < math.inf:
            raise ValueError(f"counts must be at least 1 and beta finite and at least 0, not {self}")

    @property
    def depth(self) -> int:
        """M."""
        return self.num_candidates

    def rank(self, candidates: Candidates, database: Database) -> Candidates:
        """Order the first M candidates anew."""
        vectors = database.vectors.values[candidates.rows[: self.num_candidates]]  # [M, D]
        refined = self._refined(vectors)  # [M, D]
        similarities = refined @ candidates.vector  # [M]
        best = np.argsort(-similarities, kind="stable")[: self.num_neighbours + 1]
        expanded = refined[best].max(axis=0)  # [D]
        scores = (similarities + refined @ expanded) / 2  # [M]
        return candidates.reordered(np.argsort(-scores, kind="stable"))

    def _refined(self, vectors: Floats) -> Floats:
        similarities = vectors @ vectors.T  # [M, M]
        itself = np.arange(len(vectors))
        similarities[itself, itself] = np.inf  # first, also where others are equal to it
        order = np.argsort(-similarities, axis=1, kind="stable")[:, : self.num_neighbours + 1]  # [M, K + 1]
        weights = self.beta * np.maximum(np.take_along_axis(similarities, order, axis=1), 0)
        weights[:, 0] = 1
        mixed = np.einsum("mk,mkd->md", weights, vectors[order])
        return np.asarray(mixed / weights.sum(axis=1, keepdims=True))
