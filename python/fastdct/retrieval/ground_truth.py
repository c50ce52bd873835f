"""Which images of a database are right answers to which queries."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

PROTOCOLS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "easy": (("easy",), ("junk", "hard")),
    "medium": (("easy", "hard"), ("junk",)),
    "hard": (("hard",), ("junk", "easy")),
}
"""Labels that are positives and labels that are junk, by protocol (Radenovic et al., "Revisiting Oxford and Paris",
CVPR 2018, section 3.1)."""

_PLAIN = ("ok", "junk")
_REVISITED = ("easy", "hard", "junk")


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
    """The database and its queries. Names are those of the file: by convention paths relative to its folder.

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
        """Read a JSON file in the layout of the revisited Oxford and Paris datasets.

        ``imlist``: names of the database; ``qimlist``: names of the queries; ``gnd``: for each query either ``ok`` and
        ``junk`` or ``easy``, ``hard`` and ``junk``, lists of indices into ``imlist``, and optionally ``kind``, a name,
        and ``bbx``, a box (x1, y1, x2, y2) or null.

        Raises
        ------
        OSError
            The file cannot be read.
        GroundTruthError
            It is not JSON, or a field is missing or wrong; the message names both.
        """
        name = os.fspath(path)
        try:
            content = json.loads(Path(path).read_text(encoding="utf-8"))
            return _parse(content)
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise GroundTruthError(f"{name} is not JSON: {error}") from error
        except GroundTruthError as error:
            raise GroundTruthError(f"{name}: {error}") from None

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


def _parse(content: Any) -> GroundTruth:
    if not isinstance(content, dict):
        raise GroundTruthError("the file must hold an object with imlist, qimlist and gnd")
    images, names, entries = _names(content, "imlist"), _names(content, "qimlist"), content.get("gnd")
    if not isinstance(entries, list) or len(entries) != len(names):
        raise GroundTruthError(f"gnd must be a list of {len(names)} objects, one for each name in qimlist")
    labels = _labels_used(entries)
    queries = (
        _query(name, entry, labels, where=f"gnd[{i}]", num_images=len(images))
        for i, (name, entry) in enumerate(zip(names, entries, strict=True))
    )
    return GroundTruth(images, tuple(queries), revisited=labels is _REVISITED)


def _names(content: dict[str, Any], key: str) -> tuple[str, ...]:
    names = content.get(key)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise GroundTruthError(f"{key} must be a list of names")
    seen: dict[str, int] = {}
    for i, name in enumerate(names):
        if name in seen:
            raise GroundTruthError(f"{key}[{i}] repeats {key}[{seen[name]}], {name!r}: names must differ")
        seen[name] = i
    return tuple(names)


def _labels_used(entries: list[Any]) -> tuple[str, ...]:
    for i, entry in enumerate(entries):
        if not isinstance(entry, dict):
            raise GroundTruthError(f"gnd[{i}] must be an object")
    return _PLAIN if not entries or "ok" in entries[0] else _REVISITED


def _query(name: str, entry: dict[str, Any], labels: Sequence[str], *, where: str, num_images: int) -> Query:
    taken: dict[int, str] = {}
    found = {label: _indices(entry, label, taken, where=where, num_images=num_images) for label in labels}
    kind = entry.get("kind")
    if kind is not None and not isinstance(kind, str):
        raise GroundTruthError(f"{where}.kind must be a name, not {kind!r}")
    return Query(name, found, kind, _box(entry.get("bbx"), where=f"{where}.bbx"))


def _indices(
    entry: dict[str, Any], label: str, taken: dict[int, str], *, where: str, num_images: int
) -> tuple[int, ...]:
    """Read one label's indices; ``taken`` remembers where each index was, for an image has one label."""
    indices = entry.get(label)
    if not isinstance(indices, list):
        raise GroundTruthError(f"{where}.{label} must be a list of indices into imlist")
    for i, index in enumerate(indices):
        at = f"{where}.{label}[{i}]"
        if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < num_images:
            raise GroundTruthError(
                f"{at} is {index!r}: it must be an index into imlist, 0 to {num_images - 1}"
            )
        if index in taken:
            raise GroundTruthError(f"{at} is {index}, which {taken[index]} is too: an image has one label")
        taken[index] = at
    return tuple(indices)


def _box(value: Any, *, where: str) -> tuple[float, float, float, float] | None:
    if value is None:
        return None
    numbers = isinstance(value, list) and all(
        isinstance(x, (int, float)) and not isinstance(x, bool) for x in value
    )
    if not numbers or len(value) != 4 or not (value[0] < value[2] and value[1] < value[3]):
        raise GroundTruthError(
            f"{where} is {value!r}: it must be [x1, y1, x2, y2] with x1 < x2 and y1 < y2, or null"
        )
    x1, y1, x2, y2 = map(float, value)
    return x1, y1, x2, y2
