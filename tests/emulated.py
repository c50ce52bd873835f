"""A device for `fastdct._gpu` that is none: CPU tensors, `fastdct._C.emulation` for kernels, streams that take their time."""

from __future__ import annotations

import random
from collections import deque
from contextlib import nullcontext

import torch

from fastdct import _C


class _Event:
    """Comes to pass when the stream that it was given to has come so far."""

    def __init__(self):
        self.done = False


class EmulatedBackend:
    """The current stream and that of copies, each in order, but against each other in any order that events allow.

    Work is done as late as possible, when the host waits for it (``eager``: at once). New memory holds garbage. The log
    holds what the host was told to do, in order.
    """

    device = torch.device("cpu")

    def __init__(self, *, seed=0, eager=True):
        self._random, self._eager = random.Random(seed), eager
        self._current, self._copies = deque(), deque()
        self._kept = []  # torch's allocator hands device memory on in the order of the stream
        self.log = []

    def launch(self, kernel, *args, **options):
        function, seed = getattr(_C.emulation, kernel), self._random.getrandbits(30)
        self.log.append(kernel)
        self._do(self._current, lambda: function(*args, **options, seed=seed))

    def empty(self, num_bytes):
        memory = torch.full((-(-num_bytes // 64) * 64 + 256,), 0xA5, dtype=torch.uint8)
        start = -memory.data_ptr() % 256
        self._kept.append(memory)
        return memory[start : start + num_bytes]

    def pinned(self, num_bytes):
        return self.empty(num_bytes)

    def upload(self, array):
        copy = self.empty(array.nbytes)
        copy[:] = torch.from_numpy(array.reshape(-1).view("uint8").copy())
        return copy

    def copy_ahead(self, source, target, *, after):
        done = _Event()
        if after is not None:
            self._copies.append(after)
        self.log.append("copy")
        self._do(self._copies, lambda: target.copy_(source), lambda: setattr(done, "done", True))
        self._current.append(done)
        return done

    def mark(self):
        event = _Event()
        self._do(self._current, lambda: setattr(event, "done", True))
        return event

    def follow(self, mark, tensors):
        self._do(self._current, mark)

    def beside(self):
        return nullcontext()

    def wait(self, mark):
        self.log.append("wait")
        while not mark.done:
            assert self._step(), "the host waits for ever"

    def download(self, tensors):
        self.log.append("download")
        self.drain()
        return torch.cat(list(tensors)).numpy()

    def drain(self):
        """Do all that was launched."""
        while self._step():
            pass
        assert not self._current
        assert not self._copies

    def _do(self, stream, *steps):
        stream.extend(steps)
        if self._eager:
            self.drain()

    def _step(self):
        """One step of a stream that need not wait; False if there is none."""
        streams = [stream for stream in (self._current, self._copies) if stream]
        self._random.shuffle(streams)
        for stream in streams:
            if not isinstance(stream[0], _Event):
                stream.popleft()()
                return True
            if stream[0].done:
                stream.popleft()
                return True
        return False
