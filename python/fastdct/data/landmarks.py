"""Google Landmarks v2 as it is published: tables of identifiers, files in folders of their first characters."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from fastdct.data.labelled import Labelled, check_whole, labelled

_DEPTH = 3  # 0123456789abcdef.jpg lies in 0/1/2


def is_landmarks(table: Path) -> bool:
    """Whether a CSV table has the columns of train.csv or train_clean.csv."""
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            columns = set(next(csv.reader(file), []))
    except (OSError, UnicodeDecodeError, csv.Error):
        return False  # whoever reads it next says what is wrong
    return "landmark_id" in columns and bool(columns & {"id", "images"})


def landmarks_csv(table: str | Path, *, root: str | Path | None = None) -> Labelled:
    """The training pictures of Google Landmarks v2 (Weyand et al., CVPR 2020).

    Parameters
    ----------
    table
        train.csv (a row for each picture: id, url, landmark_id), or train_clean.csv (a row for each landmark: landmark_id,
        images, the identifiers parted by blanks).
    root
        Folder of the folders 0 … f; ``train`` beside the table if not given.

    Raises
    ------
    ValueError
        The table cannot be read, has other columns or no row, a row lacks a field, or an identifier is too short to have a folder.
    """
    table = Path(table)
    folder = table.parent / "train" if root is None else Path(root)
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            pairs = [(_path(folder, name, table), label) for name, label in _rows(file, table)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{table}: cannot be read as a CSV table: {error}") from error
    if not pairs:
        raise ValueError(f"{table}: there is no row in it")
    return labelled(pairs)


def _rows(file: Iterator[str], table: Path) -> Iterator[tuple[str, str]]:
    """Identifier and landmark of every picture."""
    reader = csv.DictReader(file)
    columns = reader.fieldnames or []
    if "landmark_id" not in columns or not {"id", "images"} & set(columns):
        raise ValueError(
            f"{table}: expected the columns landmark_id and images, or id and landmark_id; "
            f"its columns are {', '.join(columns)}"
        )
    given = "images" if "images" in columns else "id"
    for row in reader:
        check_whole([row], (given, "landmark_id"), table)
        names = row[given].split() if given == "images" else [row[given]]
        for name in names:
            yield name, row["landmark_id"]


def _path(root: Path, name: str, table: Path) -> Path:
    if len(name) < _DEPTH or not name.isalnum():
        raise ValueError(f"{table}: {name!r} is no identifier of a picture")
    return root.joinpath(*name[:_DEPTH], f"{name}.jpg")
