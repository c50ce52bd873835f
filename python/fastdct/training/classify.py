"""Training a classifier: its options, and the network with its loss."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from torch import Tensor
from torch.nn import functional

from fastdct import models
from fastdct.data import LoadedBatch
from fastdct.geometry import (
    CenterCrop,
    Compose,
    RandomCrop,
    RandomHorizontalFlip,
    RandomResizedCrop,
    Resize,
    Rule,
)
from fastdct.models import Classifier, InputSpec
from fastdct.models.registry import restore
from fastdct.training.config import TrainingConfig
from fastdct.training.objective import Losses, Objective, Statistics, inputs_of
from fastdct.training.options import (
    AT_LEAST_ONE,
    BELOW_ONE,
    BLOCKS_OR_NONE,
    NOT_NEGATIVE,
    POSITIVE,
    POSITIVE_SHARE,
    SHARE,
    one_of,
    option,
)
from fastdct.training.warm_start import IMAGENET, read_state, take_weights

# The windows of the source, whatever size they are then scaled to: short side 256, squares of 224.
_SHORT_SIDE, _CROP = 256, 224
_LARGEST_ASPECT = 4 / 3


@dataclass(frozen=True, kw_only=True)
class ClassifyTraining(TrainingConfig):
    """A training run of a classifier; the defaults are the source's schedule.

    Network, batch, schedule, crops and flips: Santos and Almeida, "The good, the bad, and the ugly: neural networks
    straight from JPEG" (2020). Momentum and weight decay, which it leaves open: those of He et al., CVPR 2016,
    section 3.4.
    """

    model: str = option("network: a name that `fastdct models` lists", default="resnet50-upsampling-rfa")
    size: int = option(
        "side of the square window in pixels, a multiple of 8; 0: that which the network is made for",
        default=0,
        accepted=BLOCKS_OR_NONE,
    )
    crop: str = option(
        f"training windows: square ({_CROP} pixels of a short side of {_SHORT_SIDE}, anywhere) or area (see crop-area)",
        default="square",
        accepted=one_of("square", "area"),
    )
    crop_area: float = option(
        "with crop area: smallest part of a picture's area that a training window covers",
        default=0.08,
        accepted=POSITIVE_SHARE,
    )
    flip: float = option("chance of mirroring a training window", default=0.5, accepted=SHARE)
    epochs: int = option("epochs to train", default=120, accepted=AT_LEAST_ONE)
    batch_size: int = option("windows in a batch, over all processes", default=128, accepted=AT_LEAST_ONE)
    learning_rate: float = option("learning rate at its largest", default=0.05, accepted=POSITIVE)
    step_epochs: int = option(
        "epochs after which the learning rate is divided by 10, again and again",
        default=30,
        accepted=AT_LEAST_ONE,
    )
    label_smoothing: float = option(
        "share of a label's weight that is spread over all classes", default=0.0, accepted=BELOW_ONE
    )

    gate_weight: float = option(
        "put the gate of Xu et al. before the network, with this weight of the number of open channels; 0: no gate",
        default=0.0,
        accepted=NOT_NEGATIVE,
    )

    @property
    def training_window(self) -> Rule:
        """Part of the picture, mirrored or not."""
        square = Compose([Resize(_SHORT_SIDE), RandomCrop(_CROP)])
        area = RandomResizedCrop(scale=(self.crop_area, 1.0), ratio=(1 / _LARGEST_ASPECT, _LARGEST_ASPECT))
        return Compose([square if self.crop == "square" else area, RandomHorizontalFlip(self.flip)])

    @property
    def validation_window(self) -> Rule:
        """The central square."""
        return Compose([Resize(_SHORT_SIDE), CenterCrop(_CROP)])

    def objective(
        self, classes: Sequence[str], description: Mapping[str, Any] | None = None
    ) -> ClassifyObjective:
        """Build what is to be trained, or rebuild what ``description`` tells of.

        Raises
        ------
        ValueError
            There is no such network, it takes pixels and cannot have a gate, or the weights to start from are of another
            one.
        """
        if description is None:
            gated = self.gate_weight > 0
            model = models.create(self.model, num_classes=len(classes), gated=gated)
            model.config = replace(model.config, classes=tuple(classes))
        else:
            model = restore(description)
        objective = ClassifyObjective(model, self)
        if description is None and self.initial is not None:
            objective.start_from(self.initial)
        return objective


def _network(model: Classifier) -> Classifier:
    """The network behind a gate."""
    return model.network if isinstance(model, models.Gated) else model


class ClassifyObjective(Objective):
    """A classifier with the cross-entropy of its logits."""

    model: Classifier

    def __init__(self, model: Classifier, config: ClassifyTraining) -> None:
        super().__init__(model, bfloat16=config.precision == "bfloat16")
        self._smoothing = config.label_smoothing
        self._gate_weight = config.gate_weight

    def start_from(self, initial: str) -> None:
        """Take weights, and what they were normalised by: those of a folder of ours, else torchvision's."""
        statistics = None
        if Path(initial).is_dir():
            other = models.load_classifier(initial)
            take_weights(_network(self.model), _network(other).state_dict(), name=initial)
            if other.config.input.channels == self.input.channels:
                statistics = other.config.normalize
        else:
            take_weights(_network(self.model), read_state(Path(initial)), name=initial)
            if self.input.channels is None:
                statistics = IMAGENET
        if statistics is not None:
            self.set_statistics(statistics)
            self.keeps_statistics = True

    @property
    def input(self) -> InputSpec:
        """That of the network's config."""
        return self.model.config.input

    @property
    def statistics(self) -> Statistics | None:
        """Those of the network's config."""
        return self.model.config.normalize

    def set_statistics(self, statistics: Statistics) -> None:
        """Write them into the network's config."""
        mean, std = statistics
        self.model.config = replace(self.model.config, mean=mean, std=std)

    def forward(self, batch: LoadedBatch) -> Losses:
        """Return the losses of a batch: behind a gate, with the term of its open channels (Xu et al., equation 1)."""
        if not isinstance(self.model, models.Gated):
            return super().forward(batch)
        with self.autocast(batch.tensor):
            output = self.model.with_gates(*inputs_of(batch))
        loss = self.losses(output.logits, batch.labels)["loss"]
        return {"loss": loss + self._gate_weight * output.num_open, "num_open": output.num_open}

    def losses(self, output: Tensor, labels: Tensor) -> Losses:  # [N, num_classes], int64 [N]
        """Cross-entropy with labels smoothed (Szegedy et al., CVPR 2016, section 7)."""
        return {"loss": functional.cross_entropy(output.float(), labels, label_smoothing=self._smoothing)}

    def scores(self, output: Tensor) -> Tensor:
        """The logits."""
        return output

    def description(self) -> dict[str, Any]:
        """The network's config."""
        return self.model.config.to_dict()

    def save(self, directory: str | os.PathLike[str], *, half: bool) -> None:
        """Write model.safetensors and config.json."""
        models.save(self.model, directory, half=half)
