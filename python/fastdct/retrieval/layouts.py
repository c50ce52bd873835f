"""Ground truth that follows from names of files or from a table: UKBench, Holidays, class folders, CSV."""

from __future__ import annotations

import csv
import math
import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from pathlib import Path, PurePosixPath

from fastdct.retrieval.ground_truth import GroundTruth, GroundTruthError, Query
from fastdct.retrieval.indexing import list_pictures

_UKBENCH = re.compile(r"ukbench(\d{5})")
_HOLIDAYS = re.compile(r"(\d{4})(\d{2})")
_ROLES = ("query", "database", "both")
_BOX = ("x1", "y1", "x2", "y2")


def from_folder(folder: Path) -> GroundTruth:
    """Ground truth of a folder of pictures, told by their names.

    - all ``ukbench<5 digits>``: UKBench. Each picture is a query; it and the three beside it are its positives.
    - all 6 digits: INRIA Holidays. The first of each hundred is a query and its own junk, the others are its positives.
    - in sub-folders: classes. Each picture is a query and its own junk; the others of the same sub-folder are its
      positives.

    Raises
    ------
    GroundTruthError
        The names are none of these; or a group of UKBench is not whole.
    OSError
        The folder cannot be read.
    """
    names = tuple(list_pictures(folder).pictures)
    stems = [PurePosixPath(name).stem for name in names]
    if names and all(map(_UKBENCH.fullmatch, stems)):
        return _ukbench(folder, names)
    if names and all(map(_HOLIDAYS.fullmatch, stems)):
        return _grouped(
            names,
            lambda name: PurePosixPath(name).stem[:4],
            lambda name: PurePosixPath(name).stem[4:] == "00",
        )
    if names and all("/" in name for name in names):
        return _grouped(names, lambda name: name.split("/")[0], lambda name: True)
    raise GroundTruthError(
        f"{folder}: which pictures belong together is read from names ukbench00000.jpg (UKBench), 100000.jpg "
        f"(Holidays) or class/photo.jpg; these are {', '.join(names[:3]) or 'none'}"
    )


def from_csv(path: Path) -> GroundTruth:
    """Ground truth of a table with a header: ``path`` and ``label``, and perhaps ``role``, ``kind``, ``x1,y1,x2,y2``.

    Pictures of one label belong together. ``role`` is ``query``, ``database`` or ``both`` (as an empty field is); a
    picture that is both is its own junk. ``kind`` names a group in which a query's result is reported as well; a box is
    the part of a query that is searched for. Paths are relative to the folder of the table.

    Raises
    ------
    GroundTruthError
        A column is missing, or a field is wrong; the message names the line.
    OSError
        The file cannot be read.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            numbered = [(reader.line_num, row) for row in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise GroundTruthError(f"{path} is not a CSV table: {error}") from error
    rows = [row for _, row in numbered]
    missing = [column for column in ("path", "label") if not rows or column not in rows[0]]
    if missing:
        raise GroundTruthError(
            f"{path}: a table needs a header with path and label, and rows; {missing[0]} is missing"
        )
    roles = [_role(row, path, line) for line, row in numbered]
    database = [row for row, role in zip(rows, roles, strict=True) if role != "query"]
    images = _unique([row["path"] for row in database], path, "database")
    members = _members([row["label"] for row in database])
    place = {name: i for i, name in enumerate(images)}
    asked = [entry for entry, role in zip(numbered, roles, strict=True) if role != "database"]
    _unique([row["path"] for _, row in asked], path, "queries")
    queries = []
    for line, row in asked:
        itself = place.get(row["path"])
        ok = tuple(i for i in members.get(row["label"], ()) if i != itself)
        labels = {"ok": ok, "junk": () if itself is None else (itself,)}
        queries.append(Query(row["path"], labels, row.get("kind") or None, _box(row, path, line)))
    return GroundTruth(images, tuple(queries))


def _ukbench(folder: Path, names: tuple[str, ...]) -> GroundTruth:
    numbers = [int(PurePosixPath(name).stem.removeprefix("ukbench")) for name in names]
    members = _members([number // 4 for number in numbers])
    for group, places in members.items():
        if len(places) != 4:
            first = 4 * int(str(group))
            raise GroundTruthError(
                f"{folder}: of ukbench{first:05} to ukbench{first + 3:05}, which show one thing, {len(places)} are "
                "there; the N-S score needs all four"
            )
    return GroundTruth(
        names,
        tuple(
            Query(name, {"ok": members[number // 4], "junk": ()})
            for name, number in zip(names, numbers, strict=True)
        ),
    )


def _grouped(
    names: tuple[str, ...], group: Callable[[str], str], is_query: Callable[[str], bool]
) -> GroundTruth:
    """Each query is its own junk, and the others of its group are its positives."""
    members = _members([group(name) for name in names])
    queries = (
        Query(name, {"ok": tuple(i for i in members[group(name)] if i != place), "junk": (place,)})
        for place, name in enumerate(names)
        if is_query(name)
    )
    return GroundTruth(names, tuple(queries))


def _members(groups: Sequence[Hashable]) -> Mapping[Hashable, tuple[int, ...]]:
    """The places of each group's members."""
    found = defaultdict(list)
    for place, group in enumerate(groups):
        found[group].append(place)
    return {group: tuple(places) for group, places in found.items()}


def _unique(names: list[str], path: Path, what: str) -> tuple[str, ...]:
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise GroundTruthError(f"{path}: {twice!r} stands twice among the {what}")
    return tuple(names)


def _role(row: Mapping[str, str], path: Path, line: int) -> str:
    role = row.get("role") or "both"
    if role not in _ROLES:
        raise GroundTruthError(f"{path}, line {line}: role is {role!r}; it is one of {', '.join(_ROLES)}")
    if not row["path"] or not row["label"]:
        raise GroundTruthError(f"{path}, line {line}: path and label must be given")
    return role


def _box(row: Mapping[str, str], path: Path, line: int) -> tuple[float, float, float, float] | None:
    given = [row.get(corner) or "" for corner in _BOX]
    if not any(given):
        return None
    try:
        x1, y1, x2, y2 = map(float, given)
    except ValueError:
        x1 = y1 = x2 = y2 = 0.0
    if not (x1 < x2 and y1 < y2 and all(map(math.isfinite, (x1, y1, x2, y2)))):
        raise GroundTruthError(
            f"{path}, line {line}: the box {','.join(given)} must be four finite numbers x1, y1, x2, y2 with x1 < x2, y1 < y2"
        )
    return x1, y1, x2, y2
