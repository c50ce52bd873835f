"""Batches copied to a device while the batch before them is computed on."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from fastdct.data.batch import Finished, LoadedBatch


class _Copied(NamedTuple):
    """A batch on its way to a device, and the event that its arrival sets off."""

    finished: Finished
    arrival: torch.cuda.Event


def on_device(batches: Iterable[Finished], device: torch.device) -> Generator[Finished, None, None]:
    """The batches with their tensors on ``device``; CUDA streams and events order copies and kernels."""
    if device.type == "cuda":
        yield from _copied_ahead(batches, device)
        return
    for batch, errors in batches:
        yield _mapped(batch, lambda tensor: tensor.to(device)), errors


def _copied_ahead(batches: Iterable[Finished], device: torch.device) -> Generator[Finished, None, None]:
    """Copy each batch by a stream of its own, one batch before it is asked for.

    The host's memory is pinned; its allocator gives none of it out again before the copies that read it have ended.
    """
    stream: torch.cuda.Stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
    ahead: _Copied | None = None
    for batch, errors in batches:
        with torch.cuda.stream(stream):
            moved = _mapped(batch, lambda tensor: tensor.to(device, non_blocking=True))
            copied = _Copied((moved, errors), stream.record_event())
        if ahead is not None:
            yield _arrived(ahead, device)
        ahead = copied
    if ahead is not None:
        yield _arrived(ahead, device)


def _arrived(copied: _Copied, device: torch.device) -> Finished:
    """Let the consumer's stream wait for the copy, and tell the allocator that it uses the memory."""
    current = torch.cuda.current_stream(device)
    current.wait_event(copied.arrival)
    _mapped(copied.finished[0], lambda tensor: tensor.record_stream(current))
    return copied.finished


def _mapped(batch: LoadedBatch, change: Callable[[Tensor], Any]) -> LoadedBatch:
    return LoadedBatch._make(change(part) if isinstance(part, Tensor) else part for part in batch)
