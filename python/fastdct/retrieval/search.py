"""Search: images by the likeness of their global descriptors, then through steps that make the ranking better."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from fastdct.retrieval.features import Features, LocalFeatures
from fastdct.retrieval.ranking import Hit, Ranking
from fastdct.retrieval.steps import Candidates, Database, GeometricVerification, Step
from fastdct.retrieval.store import Index

VERIFY: tuple[Step, ...] = (GeometricVerification(),)
"""The steps of a search where none are given: a shortlist of 100 is verified."""


class Pipeline:
    """Steps bound to an index: what they make of its vectors is made once, for any number of queries.

    Parameters
    ----------
    index
        The index, as it is now: a pipeline does not see later changes.
    steps
        What to do with a ranking by global similarity, in this order.
    names
        Names of the images that are the database; all of the index if not given.

    Raises
    ------
    KeyError
        One of the names is not in the index.
    """

    def __init__(
        self, index: Index, steps: Sequence[Step] = VERIFY, *, names: Collection[str] | None = None
    ) -> None:
        self._index = index
        self._view = index.view if names is None else index.view.part(index.positions(names))
        self._bound: list[tuple[Step, Database]] = []
        vectors = self._view.vectors
        for step in steps:
            vectors = step.prepare(vectors)
            self._bound.append((step, Database(vectors, self._fetch)))

    def search(self, query: Features, *, top_k: int = 10, exclude: Collection[str] = frozenset()) -> Ranking:
        """Rank the database by its likeness to ``query``; equal images are ordered by name.

        Parameters
        ----------
        query
            Features from `Extractor.extract` or `Index.features`, of the model that made the index.
        top_k
            How many images to return.
        exclude
            Names that must not be in the answer (see `Candidates.excluded` for what steps make of them).

        Raises
        ------
        ValueError
            ``top_k`` is not positive, or the query's descriptor has not the index's length.
        """
        if top_k < 1:
            raise ValueError(f"top_k must be at least 1, not {top_k}")
        vector = query.global_descriptor
        excluded = self._view.known(exclude)
        wanted = max(top_k, *(step.depth for step, _ in self._bound), 1) + len(excluded)
        rows = self._view.vectors.nearest(vector[None], top_k=wanted).rows[0]
        if not len(rows):
            return Ranking(())
        candidates = Candidates(query, vector, rows, excluded)
        for step, database in self._bound:
            candidates = step.rank(candidates, database)
        kept = candidates.rows[~np.isin(candidates.rows, excluded)][:top_k]
        return Ranking(tuple(self._hits(kept, candidates)))

    def _fetch(self, rows: NDArray[np.int64]) -> LocalFeatures:
        return self._index.fetch([self._view.names[row] for row in rows])

    def _hits(self, rows: NDArray[np.int64], candidates: Candidates) -> list[Hit]:
        similarities = (self._view.vectors.values[rows] @ candidates.query.global_descriptor).tolist()
        verified = candidates.verified
        places = {} if verified is None else {row: i for i, row in enumerate(verified.rows.tolist())}
        hits = []
        for row, similarity in zip(rows.tolist(), similarities, strict=True):
            if verified is None or row not in places:
                hits.append(Hit(self._view.names[row], similarity))
                continue
            i, result = places[row], verified.result
            points = slice(result.offsets[i], result.offsets[i + 1])
            model = result.models[i] if result.num_inliers[i] else None
            evidence = int(result.num_inliers[i]), model, result.query_points[points], result.points[points]
            hits.append(Hit(self._view.names[row], similarity, *evidence))
        return hits


def search(
    index: Index,
    query: Features,
    *,
    top_k: int = 10,
    steps: Sequence[Step] = VERIFY,
    exclude: Collection[str] = frozenset(),
) -> Ranking:
    """Rank the images of ``index`` once: `Pipeline.search` of a pipeline with these ``steps``."""
    return Pipeline(index, steps).search(query, top_k=top_k, exclude=exclude)
