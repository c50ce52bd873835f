"""What every training run decides, whatever it trains: every choice in one frozen record."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastdct.geometry import Rule
from fastdct.training.objective import Objective
from fastdct.training.options import (
    AT_LEAST_ONE,
    BELOW_ONE,
    BLOCKS,
    BLOCKS_OR_NONE,
    NOT_NEGATIVE,
    POSITIVE,
    SHARE,
    check,
    one_of,
    option,
)


@dataclass(frozen=True, kw_only=True)
class TrainingConfig(ABC):
    """What the tasks share; `ClassifyTraining`, `DelgTraining` and `DistilTraining` add their own options and their sources' numbers.

    Small windows first and large ones late save most of the time (Touvron et al., "Fixing the train-test
    resolution discrepancy", NeurIPS 2019, section 4).

    Raises
    ------
    ValueError
        A value outside its range.
    """

    labels: Path = option(
        "CSV table of paths and labels, the train.csv or train_clean.csv of Google Landmarks v2, or a folder with one "
        "folder of JPEGs for each class"
    )
    output: Path = option("folder for weights, metrics and checkpoint; a run found there is continued")
    root: Path | None = option(
        "folder that the table's paths are relative to (default: the table's own; of Google Landmarks v2 train beside it)",
        default=None,
    )
    path_column: str = option("column of the table that holds paths", default="path")
    label_column: str = option("column of the table that holds labels", default="label")
    split_column: str | None = option(
        "column of the table that says train or val; rows of other words are left out", default=None
    )
    validation: float = option(
        "without split-column: share of every class held out to measure accuracy",
        default=0.2,
        accepted=BELOW_ONE,
    )
    model: str = option("name of the network")
    initial: str | None = option(
        "start from these weights: a folder of ours, or a state dict of torchvision's (.pth, .pt, .safetensors)",
        default=None,
    )
    size: int = option("side of the square window in pixels, a multiple of 8", default=448, accepted=BLOCKS)
    late_size: int = option(
        "side of the window from the epoch late-from on; 0: as before", default=0, accepted=BLOCKS_OR_NONE
    )
    late_from: int = option(
        "first epoch, counted from 0, with windows of late-size", default=0, accepted=NOT_NEGATIVE
    )
    flip: float = option("chance of mirroring a training window", default=0.0, accepted=SHARE)
    brightness: float = option("largest random relative change of brightness", default=0.0, accepted=SHARE)
    contrast: float = option("largest random relative change of contrast", default=0.0, accepted=SHARE)
    saturation: float = option("largest random relative change of saturation", default=0.0, accepted=SHARE)
    balanced: bool = option("show every class equally often, whatever its number of pictures", default=False)
    epochs: int = option("epochs to train", default=40, accepted=AT_LEAST_ONE)
    batch_size: int = option("windows in a batch, over all processes", default=32, accepted=AT_LEAST_ONE)
    optimizer: str = option("sgd (with momentum) or adamw", default="sgd", accepted=one_of("sgd", "adamw"))
    learning_rate: float = option("learning rate at its largest", default=0.1, accepted=POSITIVE)
    schedule: str = option(
        "how the rate falls: step (see step-epochs) or cosine (to 0 at the end)",
        default="step",
        accepted=one_of("step", "cosine"),
    )
    step_epochs: int = option(
        "epochs after which the learning rate is divided by 10, again and again",
        default=10,
        accepted=AT_LEAST_ONE,
    )
    warmup_epochs: float = option(
        "epochs over which the learning rate rises from 0", default=0.0, accepted=NOT_NEGATIVE
    )
    momentum: float = option("momentum of stochastic gradient descent", default=0.9, accepted=BELOW_ONE)
    weight_decay: float = option("weight decay", default=1e-4, accepted=NOT_NEGATIVE)
    clip_norm: float = option(
        "largest norm of the gradient; 0: any is taken", default=0.0, accepted=NOT_NEGATIVE
    )
    ema: float = option(
        "keep a moving average of the weights with this decay, judge and store that; 0: the weights themselves",
        default=0.0,
        accepted=BELOW_ONE,
    )
    sync_batch_norm: bool = option("batch statistics over all processes, not over each alone", default=False)
    precision: str = option(
        "arithmetic of convolutions: float32 or bfloat16",
        default="float32",
        accepted=one_of("float32", "bfloat16"),
    )
    device: str = option("cpu or cuda", default="cpu", accepted=one_of("cpu", "cuda"))
    workers: int = option("threads that decode ahead", default=1, accepted=AT_LEAST_ONE)
    cache_mib: int = option(
        "memory for the coefficients of files already read, in MiB; 0 reads them anew",
        default=1024,
        accepted=NOT_NEGATIVE,
    )
    half: bool = option("store the trained matrices in float16", default=False)
    plot: bool = option("draw the metrics as curves.svg after every epoch", default=False)
    seed: int = option("seed of initial weights, order and windows", default=0, accepted=NOT_NEGATIVE)

    def __post_init__(self) -> None:
        """Take plain strings as paths, and check ranges."""
        for name in ("labels", "output", "root"):
            value = getattr(self, name)
            object.__setattr__(self, name, None if value is None else Path(value))
        check(self)

    @property
    @abstractmethod
    def training_window(self) -> Rule:
        """What is drawn of a picture to train on."""

    @property
    @abstractmethod
    def validation_window(self) -> Rule:
        """What is looked at of a picture that was held out."""

    @abstractmethod
    def objective(self, classes: Sequence[str], description: Mapping[str, Any] | None = None) -> Objective:
        """Build what is to be trained, or rebuild what ``description`` tells of.

        Raises
        ------
        ValueError
            There is no such network, or the weights to start from are of another one.
        """

    def size_at(self, epoch: int) -> int:
        """Return the side of an epoch's windows in pixels."""
        return self.late_size if self.late_size and epoch >= self.late_from else self.size

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        """Return the options that need not be given, with their defaults."""
        fields = dataclasses.fields(cls)
        return {field.name: field.default for field in fields if field.default is not dataclasses.MISSING}

    def to_dict(self) -> dict[str, Any]:
        """Return plain numbers and strings, as checkpoints hold them."""
        values = dataclasses.asdict(self)
        return {key: str(value) if isinstance(value, Path) else value for key, value in values.items()}
