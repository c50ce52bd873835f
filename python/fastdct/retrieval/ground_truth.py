"""Which images of a database are right answers to which queries."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

PROTOCOLS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "easy": (("easy",), ("junk", "hard")),
    "medium": (("easy", "hard"), ("junk",)),
    "hard": (("hard",), ("junk", "easy")),
}
"""Labels that are positives and labels that are junk, by protocol (Radenovic et al., "Revisiting Oxford and Paris",
CVPR 2018, section 3.1)."""


class GroundTruthError(ValueError):
    """A ground-truth file is not what it should be; the message names the file and the field."""


@dataclass(frozen=True)
class Query:
    """A query image and the database images that are labelled for it.

    Attributes
    ----------
    name : str
        As in ``qimlist``.
    labels : dict of str to tuple of int
        Indices into the database for each label: ``ok`` and ``junk``, or ``easy``, ``hard`` and ``junk``.
    kind : str or None
        The group in which its result is reported as well.
    box : (x1, y1, x2, y2) or None
        The part of the query image that is searched for, in pixels.
    """

    name: str
    labels: Mapping[str, tuple[int, ...]] = field(repr=False)
    kind: str | None = None
    box: tuple[float, float, float, float] | None = None

    @property
    def positives(self) -> tuple[int, ...]:
        """Database images that are right answers."""
        return self.labels["ok"]

    @property
    def junk(self) -> tuple[int, ...]:
        """Database images that are taken out of the ranking before it is judged."""
        return self.labels["junk"]


@dataclass(frozen=True, repr=False)
class GroundTruth:
    """The database and its queries. Names are paths relative to the folder of the file (or to the folder) they come from.

    ``revisited`` tells whether the labels are easy, hard and junk, so that a ``protocol`` must be chosen.
    """

    images: tuple[str, ...]
    queries: tuple[Query, ...]
    revisited: bool = False

    def __repr__(self) -> str:
        counts = f"{len(self.images)} images, {len(self.queries)} queries"
        return f"{type(self).__name__}({counts}, revisited={self.revisited})"

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> GroundTruth:
        """Read a file or a folder as datasets are published: see `fastdct.retrieval.ground_truth_files`.

        Raises
        ------
        OSError
            It cannot be read.
        GroundTruthError
            It is none of the kinds that are known, or a field is missing or wrong; the message names both.
        """
        from fastdct.retrieval import ground_truth_files  # which knows this class

        return ground_truth_files.load(Path(path))

    @property
    def has_groups_of_four(self) -> bool:
        """Whether every query is one of its own four positives, as in UKBench, so that the N-S score means something."""
        return not self.revisited and all(
            len(query.positives) == 4 and self.index_of.get(query.name) in query.positives
            for query in self.queries
        )

    @cached_property
    def index_of(self) -> Mapping[str, int]:
        """Index of each database image by name."""
        return {name: i for i, name in enumerate(self.images)}

    def protocol(self, name: str) -> GroundTruth:
        """Turn easy, hard and junk into positives and junk: ``"easy"``, ``"medium"`` or ``"hard"``.

        Raises
        ------
        ValueError
            Another name, or labels that are not revisited ones.
        """
        if name not in PROTOCOLS:
            raise ValueError(
                f"protocol {name!r} is not known: accepted are {', '.join(map(repr, PROTOCOLS))}"
            )
        if not self.revisited:
            raise ValueError("only ground truth with easy, hard and junk images has protocols")
        positive, junk = PROTOCOLS[name]
        return replace(
            self,
            queries=tuple(
                replace(query, labels={"ok": _merged(query, positive), "junk": _merged(query, junk)})
                for query in self.queries
            ),
            revisited=False,
        )


def _merged(query: Query, labels: Sequence[str]) -> tuple[int, ...]:
    return tuple(index for label in labels for index in query.labels[label])
