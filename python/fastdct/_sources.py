"""Where the bytes of a JPEG come from: paths and buffers, by one rule for every function."""

from __future__ import annotations

import os
import stat
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from fastdct._errors import JpegError

START_OF_IMAGE = b"\xff\xd8"

# Without O_NONBLOCK the opening of a pipe would wait for its writer; without O_BINARY Windows would change line ends.
_READING = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class Tensor(Protocol):
    """What is used of a torch tensor; torch itself is never imported here."""

    def detach(self) -> Any: ...
    def numpy(self) -> Any: ...


Source: TypeAlias = str | os.PathLike[str] | bytes | bytearray | memoryview | npt.NDArray[np.uint8] | Tensor
Bytes: TypeAlias = bytes | bytearray | memoryview | npt.NDArray[np.uint8]


def source_name(source: Source) -> str:
    """Name a source in messages: its path, or ``<type>`` for data in memory."""
    in_memory = isinstance(source, bytes | bytearray | memoryview)  # asking for PathLike takes 3 us
    if not in_memory and isinstance(source, str | os.PathLike):
        return os.fsdecode(source)
    return f"<{type(source).__name__}>"


def load(source: Source, *, limit: int = -1) -> Bytes:
    """Bytes of ``source`` as a contiguous buffer; at most ``limit`` of them when it is a path and limit >= 0.

    Raises
    ------
    JpegError
        The path cannot be read, is no regular file, or does not begin as a JPEG does.
    TypeError
        The source is of no accepted kind, or its elements are not bytes.
    """
    if isinstance(source, bytes | bytearray):
        return source
    if isinstance(source, str | os.PathLike):
        return _read_file(source, limit)
    if isinstance(source, memoryview):
        return _flat_bytes(np.asarray(source), source)
    if isinstance(source, np.ndarray):
        return _flat_bytes(source, source)
    if hasattr(source, "detach") and hasattr(source, "numpy"):
        return _flat_bytes(source.detach().cpu().numpy(), source)
    accepted = "a path, bytes, bytearray, memoryview, or a one-dimensional uint8 array or tensor"
    raise TypeError(f"a JPEG source is {accepted}, not {type(source).__name__}")


def _flat_bytes(array: npt.NDArray[Any], source: Source) -> npt.NDArray[np.uint8]:
    if array.ndim != 1 or array.dtype.itemsize != 1 or array.dtype.kind not in "uS":
        given = f"{array.dtype} of shape {array.shape}"
        raise TypeError(f"{source_name(source)} must be uint8 and one-dimensional, not {given}")
    return np.ascontiguousarray(array).view(np.uint8)


def _read_file(path: str | os.PathLike[str], limit: int) -> bytes:
    name = source_name(path)
    try:
        descriptor = os.open(path, _READING)
        try:
            return _read_descriptor(descriptor, limit, name)
        finally:
            os.close(descriptor)
    except JpegError:
        raise
    except OSError as error:
        raise JpegError(name, f"cannot be read: {error.strerror or error}") from error
    except ValueError as error:  # an embedded null character
        raise JpegError(name, f"cannot be read: {error}") from error


def _read_descriptor(descriptor: int, limit: int, name: str) -> bytes:
    """Half the time of a file object, 8 us for 48 KB: threads that load wait for each other's Python as well."""
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):  # reading a device might never end
        kind = "a directory, not a file" if stat.S_ISDIR(status.st_mode) else "not a regular file"
        raise JpegError(name, f"cannot be read: {kind}")
    head = os.read(descriptor, len(START_OF_IMAGE))
    if head != START_OF_IMAGE:  # known before a huge file of another kind is read
        raise JpegError(name, _not_a_jpeg(head))
    os.lseek(descriptor, 0, os.SEEK_SET)
    wanted = status.st_size if limit < 0 else min(status.st_size, len(head) + limit)
    data = os.read(descriptor, wanted)
    while len(data) < wanted and (more := os.read(descriptor, wanted - len(data))):  # 2 GB at most at once
        data += more
    return data


def _not_a_jpeg(head: bytes) -> str:
    if not head:
        return "the file is empty"
    return f"not a JPEG file: it starts with 0x{head.hex()}, not 0x{START_OF_IMAGE.hex()}"
