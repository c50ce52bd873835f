"""Diffusion over the graph of nearest neighbours: Iscen et al., "Efficient diffusion on region manifolds" (CVPR 2017).

The affinity of two images is max(cosine, 0)^γ where each is among the k nearest of the other, else 0. With W the
affinities, D the diagonal of their row sums, S = D^-1/2 · W · D^-1/2 and y the affinities of the query to its nearest
images, the images are ranked by the solution f of (I - α·S) f = y (equation 8), found by conjugate gradients. For a
large database the graph is cut down to the best candidates of the query first (section 4.4) and normalised afterwards.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastdct.retrieval.steps.base import Candidates, Database, Step
from fastdct.retrieval.vectors import Vectors

_ITERATIONS, _TOLERANCE = 20, 1e-6  # of conjugate gradients: those of the authors' program


@dataclass(frozen=True)
class Diffusion(Step):
    """Order the candidates by diffusion from the query. Defaults are those of the authors' program for global vectors.

    Attributes
    ----------
    alpha
        How far similarity travels, in [0, 1).
    num_neighbours
        k, neighbours of an image in the graph, itself counted.
    num_seeds
        Nearest images of the query from which diffusion starts.
    gamma
        Exponent of the similarity.
    truncation
        Candidates that the graph is cut down to; those beyond it keep their places.
    """

    alpha: float = 0.99
    num_neighbours: int = 50
    num_seeds: int = 10
    gamma: float = 3.0
    truncation: int = 10_000

    def __post_init__(self) -> None:
        if not 0 <= self.alpha < 1:
            raise ValueError(f"alpha of diffusion must be in [0, 1), not {self.alpha}")
        if min(self.num_neighbours, self.num_seeds, self.truncation) < 1 or not 0 < self.gamma < math.inf:
            raise ValueError(f"counts must be at least 1 and gamma finite and positive, not {self}")

    @property
    def depth(self) -> int:
        """The candidates that the graph is cut down to."""
        return self.truncation

    def rank(self, candidates: Candidates, database: Database) -> Candidates:
        """Order the first candidates by diffusion; those that it does not reach stay in the order they had."""
        rows = candidates.rows[: self.truncation]  # [T]
        neighbours, weights = self._graph(rows, database.vectors)  # [T, k] both
        degrees = weights.sum(axis=1)  # [T]
        scale = np.where(degrees > 0, 1 / np.sqrt(np.maximum(degrees, np.finfo(np.float64).tiny)), 0)
        transition = weights * scale[:, None] * scale[neighbours]  # S, a row's neighbours at a time

        def laplacian(f: NDArray[np.float64]) -> NDArray[np.float64]:  # [T] -> [T]
            return np.asarray(f - self.alpha * (transition * f[neighbours]).sum(axis=1))

        similarities = database.vectors.values[rows] @ candidates.vector  # [T]
        seeds = np.zeros(len(rows))
        best = np.argsort(-similarities, kind="stable")[: self.num_seeds]
        seeds[best] = self._affinity(similarities[best])
        return candidates.reordered(np.argsort(-conjugate_gradients(laplacian, seeds), kind="stable"))

    def _graph(
        self, rows: NDArray[np.int64], vectors: Vectors
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """For each of ``rows`` [T] the places of its neighbours among them, and the affinities, 0 where not mutual."""
        whole = vectors.graph(self.num_neighbours)
        places = np.full(len(vectors), -1)
        places[rows] = np.arange(len(rows))
        neighbours = places[whole.rows[rows]]  # [T, k]; -1: outside
        own = np.arange(len(rows))[:, None]  # [T, 1]
        inside = (neighbours >= 0) & (neighbours != own)
        edges = own * len(rows) + neighbours  # [T, k]
        mutual = inside & np.isin(neighbours * len(rows) + own, edges[inside])
        return neighbours, np.where(mutual, self._affinity(whole.similarities[rows]), 0)

    def _affinity(self, similarities: NDArray[np.float32]) -> NDArray[np.float64]:
        return np.maximum(similarities.astype(np.float64), 0) ** self.gamma


def conjugate_gradients(
    apply: Callable[[NDArray[np.float64]], NDArray[np.float64]], target: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Solve A x = ``target`` [T] from x = 0, A symmetric and positive definite, given as a function."""
    x = np.zeros_like(target)
    residual = target.copy()
    direction = residual
    squared = residual @ residual
    enough = _TOLERANCE**2 * squared
    for _ in range(_ITERATIONS):
        if squared <= enough:
            break
        image = apply(direction)
        step = squared / (direction @ image)
        x = x + step * direction
        residual = residual - step * image
        previous, squared = squared, residual @ residual
        direction = residual + squared / previous * direction
    return x
