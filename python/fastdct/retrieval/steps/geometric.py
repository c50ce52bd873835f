"""Geometric verification as a step: the first candidates are ordered by their inliers."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fastdct.retrieval.steps.base import Candidates, Database, Step, Verified
from fastdct.retrieval.verification import VerificationOptions, verify


@dataclass(frozen=True)
class GeometricVerification(Step):
    """Order the first candidates by inliers, equal ones as they were (DELG, section 4.3: a shortlist of 100).

    Excluded images are taken out before the shortlist is cut, as the protocol of the revisited benchmarks asks of
    junk.

    Attributes
    ----------
    shortlist
        How many candidates are verified.
    options
        How they are verified.
    """

    shortlist: int = 100
    options: VerificationOptions = VerificationOptions()  # noqa: RUF009 (frozen)

    def __post_init__(self) -> None:
        if self.shortlist < 1:
            raise ValueError(f"shortlist must be at least 1, not {self.shortlist}")

    @property
    def depth(self) -> int:
        """The shortlist."""
        return self.shortlist

    def rank(self, candidates: Candidates, database: Database) -> Candidates:
        """Verify the shortlist in one call."""
        kept = candidates.rows[~np.isin(candidates.rows, candidates.excluded)]
        shortlist = kept[: self.shortlist]
        result = verify(candidates.query, database.fetch(shortlist), options=self.options)
        ordered = replace(candidates, rows=kept, verified=Verified(shortlist, result))
        return ordered.reordered(np.argsort(-result.num_inliers, kind="stable"))
