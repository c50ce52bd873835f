"""Query expansion and database-side augmentation: a vector is replaced by a mean of it and its neighbours.

x' = Σ max(⟨x, y⟩, 0)^α · y over x itself and its k nearest neighbours, L2-normalised: with α = 0 average query
expansion (Chum et al., "Total recall", ICCV 2007), with α > 0 the α-weighted one (Radenović et al., "Fine-tuning CNN
image retrieval with no human annotation", TPAMI 2019, section 3.4), on the side of the database the augmentation of
Arandjelović and Zisserman ("Three things everyone should know to improve object retrieval", CVPR 2012, section 5).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from fastdct.retrieval.features import Floats
from fastdct.retrieval.steps.base import Candidates, Database, Step
from fastdct.retrieval.vectors import Vectors, unit

_ROWS = 1024  # of the database mixed at a time: the neighbours of more would not stay in cache


@dataclass(frozen=True)
class QueryExpansion(Step):
    """Rank by a mean of the query and its best candidates.

    Attributes
    ----------
    num_neighbours
        Candidates in the mean; 50 with α = 3 in Radenović et al.
    alpha
        Exponent of the similarity that weighs a candidate; 0 weighs all alike (with 10 candidates in CroW, Kalantidis
        et al. 2016).
    """

    num_neighbours: int = 50
    alpha: float = 3.0

    def __post_init__(self) -> None:
        _check(self.num_neighbours, self.alpha)

    @property
    def depth(self) -> int:
        """The candidates in the mean."""
        return self.num_neighbours

    def rank(self, candidates: Candidates, database: Database) -> Candidates:
        """Rank by the expanded query."""
        best = database.vectors.values[candidates.rows[: self.num_neighbours]]  # [k, D]
        weights = _weights(best @ candidates.vector, self.alpha)  # [k]
        return candidates.ranked_by(unit(candidates.vector + weights @ best), database.vectors)


@dataclass(frozen=True)
class DatabaseAugmentation(Step):
    """Replace every image's descriptor by a mean of it and its neighbours in the database, then rank anew.

    Attributes
    ----------
    num_neighbours
        Neighbours in the mean beside the image itself; 20 in Gordo et al., "End-to-end learning of deep visual
        representations for image retrieval", IJCV 2017.
    alpha
        As for `QueryExpansion`. (Gordo et al. weigh by rank, which α = 3 does softly; the program that they published
        later weighs as here, with k and α to be given.)
    """

    num_neighbours: int = 20
    alpha: float = 3.0

    def __post_init__(self) -> None:
        _check(self.num_neighbours, self.alpha)

    def prepare(self, vectors: Vectors) -> Vectors:
        """The augmented vectors [N, D]."""
        rows, similarities = vectors.graph(self.num_neighbours + 1)  # a vector is its own first neighbour
        weights = _weights(similarities, self.alpha)  # [N, k]
        mixed = np.empty_like(vectors.values)
        for start in range(0, len(vectors), _ROWS):
            part = slice(start, start + _ROWS)
            mixed[part] = np.einsum("nk,nkd->nd", weights[part], vectors.values[rows[part]])
        return Vectors(unit(mixed))

    def rank(self, candidates: Candidates, database: Database) -> Candidates:
        """Rank by the same query among the augmented vectors."""
        return candidates.ranked_by(candidates.vector, database.vectors)


def _weights(similarities: Floats, alpha: float) -> Floats:
    return np.maximum(similarities, 0) ** np.float32(alpha)  # 0 ** 0 is 1: an average takes all alike


def _check(num_neighbours: int, alpha: float) -> None:
    if num_neighbours < 1 or not 0 <= alpha < math.inf:
        raise ValueError(
            f"an expansion needs at least 1 neighbour and a finite alpha of at least 0, not {num_neighbours} and {alpha}"
        )
