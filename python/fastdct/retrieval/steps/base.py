"""What every step of a ranking takes and gives."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastdct.retrieval.features import Features, Floats, LocalFeatures
from fastdct.retrieval.vectors import Vectors
from fastdct.retrieval.verification import Verification


class Database(NamedTuple):
    """What is ranked: the global descriptors of N images, and their local features by row."""

    vectors: Vectors
    fetch: Callable[[NDArray[np.int64]], LocalFeatures]


class Verified(NamedTuple):
    """The rows that were verified, and what came out for each of them."""

    rows: NDArray[np.int64]
    result: Verification


@dataclass(frozen=True, eq=False)
class Candidates:
    """A ranking on its way through the steps.

    Attributes
    ----------
    query
        The query's features, as extracted.
    vector
        float32 [D]: what stands for the query among the vectors of the database now.
    rows
        int64 [n]: rows of the database, best first.
    excluded
        int64: rows that must not be in the answer. Expansions and diffusion see them all the same: which images
        are junk is a label, and must not make a description better. Verification leaves them out of its shortlist.
    verified
        What verification found, once it has run.
    """

    query: Features
    vector: Floats
    rows: NDArray[np.int64]
    excluded: NDArray[np.int64]
    verified: Verified | None = None

    def reordered(self, order: NDArray[np.int64]) -> Candidates:
        """The first ``len(order)`` rows in another order, the others as they were."""
        return replace(self, rows=np.concatenate([self.rows[order], self.rows[len(order) :]]))

    def ranked_by(self, vector: Floats, vectors: Vectors) -> Candidates:
        """As many rows, those most similar to ``vector`` [D]."""
        rows = vectors.nearest(vector[None], top_k=len(self.rows)).rows[0]
        return replace(self, vector=vector, rows=rows)


class Step(ABC):
    """One way to a better ranking. Steps hold parameters only, and can be put in any order."""

    @property
    def depth(self) -> int:
        """How many candidates the step looks at: no fewer are ranked before it."""
        return 1

    def prepare(self, vectors: Vectors) -> Vectors:
        """The vectors [N, D'] that this step and those after it compare with, in place of ``vectors`` [N, D]."""
        return vectors

    @abstractmethod
    def rank(self, candidates: Candidates, database: Database) -> Candidates:
        """A new ranking; ``database`` holds the vectors that `prepare` returned."""
