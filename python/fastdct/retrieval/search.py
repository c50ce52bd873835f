"""Search: a shortlist by the global descriptors, re-ranked by geometric verification."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fastdct.retrieval.features import Features
from fastdct.retrieval.store import Index
from fastdct.retrieval.verification import VerificationOptions, verify


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
        Cosine of its global descriptor and the query's.
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


def search(
    index: Index,
    query: Features,
    *,
    top_k: int = 10,
    shortlist: int = 100,
    verification: VerificationOptions | None = VerificationOptions(),  # noqa: B008 (frozen)
    exclude: Collection[str] = frozenset(),
) -> Ranking:
    """Rank the images of ``index`` by their likeness to ``query``.

    The ``shortlist`` images of the most similar global descriptors (exact search) are verified and ordered by
    (inliers, similarity); the others follow by similarity, and equal ones are ordered by name.

    Parameters
    ----------
    index
        The index; it must hold features of the model that made ``query``.
    query
        Features from `Extractor.extract` or `Index.features`.
    top_k
        How many images to return.
    shortlist
        How many images to verify.
    verification
        How to verify; None ranks by global similarity alone.
    exclude
        Names that do not take part: they are removed before the shortlist is made, as the protocol of the
        revisited benchmarks asks of junk.

    Raises
    ------
    ValueError
        ``top_k`` or ``shortlist`` is not positive, or the query's descriptor has not the index's length.
    """
    if top_k < 1 or shortlist < 1:
        raise ValueError(f"top_k and shortlist must be at least 1, not {top_k} and {shortlist}")
    wanted = max(top_k, shortlist) if verification else top_k
    excluded = set(exclude)
    nearest = index.nearest(query.global_descriptor, top_k=wanted + len(excluded))
    found = [(name, similarity) for name, similarity in nearest if name not in excluded][:wanted]
    if verification is None:
        return Ranking(tuple(Hit(name, similarity) for name, similarity in found))
    verified = _verified(index, query, found[:shortlist], verification)
    rest = [Hit(name, similarity) for name, similarity in found[shortlist:]]
    return Ranking(tuple([*verified, *rest][:top_k]))


def _verified(
    index: Index, query: Features, found: list[tuple[str, float]], options: VerificationOptions
) -> list[Hit]:
    """The images ``found``, re-ranked by (inliers, similarity)."""
    result = verify(query, index.fetch([name for name, _ in found]), options=options)
    hits = []
    for i, (name, similarity) in enumerate(found):
        rows = slice(result.offsets[i], result.offsets[i + 1])
        model = result.models[i] if result.num_inliers[i] else None
        points = result.query_points[rows], result.points[rows]
        hits.append(Hit(name, similarity, int(result.num_inliers[i]), model, *points))
    return sorted(hits, key=lambda hit: (-(hit.num_inliers or 0), -hit.similarity, hit.name))
