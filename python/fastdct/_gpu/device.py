"""A CUDA device as the place where a decoder's tensors are made; `fastdct._host` is the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from fastdct._decoded import Form, Shape, checked_out
from fastdct._devices import EntropyDevice
from fastdct._gpu import engine as engines
from fastdct._gpu.decode import decode_on_device
from fastdct._gpu.engine import Engine
from fastdct._host import Work


@dataclass(frozen=True)
class Device:
    """Memory of one element type and order, by torch's allocator, and decoding there."""

    dtype: str
    layout: str
    engine: Engine
    entropy: EntropyDevice

    def take(self, count: int, shape: Shape) -> Tensor:
        """A tensor [count, *shape] for the current stream."""
        dtype, device = getattr(torch, self.dtype), self.engine.backend.device
        if self.layout == "channels_last":
            channels, height, width = shape
            return torch.empty((count, height, width, channels), dtype=dtype, device=device).permute(
                0, 3, 1, 2
            )
        return torch.empty((count, *shape), dtype=dtype, device=device)

    def pinned(self, count: int, shape: Shape) -> Tensor:
        """Nothing: what is made on a device is not pinned.

        Raises
        ------
        ValueError
            Always.
        """
        raise ValueError("tensors of a decoder on a device are not pinned; leave pinned out")

    def check(self, out: Tensor, shape: Sequence[int], *, name: str) -> Tensor:
        """``out``, if a batch of ``shape`` can be written into it; see `fastdct._decoded.checked_out`."""
        return checked_out(out, Form(self.dtype, self.layout, self.engine.backend.device), shape, name=name)

    def decode(self, work: Work, tensor: Tensor, chroma: Tensor | None) -> list[str | None]:
        """Launch what fills rows of tensors; see `fastdct._gpu.decode.decode_on_device`."""
        return decode_on_device(self.engine, work, tensor, chroma, entropy=self.entropy)


def device_of(name: str, *, dtype: str, layout: str, entropy: EntropyDevice) -> Device:
    """The device of this name.

    Raises
    ------
    RuntimeError
        There is none, or fastdct was built without CUDA.
    """
    return Device(dtype, layout, engines.engine_of(name), entropy)
