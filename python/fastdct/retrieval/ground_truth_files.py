"""Ground truth as it is published: the revisited Oxford and Paris files, JSON, CSV, folders.

| given | what it is |
|---|---|
| ``gnd_*.pkl``, ``gnd_*.mat`` | revisited Oxford or Paris (Radenović et al., CVPR 2018); pictures are ``jpg/<name>.jpg`` beside it |
| ``*.json`` | the same fields; names are paths relative to the file's folder |
| ``*.csv`` | a table of your own: `fastdct.retrieval.layouts.from_csv` |
| a folder | UKBench, Holidays or class folders, told apart by the names: `fastdct.retrieval.layouts.from_folder` |
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from fastdct._extras import require
from fastdct.retrieval.ground_truth import GroundTruth, GroundTruthError, Query
from fastdct.retrieval.layouts import from_csv, from_folder
from fastdct.retrieval.plain_pickle import PlainPickleError, load_plain

_PLAIN = ("ok", "junk")
_REVISITED = ("easy", "hard", "junk")
_LARGEST = sys.float_info.max


def load(path: Path) -> GroundTruth:
    """Read ground truth of any known kind; `GroundTruth.load` says what it raises."""
    if path.is_dir():
        return from_folder(path)
    if path.suffix.lower() == ".csv":
        return from_csv(path)
    read = _READERS.get(path.suffix.lower())
    if read is None:
        raise GroundTruthError(
            f"{path}: ground truth is a file {', '.join(_READERS)} or .csv, or a folder of pictures"
        )
    try:
        return _parse(read(path))
    except GroundTruthError as error:
        raise GroundTruthError(f"{path}: {error}") from None


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise GroundTruthError(f"this is not JSON: {error}") from error


def _read_pickle(path: Path) -> Any:
    """The dictionary of gnd_*.pkl; nothing in the file is executed."""
    try:
        return _published(load_plain(path.read_bytes()))
    except PlainPickleError as error:
        raise GroundTruthError(str(error)) from error


def _read_mat(path: Path) -> Any:
    """The variables of gnd_*.mat, whose indices count from 1."""
    data, io = path.read_bytes(), require("scipy.io", extra="mat")
    try:
        content = io.loadmat(BytesIO(data), simplify_cells=True)
    except Exception as error:  # a damaged file can raise nearly anything
        raise GroundTruthError(f"this is not a MATLAB file of version 4 to 7: {error}") from error
    entries = _listed(content.get("gnd"))
    entries = [entries] if isinstance(entries, Mapping) else entries
    if isinstance(entries, list):
        content["gnd"] = [_from_zero(entry) for entry in entries]
    return _published(content)


def _from_zero(entry: Any) -> Any:
    """An entry whose indices count from 0; one alone is no list in MATLAB."""
    if not isinstance(entry, Mapping):
        return entry
    labels = {key: value for key, value in entry.items() if key in (*_PLAIN, *_REVISITED)}
    return {**entry, **{key: _less_one(value) for key, value in labels.items()}}


def _less_one(value: Any) -> Any:
    indices = value if isinstance(value, list) else [value]
    numbers = all(isinstance(index, int | float) for index in indices)
    return np.array(indices, float) - 1 if numbers else value


def _published(content: Any) -> Any:
    """What a program of the dataset's authors wrote, as JSON would hold it, with names of files."""
    if not isinstance(content, Mapping):
        return content
    plain = {key: _listed(content.get(key)) for key in ("imlist", "qimlist", "gnd")}
    for key in ("imlist", "qimlist"):
        if isinstance(plain[key], list):
            plain[key] = [f"jpg/{name}.jpg" if isinstance(name, str) else name for name in plain[key]]
    return plain


def _listed(value: Any) -> Any:
    """Arrays and tuples as lists, whole numbers among floats as integers."""
    if isinstance(value, np.ndarray):
        whole = value.dtype.kind == "f" and value.size > 0 and bool((value == np.floor(value)).all())
        return _listed((value.astype(np.int64) if whole else value).tolist())
    if isinstance(value, list | tuple):
        return [_listed(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _listed(item) for key, item in value.items()}
    return value


_READERS: Mapping[str, Callable[[Path], Any]] = {
    ".json": _read_json,
    ".pkl": _read_pickle,
    ".mat": _read_mat,
}


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
    finite = numbers and all(abs(x) <= _LARGEST for x in value)
    if not finite or len(value) != 4 or not (value[0] < value[2] and value[1] < value[3]):
        raise GroundTruthError(
            f"{where} is {value!r}: it must be [x1, y1, x2, y2], finite, with x1 < x2 and y1 < y2, or null"
        )
    x1, y1, x2, y2 = map(float, value)
    return x1, y1, x2, y2
