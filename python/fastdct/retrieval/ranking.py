"""What a search answers: images, best first, with what speaks for each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


def _no_points() -> NDArray[np.float32]:
    return np.zeros((0, 2), np.float32)


@dataclass(frozen=True, eq=False)
class Hit:
    """One ranked image.

    Attributes
    ----------
    name
        Its name in the index.
    similarity
        Cosine of its global descriptor and the query's, as stored and as extracted, whatever steps ranked it.
    num_inliers
        One-to-one inliers of the affine map between query and image, 0 where there are too few to be
        evidence; None where the image was not verified.
    model
        float64 [2, 3]: the affine map from the query's pixels to the image's; None without inliers.
    query_points, points
        float32 [m, 2] each: the inlier matches, as (x, y) in original pixels of the query and of the image.
    """

    name: str
    similarity: float
    num_inliers: int | None = None
    model: NDArray[np.float64] | None = field(default=None, repr=False)
    query_points: NDArray[np.float32] = field(default_factory=_no_points, repr=False)
    points: NDArray[np.float32] = field(default_factory=_no_points, repr=False)


@dataclass(frozen=True, eq=False)
class Ranking:
    """The answer to a query: hits, best first."""

    hits: tuple[Hit, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the hits, best first."""
        return tuple(hit.name for hit in self.hits)

    def __len__(self) -> int:
        return len(self.hits)

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)

    def __getitem__(self, rank: int) -> Hit:
        return self.hits[rank]
