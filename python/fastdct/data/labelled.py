"""Lists of files: folders, class folders, CSV tables."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fastdct.data.samples import Sample, Sources

JPEG_SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".jfif"})


@dataclass(frozen=True, repr=False)
class Labelled:
    """Files with the class of each.

    Attributes
    ----------
    sources
        Paths of the files.
    labels
        For each file the position of its class in ``classes``.
    classes
        Names of the classes, sorted.
    """

    sources: tuple[Path, ...]
    labels: tuple[int, ...]
    classes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.sources)

    def __getitem__(self, position: int, /) -> Sample:
        path = self.sources[position]
        return Sample(path, self.labels[position], str(path))

    def __repr__(self) -> str:
        return f"Labelled({len(self.sources)} files, {len(self.classes)} classes)"


def image_files(root: str | Path) -> Sources:
    """Every JPEG below a folder, in order of the paths, without labels.

    Raises
    ------
    ValueError
        ``root`` is no folder, or there is no JPEG below it.
    """
    root = Path(root)
    if not root.is_dir():
        raise ValueError(f"{root}: not a folder")
    paths = [path for path in sorted(root.rglob("*")) if path.suffix.lower() in JPEG_SUFFIXES]
    if not paths:
        raise ValueError(f"{root}: no file below it is named as a JPEG: {', '.join(sorted(JPEG_SUFFIXES))}")
    return Sources(paths)


def image_folder(root: str | Path) -> Labelled:
    """One class per sub-folder of ``root``: every JPEG below the sub-folder belongs to it.

    Raises
    ------
    ValueError
        ``root`` is no folder, or no sub-folder of it holds a JPEG.
    """
    root = Path(root)
    if not root.is_dir():
        raise ValueError(f"{root}: not a folder; expected one sub-folder for each class")
    pairs = [
        (path, folder.name)
        for folder in sorted(root.iterdir())
        if folder.is_dir()
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in JPEG_SUFFIXES
    ]
    if not pairs:
        raise ValueError(f"{root}: no JPEG below a class folder; expected {root}/<class>/<photo>.jpg")
    return labelled(pairs)


def labels_csv(
    table: str | Path,
    *,
    root: str | Path | None = None,
    path_column: str = "path",
    label_column: str = "label",
    where: dict[str, str] | None = None,
) -> Labelled:
    """The files that a CSV table lists, with their labels.

    Parameters
    ----------
    table
        A CSV file with a header line.
    root
        Folder that the paths are relative to; the table's own folder if not given.
    path_column, label_column
        Names of the columns.
    where
        Column → value that a row must have to be taken, such as ``{"split": "train"}``.

    Raises
    ------
    ValueError
        The table cannot be read, lacks a column, a row of it a field, or no row is left.
    """
    table = Path(table)
    folder = table.parent if root is None else Path(root)
    wanted = where or {}
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            columns = reader.fieldnames or []
            missing = [name for name in (path_column, label_column, *wanted) if name not in columns]
            if missing:
                raise ValueError(f"{table}: no column {missing[0]!r}; its columns are {', '.join(columns)}")
            rows = [row for row in reader if all(row[name] == value for name, value in wanted.items())]
            check_whole(rows, (path_column, label_column), table)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{table}: cannot be read as a CSV table: {error}") from error
    if not rows:
        raise ValueError(f"{table}: no row is left{f' where {wanted}' if wanted else ''}")
    return labelled([(folder / row[path_column], row[label_column]) for row in rows])


def check_whole(rows: Sequence[Mapping[str, str | None]], columns: Sequence[str], table: Path) -> None:
    """Refuse rows of fewer fields than the header names.

    Raises
    ------
    ValueError
        The message shows the first such row.
    """
    for row in rows:
        for name in columns:
            if row[name] is None:
                given = ",".join(value for value in row.values() if isinstance(value, str))
                raise ValueError(
                    f"{table}: the row {given!r} has no {name}; it has fewer fields than the header"
                )


def labelled(pairs: Sequence[tuple[Path, str]]) -> Labelled:
    """Files with the names of their classes."""
    classes = tuple(sorted({name for _, name in pairs}))
    position = {name: index for index, name in enumerate(classes)}
    return Labelled(tuple(path for path, _ in pairs), tuple(position[name] for _, name in pairs), classes)
