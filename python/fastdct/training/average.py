"""A moving average of weights."""

from __future__ import annotations

import copy

import torch
from torch import Tensor

from fastdct.training.objective import Objective


class Average:
    """The exponential moving average of an objective's parameters and buffers.

    The decay begins small, min(decay, (1 + n) / (10 + n)) at update n, so that the random weights of the start are
    forgotten in a short run too (the rule of TensorFlow's ``ExponentialMovingAverage``; torch's ``AveragedModel`` has none).
    """

    def __init__(self, objective: Objective, *, decay: float) -> None:
        self.objective = copy.deepcopy(objective).requires_grad_(False)
        self._decay, self._updates = decay, 0

    @torch.no_grad()
    def update(self, objective: Objective) -> None:
        """Move towards the present weights."""
        decay = min(self._decay, (1 + self._updates) / (10 + self._updates))
        self._updates += 1
        own, other = self.objective.state_dict(), objective.state_dict()
        moving = [name for name, value in own.items() if value.is_floating_point()]
        torch._foreach_lerp_([own[name] for name in moving], [other[name] for name in moving], 1 - decay)
        for name in own.keys() - set(moving):  # counters
            own[name].copy_(other[name])

    def state_dict(self) -> dict[str, Tensor | int]:
        """What `load_state_dict` continues from."""
        return {"updates": self._updates, **self.objective.state_dict()}

    def load_state_dict(self, state: dict[str, Tensor | int]) -> None:
        """Continue another average."""
        tensors = dict(state)
        self._updates = int(tensors.pop("updates"))
        self.objective.load_state_dict(tensors)
