"""One training run: what is optimised, its data and its optimiser, and one epoch of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import blake2b

import torch
from torch import Tensor, nn

from fastdct.data import DctLoader, LoadedBatch
from fastdct.decoder import Decoder
from fastdct.geometry import Rule
from fastdct.training.average import Average
from fastdct.training.batches import CachedFiles, training_batches, validation_batches
from fastdct.training.config import TrainingConfig
from fastdct.training.distributed import Ranks
from fastdct.training.objective import Objective
from fastdct.training.schedule import learning_rate, set_rate

Advance = Callable[[], None]
Metrics = dict[str, float | None]


@dataclass(frozen=True)
class Files:
    """The files to train on and those held out, the number of classes, and the files left out with the reason."""

    training: CachedFiles
    validation: CachedFiles
    num_classes: int
    errors: dict[str, str]


@dataclass
class Run:
    """The state of a training run. ``next_epoch`` counts from 0; ``average`` is None where none is kept."""

    config: TrainingConfig
    objective: Objective
    optimizer: torch.optim.Optimizer
    average: Average | None
    files: Files
    ranks: Ranks
    next_epoch: int = 0
    _parallel: nn.Module = field(init=False)

    def __post_init__(self) -> None:
        self._parallel = self.ranks.parallel(self.objective)

    @property
    def result(self) -> Objective:
        """What is judged and stored: the average of the weights, if one is kept."""
        return self.objective if self.average is None else self.average.objective

    def train_epoch(self, advance: Advance = lambda: None) -> Metrics:
        """Train one epoch and return its metrics; ``advance`` is called after every batch."""
        started = time.perf_counter()
        self.objective.train()
        self._seed()
        loader, losses, rate = self.training_batches(), [], 0.0
        for number, batch in enumerate(loader):
            rate = learning_rate(self.config, epoch=self.next_epoch, batch=number, num_batches=len(loader))
            set_rate(self.optimizer, rate)
            losses.append(self._step(batch))
            advance()
        means = self._means(losses)
        seconds = time.perf_counter() - started
        ended = self.objective.end_epoch(self.ranks)
        self.result.adopt(self.objective)
        num_images = len(losses) * len(batch.labels) * self.ranks.count
        metrics = {
            "epoch": self.next_epoch,
            "learning_rate": rate,
            **means,
            **ended,
            **self.validate(),
            "seconds": seconds,
            "images_per_second": num_images / seconds,
        }
        self.next_epoch += 1
        return metrics

    def _seed(self) -> None:
        """Let dropout and gates draw from (seed, epoch, rank), so that no generator's state need be stored."""
        place = f"{self.config.seed} {self.next_epoch} {self.ranks.rank}".encode()
        torch.manual_seed(int.from_bytes(blake2b(place, digest_size=7).digest(), "little"))

    def _step(self, batch: LoadedBatch) -> dict[str, float]:
        """Return the losses of one optimiser step."""
        losses: dict[str, Tensor] = self._parallel(batch)
        self.optimizer.zero_grad(set_to_none=True)
        losses["loss"].backward()  # type: ignore[no-untyped-call]
        if self.config.clip_norm:
            nn.utils.clip_grad_norm_(self.objective.parameters(), self.config.clip_norm)
        self.optimizer.step()
        if self.average is not None:
            self.average.update(self.objective)
        return {name: loss.item() for name, loss in losses.items()}

    def _means(self, losses: list[dict[str, float]]) -> dict[str, float]:
        """The mean of every loss over the epoch and all processes, whose batches are of one size."""
        table = torch.tensor([list(values.values()) for values in losses], dtype=torch.float64)
        means = self.ranks.total(table.mean(dim=0)) / self.ranks.count
        return dict(zip(losses[0], means.tolist(), strict=True))

    def training_batches(self) -> DctLoader:
        """Return the loader of the next epoch."""
        return training_batches(
            self.files.training,
            self._decoder(self.config.training_window),
            config=self.config,
            epoch=self.next_epoch,
            ranks=self.ranks,
        )

    def _decoder(self, window: Rule) -> Decoder:
        return self.objective.decoder(self.config.size_at(self.next_epoch), window=window)

    @torch.inference_mode()
    def validate(self) -> Metrics:
        """Return the accuracy on held-out pictures, of all alike and of each class alike; None without any."""
        names = ("validation_accuracy", "validation_class_accuracy")
        count = len(self.files.validation)
        if not count:
            return dict.fromkeys(names)
        self.result.eval()
        seen = torch.zeros(2, self.files.num_classes, dtype=torch.float64)  # pictures of a class, those right
        loader = validation_batches(
            self.files.validation,
            self._decoder(self.config.validation_window),
            config=self.config,
            ranks=self.ranks,
        )
        place = self.ranks.rank
        for batch in loader:
            guesses = self.result.scores(self.result.output(batch)).argmax(dim=1)
            places = range(place, place + len(guesses) * self.ranks.count, self.ranks.count)
            place = places.stop
            for at, label, guess in zip(places, batch.labels.tolist(), guesses.tolist(), strict=True):
                if at < count:  # after the last one, processes are made even by pictures already seen
                    seen[:, label] += torch.tensor([1, guess == label])
        of, right = self.ranks.total(seen)
        present = of > 0
        each = ((right.sum() / of.sum()).item(), (right[present] / of[present]).mean().item())
        return dict(zip(names, each, strict=True))
