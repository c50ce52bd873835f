"""Page-locked memory that the host fills, and its copy on the device: two of each, in turn."""

from __future__ import annotations

from torch import Tensor

from fastdct._gpu.backend import Backend, Mark


class Arena:
    """Memory of the host, and as much of the device's that it is copied to."""

    def __init__(self, backend: Backend, num_bytes: int) -> None:
        self._backend = backend
        self.host: Tensor = backend.pinned(num_bytes)
        self.memory: Tensor = backend.empty(num_bytes)
        self._made: Mark | None = backend.mark()  # the memory may be what the stream still works on
        self._copied: Mark | None = None

    def wait_until_free(self) -> None:
        """Let the host wait until its memory has been copied: it may be filled again."""
        if self._copied is not None:
            self._backend.wait(self._copied)
            self._copied = None

    def send(self, num_bytes: int) -> None:
        """Copy the first bytes to the device, as soon as it no longer reads what was there."""
        self._copied = self._backend.copy_ahead(
            self.host[:num_bytes], self.memory[:num_bytes], after=self._made
        )

    def release(self) -> None:
        """The last kernel that reads the device's copy was launched."""
        self._made = self._backend.mark()


class Arenas:
    """Two arenas: the host fills one while the other is copied and worked on."""

    def __init__(self, backend: Backend, num_bytes: int) -> None:
        self._backend, self._num_bytes = backend, num_bytes
        self._arenas: list[Arena] = []

    def next(self, *, at_least: int = 0) -> Arena:
        """The arena whose turn it is, to be filled; a larger one by itself for what needs it."""
        if at_least > self._num_bytes:
            return Arena(self._backend, at_least)
        if len(self._arenas) < 2:
            self._arenas.append(Arena(self._backend, self._num_bytes))
        else:
            self._arenas.append(self._arenas.pop(0))
        arena = self._arenas[-1]
        arena.wait_until_free()
        return arena
