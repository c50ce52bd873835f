"""Several processes that train one network: started by torchrun, or one process alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
from torch import Tensor, distributed, nn

# Process 0 reads all of the data once before the others go on: no sign of death for many hours.
_PATIENCE = timedelta(hours=24)


@dataclass(frozen=True)
class Ranks:
    """A process among those of the run.

    Attributes
    ----------
    rank, count
        Which process, counted from 0, of how many.
    device
        Where it computes.
    """

    rank: int
    count: int
    device: torch.device

    @property
    def first(self) -> bool:
        """Whether this process is the one that writes and speaks."""
        return self.rank == 0

    def parallel(self, module: nn.Module) -> nn.Module:
        """The module whose backward pass averages gradients over all processes."""
        if self.count == 1:
            return module
        ids = [self.device] if self.device.type == "cuda" else None
        return nn.parallel.DistributedDataParallel(module, device_ids=ids)

    def total(self, values: Tensor) -> Tensor:
        """The sum over all processes."""
        if self.count > 1:
            values = values.to(self.device)
            distributed.all_reduce(values)
        return values.cpu()

    def gathered(self, values: Tensor) -> Tensor:
        """Those of all processes joined, which are of one shape: [n, ...] -> [count * n, ...]."""
        if self.count == 1:
            return values
        parts = [torch.empty_like(values) for _ in range(self.count)]
        distributed.all_gather(parts, values.contiguous())
        return torch.cat(parts)

    def told(self, value: Any) -> Any:
        """What the first process gives, in all of them."""
        if self.count == 1:
            return value
        box = [value]
        distributed.broadcast_object_list(box, src=0)
        return box[0]


def mean_of_all(value: Tensor) -> Tensor:
    """The mean of a tensor over all processes; no gradient flows through it."""
    if not distributed.is_initialized():
        return value
    value = value / distributed.get_world_size()
    distributed.all_reduce(value)
    return value


@contextmanager
def joined(device: str) -> Iterator[Ranks]:
    """Join the processes that torchrun started (it sets WORLD_SIZE, RANK and LOCAL_RANK), and leave them at the end.

    Raises
    ------
    ValueError
        ``"cuda"`` is asked for and there is none.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise ValueError("this torch sees no CUDA device; train with --device cpu")
    count = int(os.environ.get("WORLD_SIZE", "1"))
    local = int(os.environ.get("LOCAL_RANK", "0"))
    own = torch.device(device, local) if device == "cuda" else torch.device(device)
    if own.type == "cuda":
        torch.cuda.set_device(own)
    if count == 1 or distributed.is_initialized():
        yield Ranks(distributed.get_rank() if count > 1 else 0, count, own)
        return
    distributed.init_process_group("nccl" if device == "cuda" else "gloo", timeout=_PATIENCE)
    try:
        yield Ranks(distributed.get_rank(), count, own)
    finally:
        distributed.destroy_process_group()
