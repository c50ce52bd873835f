"""Read many JPEG files as quantised DCT coefficients in one call. Needs numpy only."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from fastdct import _C
from fastdct._coefficient_batch import CoefficientBatch, CoefficientComponent, CoefficientImage, Rows
from fastdct._devices import EntropyDevice, checked_device
from fastdct._errors import JpegError
from fastdct._extras import require
from fastdct._sources import Bytes, Source, load, source_name
from fastdct.jpeg import DEFAULT_MAX_PIXELS

__all__ = [
    "CoefficientBatch",
    "CoefficientComponent",
    "CoefficientImage",
    "ErrorPolicy",
    "Layout",
    "read_batch",
]

if TYPE_CHECKING:
    import torch

Layout = Literal["block", "frequency"]
ErrorPolicy = Literal["raise", "skip", "mask"]


def read_batch(
    sources: Sequence[Source],
    /,
    *,
    layout: Layout = "block",
    num_frequencies: int = 64,
    luma_only: bool = False,
    num_threads: int | None = None,
    on_error: ErrorPolicy = "raise",
    max_pixels: int = DEFAULT_MAX_PIXELS,
    out: CoefficientBatch | None = None,
    device: torch.device | str = "cpu",
    entropy_device: EntropyDevice = "auto",
) -> CoefficientBatch:
    """Read many JPEG files of any size and kind; every coefficient is bit-exact to libjpeg-turbo's.

    What is not asked for is skipped in the files, not stored: ``num_frequencies=1`` reads the DC alone, some 1.5 times
    as fast as everything. The interpreter lock is released, and paths are read by the same native threads that decode.
    Those threads stay for the next call; a forked child starts its own.

    Parameters
    ----------
    sources : sequence of paths and buffers, as `read` takes them
    layout : {"block", "frequency"}
        Coefficients as [Hb, Wb, 8, 8] in natural order, or as [num_frequencies, Hb, Wb] in zig-zag order.
    num_frequencies : int
        The first 1..64 of the zig-zag order.
    luma_only : bool
        The first component alone.
    num_threads : int, optional
        Default: the processors that this process may run on.
    on_error : {"raise", "skip", "mask"}
        Raise the error of the first source that failed, leave its row out, or make it None.
    max_pixels : int
        Images with more pixels (height * width) are errors, found before memory is allocated for them.
    out : CoefficientBatch, optional
        An earlier result whose memory is used again where it is large enough. That result, and every array taken from
        it, must no longer be needed: the arrays are overwritten.
    device : torch.device or str
        ``"cuda"``, or one such device: arrays are tensors there, made on its current stream; the host waits for it at
        most once, to hear which files it could not decode. ``num_threads`` prepare, and decode what is not baseline.
    entropy_device : {"auto", "cpu", "cuda"}
        With a CUDA device, where Huffman codes are decoded: by the faster one, found on the first calls of 32 sources or
        more, by the CPU, or by the device as far as it can. Results do not depend on it.

    Raises
    ------
    JpegError
        A source is bad and the policy is ``"raise"``: the cause that `read` would give.
    TypeError, ValueError
        ``sources`` is a single source or holds none, an option has no such value, or two of them exclude each other.
    RuntimeError
        There is no such device, or fastdct was built without CUDA.
    """
    if isinstance(sources, str | os.PathLike | bytes | bytearray | memoryview):
        raise TypeError("sources is a sequence of sources; put a single one into a list")
    _check_choice("layout", layout, ("block", "frequency"))
    _check_choice("on_error", on_error, ("raise", "skip", "mask"))
    _check_range("num_frequencies", num_frequencies, 64)
    if num_threads is not None:
        _check_range("num_threads", num_threads, 1024)
    place = checked_device(device, entropy_device)
    natives = [_native(source) for source in sources]
    threads = _C.num_available_cpus() if num_threads is None else num_threads
    raw: Rows
    if place != "cpu":
        if out is not None:
            raise ValueError("out is for batches in memory of the host; leave it out, or device")
        require("torch", extra="torch")
        from fastdct._gpu import engine, read, settings

        raw = read.read_on_device(
            engine.engine_of(place),
            natives,
            settings.Options(max_pixels, threads, num_frequencies, luma_only),
            frequency_major=layout == "frequency",
            entropy=entropy_device,
        )
    else:
        raw = _C.read_batch(
            natives,
            frequency_major=layout == "frequency",
            num_frequencies=num_frequencies,
            luma_only=luma_only,
            max_pixels=max_pixels,
            num_threads=threads,
            stop_at_error=on_error == "raise",
            out=None if out is None else out._give_up(),
        )
    errors = {row: JpegError(source_name(sources[row]), raw.error(row)) for row in raw.failed_rows}
    if errors and on_error == "raise":
        raise errors[min(errors)]
    rows = range(len(raw))
    indices = tuple(row for row in rows if row not in errors) if on_error == "skip" else tuple(rows)
    return CoefficientBatch(raw, indices, errors)


def _native(source: Source) -> str | Bytes:
    return os.fsdecode(source) if isinstance(source, str | os.PathLike) else load(source)


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{name} is {' or '.join(map(repr, choices))}, not {value!r}")


def _check_range(name: str, value: int, largest: int) -> None:
    if not 1 <= value <= largest:
        raise ValueError(f"{name} is 1..{largest}, not {value!r}")
