"""The learning rate of every step, and the optimiser that takes it."""

from __future__ import annotations

import math

import torch

from fastdct.training.config import TrainingConfig
from fastdct.training.objective import Objective


def learning_rate(config: TrainingConfig, *, epoch: int, batch: int, num_batches: int) -> float:
    """Return the rate of a step; ``epoch`` and ``batch`` count from 0.

    Warm-up multiplies the schedule by a line that reaches 1 with the last step of ``warmup_epochs`` (Goyal et al.,
    "Accurate, large minibatch SGD", section 2.2). Cosine: Loshchilov and Hutter, "SGDR", equation 5, without restarts.
    """
    rate = config.learning_rate
    if config.warmup_epochs:
        rate *= min(1.0, (epoch + (batch + 1) / num_batches) / config.warmup_epochs)
    if config.schedule == "cosine":
        done = (epoch + batch / num_batches) / config.epochs
        return rate * 0.5 * (1 + math.cos(math.pi * done))
    return float(rate * 0.1 ** (epoch // config.step_epochs))


def make_optimizer(objective: Objective, config: TrainingConfig) -> torch.optim.Optimizer:
    """Return the optimiser; ``share`` is a group's part of the learning rate."""
    if config.optimizer == "adamw":
        return torch.optim.AdamW(
            objective.parameter_groups(), lr=config.learning_rate, weight_decay=config.weight_decay
        )
    return torch.optim.SGD(
        objective.parameter_groups(),
        lr=config.learning_rate,
        momentum=config.momentum,
        weight_decay=config.weight_decay,
    )


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Let the next step be of this rate."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group["share"]
