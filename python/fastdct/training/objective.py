"""What is optimised: a network with its losses, as one module."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from fastdct.data import LoadedBatch
from fastdct.decoder import Decoder
from fastdct.geometry import Rule
from fastdct.models import InputSpec
from fastdct.training.distributed import Ranks

Statistics = tuple[
    tuple[float, ...], tuple[float, ...]
]  # (mean, std) of each channel, as `Decoder` takes them
Batches = Callable[[], Iterable[LoadedBatch]]
Losses = dict[str, Tensor]  # scalars by name; "loss" is their weighted sum, which is minimised


def inputs_of(batch: LoadedBatch) -> tuple[Tensor, ...]:
    """The tensors that a network takes."""
    return (batch.tensor,) if batch.chroma is None else (batch.tensor, batch.chroma)


class Objective(nn.Module, ABC):
    """A network and the losses that train it: one module, so that processes, averages and checkpoints see one thing.

    Attributes
    ----------
    model
        What is trained to be used; the rest of the module serves training only.
    keeps_statistics
        The network is normalised as the weights that it starts from were; else by what is measured.
    """

    def __init__(self, model: nn.Module, *, bfloat16: bool) -> None:
        super().__init__()
        self.model = model
        self.keeps_statistics = False
        self._bfloat16 = bfloat16

    def forward(self, batch: LoadedBatch) -> Losses:
        """Return the losses of a batch."""
        return self.losses(self.output(batch), batch.labels)

    def output(self, batch: LoadedBatch) -> Any:
        """What the network says about a batch; its convolutions are in bfloat16 if that was asked for, losses never."""
        with self.autocast(batch.tensor):
            return self.model(*inputs_of(batch))

    def autocast(self, tensor: Tensor) -> torch.autocast:
        """The arithmetic of convolutions on the device of ``tensor``."""
        return torch.autocast(tensor.device.type, dtype=torch.bfloat16, enabled=self._bfloat16)

    def decoder(self, size: int, *, window: Rule) -> Decoder:
        """The decoder of the network's input; size 0 is the one that the network is made for."""
        return self.input.decoder(size, window=window, normalize=self.statistics, dtype="float32")

    @property
    @abstractmethod
    def input(self) -> InputSpec:
        """What the network takes."""

    @property
    @abstractmethod
    def statistics(self) -> Statistics | None:
        """By what its input is normalised."""

    @abstractmethod
    def set_statistics(self, statistics: Statistics) -> None:
        """Let the input be normalised by what was measured."""

    @abstractmethod
    def losses(self, output: Any, labels: Tensor) -> Losses:
        """The losses of the network's output."""

    @abstractmethod
    def scores(self, output: Any) -> Tensor:
        """How much each picture looks like each class: [N, num_classes]."""

    @abstractmethod
    def description(self) -> dict[str, Any]:
        """What the network is rebuilt from, in plain values."""

    @abstractmethod
    def save(self, directory: str | os.PathLike[str], *, half: bool) -> None:
        """Write the trained network to be used."""

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Parameters with their ``share`` of the learning rate."""
        return [{"params": list(self.parameters()), "share": 1.0}]

    def prepare(self, batches: Batches) -> None:
        """Before a run begins, look at ``batches()``: the training pictures, whole."""

    def finish(self, batches: Batches) -> None:
        """After the last epoch, look at them again."""

    def end_epoch(self, ranks: Ranks) -> dict[str, float]:
        """Do what an epoch ends with; returns what is to be recorded of it."""
        return {}

    def adopt(self, other: Objective) -> None:
        """Take over from a twin what is in no state dict."""
