"""One training run: networks, data and optimiser, and one epoch of them."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import fmean

import torch
from torch import Tensor, nn

from fastdct.data import DctLoader, LoadedBatch
from fastdct.models.delg import Delg
from fastdct.training.batches import CachedFiles, training_batches, whole_batches
from fastdct.training.config import TrainingConfig
from fastdct.training.losses import DelgLoss

# Tau is the median attention of the last batches of an epoch: that of a single one is noisy.
_THRESHOLD_BATCHES = 8

Advance = Callable[[], None]


@dataclass(frozen=True)
class Sources:
    """The files to train on and those held out."""

    training: CachedFiles
    validation: CachedFiles


@dataclass
class Run:
    """The state of a training run. ``next_epoch`` counts from 0."""

    config: TrainingConfig
    model: Delg
    loss: DelgLoss
    optimizer: torch.optim.Optimizer
    sources: Sources
    errors: dict[str, str]
    next_epoch: int = 0

    def train_epoch(self, advance: Advance = lambda: None) -> dict[str, float | None]:
        """Train one epoch and return its metrics; ``advance`` is called after every batch."""
        started = time.perf_counter()
        rate = self.config.learning_rate_at(self.next_epoch)
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["share"]
        losses: list[tuple[float, float, float]] = []
        attention: deque[Tensor] = deque(maxlen=_THRESHOLD_BATCHES)
        num_images = 0
        self.model.train()
        for batch in self.training_batches():
            batch_losses, scores = self._step(batch)
            losses.append(batch_losses)
            attention.append(scores.flatten())
            num_images += len(batch.labels)
            advance()
        threshold = torch.cat(list(attention)).median().item()
        self.model.config = replace(self.model.config, attention_threshold=threshold)
        seconds = time.perf_counter() - started
        total, descriptor, local = (fmean(column) for column in zip(*losses, strict=True))
        metrics = {
            "epoch": self.next_epoch,
            "learning_rate": rate,
            "loss": total,
            "descriptor_loss": descriptor,
            "attention_loss": local,
            "arcface_scale": self.loss.arcface.scale.item(),
            "attention_median": threshold,
            "validation_accuracy": self.validate(),
            "seconds": seconds,
            "images_per_second": num_images / seconds,
        }
        self.next_epoch += 1
        return metrics

    def _step(self, batch: LoadedBatch) -> tuple[tuple[float, float, float], Tensor]:
        """Return the losses and the attention scores [N, 1, H, W] of one optimiser step."""
        with _autocast(self.config):
            output = self.model(batch.tensor)
        losses = self.loss(output, batch.labels)
        self.optimizer.zero_grad(set_to_none=True)
        losses.total.backward()
        nn.utils.clip_grad_norm_(_parameters(self.model, self.loss), self.config.clip_norm)
        self.optimizer.step()
        return (
            losses.total.item(),
            losses.descriptor.item(),
            losses.attention.item(),
        ), output.attention.detach()

    def training_batches(self) -> DctLoader:
        """Return the loader of the next epoch."""
        return training_batches(
            self.sources.training, config=self.config, network=self.model.config, epoch=self.next_epoch
        )

    @torch.inference_mode()
    def validate(self) -> float | None:
        """Return the accuracy on held-out pictures, each class counted alike; None without any."""
        if not len(self.sources.validation):
            return None
        self.model.eval()
        right: dict[int, list[float]] = {}
        held_out = whole_batches(
            self.sources.validation, config=self.config, network=self.model.config, epoch=self.next_epoch
        )
        for batch in held_out:
            with _autocast(self.config):
                descriptors = self.model(batch.tensor).global_descriptor
            guesses = self.loss.arcface.cosines(descriptors).argmax(dim=1)
            for label, guess in zip(batch.labels.tolist(), guesses.tolist(), strict=True):
                right.setdefault(label, []).append(float(guess == label))
        return fmean(fmean(hits) for hits in right.values())


def make_optimizer(model: Delg, loss: DelgLoss, config: TrainingConfig) -> torch.optim.SGD:
    """Return the optimiser; ``share`` is a group's part of the learning rate."""
    scale = loss.arcface.scale
    others = [parameter for parameter in _parameters(model, loss) if parameter is not scale]
    groups = [{"params": others, "share": 1.0}, {"params": [scale], "share": config.scale_rate}]
    return torch.optim.SGD(
        groups, lr=config.learning_rate, momentum=config.momentum, weight_decay=config.weight_decay
    )


def _parameters(model: Delg, loss: DelgLoss) -> list[nn.Parameter]:
    return [*model.parameters(), *loss.parameters()]


def _autocast(config: TrainingConfig) -> torch.autocast:
    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=config.precision == "bfloat16")
