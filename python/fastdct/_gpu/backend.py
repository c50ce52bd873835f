"""The device that does the work, as the rest of this room sees it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

import torch
from numpy.typing import NDArray
from torch import Tensor

from fastdct._devices import cuda_module

Mark = Any
"""A point in a stream's work that one can wait for."""


class Backend(Protocol):
    """Memory, copies and kernels of a device; all but `wait` and `download` return at once.

    ``device`` is where tensors are. "The current stream" is the caller's, as torch has it.
    """

    device: torch.device

    def launch(self, kernel: str, *args: Any, **options: Any) -> None:
        """Launch a function of `fastdct._cuda` on the current stream."""

    def empty(self, num_bytes: int) -> Tensor:
        """Memory of the device, uint8 [num_bytes], aligned to 256 bytes, for the current stream."""

    def pinned(self, num_bytes: int) -> Tensor:
        """Page-locked memory of the host, uint8 [num_bytes]."""

    def upload(self, array: NDArray[Any]) -> Tensor:
        """A small array's bytes in memory of the device, on the current stream."""

    def copy_ahead(self, source: Tensor, target: Tensor, *, after: Mark | None) -> Mark:
        """Copy to the device beside the current stream's work, but not before ``after``; the stream waits for it."""

    def mark(self) -> Mark:
        """What the current stream was given so far."""

    def follow(self, mark: Mark, tensors: Sequence[Tensor]) -> None:
        """Let the current stream wait until it is done, and use tensors that were made on another one."""

    def wait(self, mark: Mark) -> None:
        """Let the host wait until it is done."""

    def beside(self) -> AbstractContextManager[Any]:
        """A stream of the device's own is the current one meanwhile, in this thread."""

    def download(self, tensors: Sequence[Tensor]) -> NDArray[Any]:
        """The values of tensors [n], one after the other, once the current stream has made them: the host waits."""


class CudaBackend:
    """A CUDA device and the module `fastdct._cuda`.

    Raises
    ------
    RuntimeError
        torch sees no such device, or fastdct was built without CUDA.
    """

    def __init__(self, device: torch.device) -> None:
        self._module = cuda_module()
        if not torch.cuda.is_available():
            raise RuntimeError(f"device {str(device)!r}: torch sees no CUDA device here; leave device out")
        index = torch.cuda.current_device() if device.index is None else device.index
        if index >= torch.cuda.device_count():
            raise RuntimeError(f"device {str(device)!r}: torch sees {torch.cuda.device_count()} CUDA devices")
        self.device = torch.device("cuda", index)
        self._copies: torch.cuda.Stream = torch.cuda.Stream(self.device)  # type: ignore[no-untyped-call]
        self._own: torch.cuda.Stream = torch.cuda.Stream(self.device)  # type: ignore[no-untyped-call]

    def launch(self, kernel: str, *args: Any, **options: Any) -> None:
        """See `Backend`."""
        with torch.cuda.device(self.device):
            getattr(self._module, kernel)(*args, **options, stream=self._current().cuda_stream)

    def empty(self, num_bytes: int) -> Tensor:
        """See `Backend`."""
        return torch.empty(num_bytes, dtype=torch.uint8, device=self.device)

    def pinned(self, num_bytes: int) -> Tensor:
        """See `Backend`."""
        return torch.empty(num_bytes, dtype=torch.uint8, pin_memory=True)

    def upload(self, array: NDArray[Any]) -> Tensor:
        """See `Backend`."""
        staged = torch.from_numpy(array.reshape(-1).view("uint8")).pin_memory()
        # torch gives pinned memory out again only after the copies that read it have ended.
        return staged.to(self.device, non_blocking=True)

    def copy_ahead(self, source: Tensor, target: Tensor, *, after: Mark | None) -> Mark:
        """See `Backend`."""
        with torch.cuda.stream(self._copies):
            if after is not None:
                self._copies.wait_event(after)
            target.copy_(source, non_blocking=True)
            done = self._copies.record_event()
        self._current().wait_event(done)
        return done

    def mark(self) -> Mark:
        """See `Backend`."""
        return self._current().record_event()

    def follow(self, mark: Mark, tensors: Sequence[Tensor]) -> None:
        """See `Backend`."""
        self._current().wait_event(mark)
        for tensor in tensors:
            tensor.record_stream(self._current())

    def wait(self, mark: Mark) -> None:
        """See `Backend`."""
        mark.synchronize()

    def beside(self) -> AbstractContextManager[Any]:
        """See `Backend`."""
        return torch.cuda.stream(self._own)

    def download(self, tensors: Sequence[Tensor]) -> NDArray[Any]:
        """See `Backend`."""
        array: NDArray[Any] = torch.cat(list(tensors)).cpu().numpy()
        return array

    def _current(self) -> torch.cuda.Stream:
        return torch.cuda.current_stream(self.device)
