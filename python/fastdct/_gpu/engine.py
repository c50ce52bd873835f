"""A device with what it keeps from call to call, one for each process."""

from __future__ import annotations

import os
import threading
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

import torch

from fastdct._gpu.arenas import Arenas
from fastdct._gpu.backend import Backend, CudaBackend
from fastdct._gpu.choice import Choice
from fastdct._gpu.feed import Feed
from fastdct._gpu.settings import Budget, Options
from fastdct._sources import Bytes


@dataclass
class Engine:
    """What calls share: they take turns.

    Attributes
    ----------
    backend
        The device.
    budget
        The memory that all of them together work in.
    choices
        For each number of threads: where Huffman codes are decoded faster.
    lock
        Held by the call whose turn it is.
    """

    backend: Backend
    budget: Budget = field(default_factory=Budget)
    choices: dict[int, Choice] = field(default_factory=lambda: defaultdict(Choice))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._arenas = Arenas(self.backend, self.budget.arena)

    def feed(self, sources: Sequence[str | Bytes], options: Options) -> Feed:
        """Send sources to the device; to be called, and used, by who holds the lock."""
        return Feed(self.backend, self._arenas, self.budget, sources, options)

    def finish(self) -> None:
        """Wait for the current stream."""
        self.backend.wait(self.backend.mark())


def engine_of(device: str) -> Engine:
    """The engine of a device in this process.

    Raises
    ------
    RuntimeError
        There is no such device, or fastdct was built without CUDA.
    """
    chosen = torch.device(device)
    if chosen.index is None and torch.cuda.is_available():
        chosen = torch.device("cuda", torch.cuda.current_device())
    return _engine(chosen, os.getpid())


@cache
def _engine(device: torch.device, pid: int) -> Engine:
    return Engine(CudaBackend(device))
