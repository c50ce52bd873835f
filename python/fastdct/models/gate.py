"""Channels chosen for each picture: the gate of Xu et al., "Learning in the frequency domain" (CVPR 2020), section 3.3."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from fastdct.models.classifier import Classifier

# A gate starts open, 0.87 of the time: one that starts even never lets the network learn what a channel is good for.
_FIRST_ON, _FIRST_OFF = 2.0, 0.1


class ChannelGate(nn.Module):
    """Says of every channel of every picture whether it is looked at.

    A channel's mean, mixed with those of the others, becomes two logits. In training on or off is drawn by them
    (Gumbel-softmax), and gradients pass as if the probability itself had been the answer; in evaluation the larger wins.
    """

    def __init__(self, num_channels: int) -> None:
        super().__init__()
        self.mix = nn.Conv1d(num_channels, num_channels, 1)
        self.logits = nn.Conv1d(num_channels, 2 * num_channels, 1, groups=num_channels)
        nn.init.normal_(self.logits.weight, std=1e-3)
        with torch.no_grad():
            first = torch.tensor([_FIRST_OFF, _FIRST_ON], device=self.logits.weight.device)
            self.logits.bias = nn.Parameter(first.repeat(num_channels))

    def forward(self, means: Tensor) -> Tensor:  # [N, C] -> [N, C]
        """Return 1 for a channel that is open and 0 for one that is not."""
        mixed = torch.relu(self.mix(means[:, :, None]))  # [N, C, 1]
        logits: Tensor = self.logits(mixed).reshape(*means.shape, 2)  # [N, C, (off, on)]
        if self.training:
            drawn = functional.gumbel_softmax(logits, hard=True, dim=2)
            return drawn[..., 1]
        return (logits[..., 1] > logits[..., 0]).to(means.dtype)


class GatedOutput(NamedTuple):
    """What :meth:`Gated.with_gates` says of a batch."""

    logits: Tensor  # [N, num_classes]
    open: Tensor  # [N, C]: 1 where a channel was looked at

    @property
    def num_open(self) -> Tensor:
        """Mean number of open channels of a picture: times lambda, the term that the loss gets (equation 1)."""
        return self.open.sum(dim=1).mean()


class Gated(Classifier):
    """A network on DCT coefficients behind a :class:`ChannelGate` over all its channels.

    Raises
    ------
    ValueError
        The network takes pixels.
    """

    def __init__(self, network: Classifier) -> None:
        super().__init__()
        config = network.config
        if config.input.channels is None:
            raise ValueError(f"{config.name} takes pixels; a gate chooses among DCT channels")
        self.config = replace(config, gated=True)
        self.gate = ChannelGate(config.input.channels.num_channels)
        self.network = network

    def with_gates(self, *inputs: Tensor) -> GatedOutput:  # [N, C, H/8, W/8], or luma and chroma
        """Return logits and gates; train with ``cross_entropy + weight * output.num_open``.

        Raises
        ------
        ValueError
            The tensors are not what ``config.input`` says.
        """
        self.check_inputs(*inputs)
        gates = self.gate(torch.cat([x.mean(dim=(2, 3)) for x in inputs], dim=1))  # [N, C]
        parts = gates.split([x.shape[1] for x in inputs], dim=1)
        passed = (x * part[:, :, None, None] for x, part in zip(inputs, parts, strict=True))
        return GatedOutput(self.network(*passed), gates)

    def forward(self, *inputs: Tensor) -> Tensor:  # -> [N, num_classes]
        """Return logits; see :meth:`with_gates`."""
        return self.with_gates(*inputs).logits
