"""Indexing a folder: find the pictures, extract those that are new or changed, store them in batches."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from fastdct._extras import MissingExtraError
from fastdct.retrieval.pictures import SUFFIXES, open_picture
from fastdct.retrieval.rows import Record
from fastdct.retrieval.store import Index

if TYPE_CHECKING:
    from fastdct.retrieval.extraction import Extractor

BATCH = 32
"""Images stored in one transaction: what a killed run loses at most. An interrupted one loses those at work only."""


@dataclass(frozen=True)
class Listing:
    """The files of a folder.

    Attributes
    ----------
    pictures
        Path of each file whose name ends as a picture's does (`SUFFIXES`), by its name in the index.
    ignored
        Number of other files.
    """

    pictures: dict[str, Path]
    ignored: int


@dataclass(frozen=True)
class IndexingReport:
    """What became of the files of a folder.

    Attributes
    ----------
    indexed
        Names that were added or replaced.
    converted
        Those of them that are no JPEG files: PNG and WebP, read through Pillow.
    unchanged
        Number of files whose size and time of last change are those of the index.
    skipped
        (name, reason) of each file that could not be read.
    gone
        Names that are in the index and no longer in the folder; they stay in the index.
    """

    indexed: tuple[str, ...]
    converted: tuple[str, ...]
    unchanged: int
    skipped: tuple[tuple[str, str], ...]
    gone: tuple[str, ...]


def list_pictures(folder: str | os.PathLike[str]) -> Listing:
    """The pictures in ``folder`` and the folders below it, sorted; hidden files and folders are left out.

    Links to folders are followed, but for those that lead back to a folder that they lie in.

    Raises
    ------
    NotADirectoryError
        ``folder`` is not a folder.
    """
    root = Path(folder)
    if not root.is_dir():
        raise NotADirectoryError(f"{root} is not a folder; give one that holds pictures")
    files = sorted(_walk(root))
    pictures = [path for path in files if path.suffix.lower() in SUFFIXES]
    return Listing({path.relative_to(root).as_posix(): path for path in pictures}, len(files) - len(pictures))


def _walk(root: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(root, followlinks=True):
        above = {os.path.realpath(folder) for folder in (Path(place), *Path(place).parents)}
        folders[:] = [
            name
            for name in folders
            if not name.startswith(".") and os.path.realpath(Path(place, name)) not in above
        ]
        yield from (Path(place, name) for name in names if not name.startswith("."))


def index_pictures(
    index: Index,
    listing: Listing,
    extractor: Extractor,
    *,
    num_threads: int = 1,
    progress: Callable[[int], object] = lambda count: None,
) -> IndexingReport:
    """Bring ``index`` up to date with a folder's pictures.

    A file that cannot be read is skipped. Every `BATCH` pictures are stored in one transaction: a run that is
    killed loses no more than that, one that is interrupted no more than it had at work, and the next goes on from there.

    Parameters
    ----------
    index
        The index to add to.
    listing
        What `list_pictures` found.
    extractor
        Of the model that the index was made with.
    num_threads
        Pictures extracted at a time; call ``torch.set_num_threads(1)`` before asking for several.
    progress
        Called with the number of files that have been dealt with since the last call.
    """
    stamps = index.stamps()
    todo = [(name, path) for name, path in listing.pictures.items() if stamps.get(name) != _stamp(path)]
    progress(len(listing.pictures) - len(todo))
    done: list[_Outcome] = []
    with ThreadPoolExecutor(num_threads) as pool:
        for start in range(0, len(todo), BATCH):
            part = todo[start : start + BATCH]
            batch: list[_Outcome] = []
            try:  # If this is interrupted, map() cancels what it has not begun, and what is done is stored.
                batch.extend(pool.map(lambda item: _extract(item[0], item[1], extractor), part))
            finally:
                index.add(outcome.record for outcome in batch if outcome.record is not None)
            done += [replace(outcome, record=None) for outcome in batch]
            progress(len(batch))
    index.compact()
    return IndexingReport(
        indexed=tuple(outcome.name for outcome in done if not outcome.reason),
        converted=tuple(outcome.name for outcome in done if outcome.converted),
        unchanged=len(listing.pictures) - len(todo),
        skipped=tuple((outcome.name, outcome.reason) for outcome in done if outcome.reason),
        gone=tuple(sorted(stamps.keys() - listing.pictures.keys())),
    )


@dataclass(frozen=True)
class _Outcome:
    name: str
    record: Record | None = None
    converted: bool = False
    reason: str = ""


def _extract(name: str, path: Path, extractor: Extractor) -> _Outcome:
    try:
        name.encode()  # a name that is not UTF-8 cannot be stored: UnicodeEncodeError is a ValueError
        stamp = _stamp(path)  # before reading: a file that changes meanwhile will be read again
        picture = open_picture(path)
        features = extractor.extract(picture.planes)
    except (ValueError, OSError, MissingExtraError) as error:
        return _Outcome(name, reason=str(error))
    record = Record(name, features, picture.planes.orientation, *stamp)
    return _Outcome(name, record, converted=picture.converted_from is not None)


def _stamp(path: Path) -> tuple[int, int]:
    """Size in bytes and mtime in ns; zeros for a file that is not there any more."""
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    return status.st_size, status.st_mtime_ns
