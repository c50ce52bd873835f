"""Files written whole or not at all."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


def write_atomically(path: str | os.PathLike[str], data: bytes) -> None:
    """Write ``data`` to ``path`` whole or not at all: see `replacing`."""
    with replacing(path) as file:
        file.write(data)


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A file to write to; ``path`` holds either what it held before or all that was written, whatever happens.

    Raises
    ------
    OSError
        The file cannot be written, or ``path`` is there and is no regular file.
    """
    target = Path(os.path.realpath(path))  # a link stays a link
    mode = target.stat().st_mode if target.exists() else None
    if mode is not None and not stat.S_ISREG(mode):
        raise OSError(0, "not a regular file", os.fspath(path))
    temporary = target.with_name(f".{secrets.token_hex(8)}.tmp")  # same folder: the same file system
    try:
        with _new_file(temporary, mode) as file:
            yield file
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def _new_file(path: Path, mode: int | None) -> Iterator[BinaryIO]:
    """Flushed to disk at the end, with the permissions of the file to be replaced (``mode``) or those of any new one."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags, 0o666), "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
    if mode is not None:
        path.chmod(stat.S_IMODE(mode))
