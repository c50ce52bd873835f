"""Whitening of global descriptors: a linear map, fitted once, after which lengths and angles mean more.

Learned from matching pairs: Mikolajczyk and Matas, "Improving descriptors for fast tree matching by optimal linear
projection" (ICCV 2007), as Radenović et al. use it (TPAMI 2019, section 3.3). From descriptors alone: PCA-whitening
(Jégou and Chum, "Negative evidences and co-occurrences in image retrieval", ECCV 2012). The protocol of the revisited
benchmarks fits either on another dataset than the one that is searched.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdct._extras import require
from fastdct._files import write_atomically
from fastdct.retrieval.features import Floats
from fastdct.retrieval.steps.base import Candidates, Database, Step
from fastdct.retrieval.vectors import Vectors, unit

# Share of the mean eigenvalue that is added to every one, so that directions without variance are not blown up.
_RIDGE = 1e-6


@dataclass(frozen=True, eq=False, repr=False)
class Whitening(Step):
    """Rank by vectors x' = P (x - m), L2-normalised.

    Attributes
    ----------
    mean
        m, float64 [D].
    projection
        P, float64 [d, D].
    """

    mean: NDArray[np.float64]
    projection: NDArray[np.float64]

    def __repr__(self) -> str:
        return f"Whitening({self.projection.shape[1]} to {self.projection.shape[0]} dimensions)"

    @classmethod
    def learned(
        cls, vectors: Floats, pairs: NDArray[np.integer[Any]], *, dims: int | None = None
    ) -> Whitening:
        """Fit to pairs that should be near: their differences become white, then the rest is rotated by PCA.

        Parameters
        ----------
        vectors
            float32 [N, D].
        pairs
            integer [P, 2]: rows of ``vectors`` that show the same thing, in the order (query, match).
        dims
            Dimensions that are kept, those of the largest variance; all if not given.

        Raises
        ------
        ValueError
            There are no pairs, or ``dims`` is not between 1 and D.
        """
        if len(pairs) == 0:
            raise ValueError("whitening is learned from matching pairs, and there are none")
        values = vectors.astype(np.float64)
        mean = values[pairs[:, 0]].mean(axis=0)  # [D]: of the queries, as in the authors' program
        differences = values[pairs[:, 0]] - values[pairs[:, 1]]  # [P, D]
        factor = np.linalg.cholesky(_regular(differences.T @ differences / len(pairs)))  # [D, D]
        within = np.linalg.inv(factor)
        centred = (values - mean) @ within.T  # [N, D]
        _, directions = _principal(centred.T @ centred, _checked(dims, values.shape[1]))
        return cls(mean, directions @ within)

    @classmethod
    def pca(cls, vectors: Floats, *, dims: int | None = None) -> Whitening:
        """Fit to ``vectors`` [N, D]: the ``dims`` directions of the largest variance (all if not given), each scaled to 1.

        Raises
        ------
        ValueError
            There are fewer than two vectors, or ``dims`` is not between 1 and D.
        """
        if len(vectors) < 2:
            raise ValueError(f"whitening is fitted to at least two vectors, not {len(vectors)}")
        mean = vectors.mean(axis=0, dtype=np.float64)
        centred = vectors - mean
        covariance = _regular(centred.T @ centred / len(vectors))
        variances, directions = _principal(covariance, _checked(dims, vectors.shape[1]))
        return cls(mean, directions / np.sqrt(variances)[:, None])

    def apply(self, vectors: Floats) -> Floats:
        """float32 [..., d], L2-normalised, of ``vectors`` [..., D].

        Raises
        ------
        ValueError
            The vectors are not of D values.
        """
        if vectors.shape[-1] != len(self.mean):
            raise ValueError(
                f"this whitening takes vectors of {len(self.mean)} values, not {vectors.shape[-1]}: "
                "fit it to descriptors of the same model"
            )
        return unit((vectors - self.mean) @ self.projection.T)

    def prepare(self, vectors: Vectors) -> Vectors:
        """The whitened vectors [N, d]."""
        return Vectors(self.apply(vectors.values))

    def rank(self, candidates: Candidates, database: Database) -> Candidates:
        """Rank by the whitened query."""
        return candidates.ranked_by(self.apply(candidates.vector), database.vectors)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it as a safetensors file."""
        tensors = {"mean": self.mean, "projection": np.ascontiguousarray(self.projection)}
        write_atomically(path, require("safetensors.numpy", extra="torch").save(tensors))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Whitening:
        """Read what `save` wrote.

        Raises
        ------
        ValueError
            The file is damaged, or does not hold a mean [D] and a projection [d, D].
        OSError
            The file cannot be read.
        """
        name = os.fspath(path)
        try:
            tensors = require("safetensors.numpy", extra="torch").load_file(name)
            mean, projection = tensors["mean"], tensors["projection"]
        except (require("safetensors", extra="torch").SafetensorError, KeyError) as error:
            raise ValueError(f"{name} is not a file of Whitening.save: {error}") from error
        if mean.ndim != 1 or projection.ndim != 2 or projection.shape[1] != len(mean):
            raise ValueError(
                f"{name}: mean {list(mean.shape)} and projection {list(projection.shape)} do not fit"
            )
        return cls(mean, projection)


def _regular(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    ridge = max(_RIDGE * float(np.trace(matrix)) / len(matrix), np.finfo(np.float64).tiny)
    return np.asarray(matrix + ridge * np.eye(len(matrix)))


def _principal(matrix: NDArray[np.float64], count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The ``count`` largest eigenvalues [d] and their eigenvectors [d, D], signs fixed: the largest entry is positive."""
    values, vectors = np.linalg.eigh(matrix)
    values, vectors = values[::-1][:count], vectors.T[::-1][:count]
    largest = np.take_along_axis(vectors, np.abs(vectors).argmax(axis=1)[:, None], axis=1)  # [d, 1]
    return values, vectors * np.sign(largest)


def _checked(dims: int | None, available: int) -> int:
    if dims is not None and not 1 <= dims <= available:
        raise ValueError(f"dims must be between 1 and {available}, not {dims}")
    return dims or available
