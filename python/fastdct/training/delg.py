"""Training DELG: its options, and the network with its losses."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from fastdct import models
from fastdct.geometry import Compose, RandomHorizontalFlip, RandomResizedCrop, Resize, Rule
from fastdct.models import InputSpec
from fastdct.models.config import DelgConfig
from fastdct.models.delg import Delg, DelgOutput
from fastdct.training.config import TrainingConfig
from fastdct.training.distributed import Ranks
from fastdct.training.losses import DelgLoss
from fastdct.training.margins import ArcFace, CurricularFace
from fastdct.training.objective import Losses, Objective, Statistics
from fastdct.training.options import AT_LEAST_ONE, NOT_NEGATIVE, POSITIVE, POSITIVE_SHARE, one_of, option
from fastdct.training.warm_start import STATE_SUFFIXES, read_state, take_weights

# Tau is the median attention of the last batches of an epoch: that of a single one is noisy.
_THRESHOLD_BATCHES = 8
_SIZE = 448  # of the source's windows
_BUILDERS: dict[str, Callable[..., Delg]] = {
    "delg-small": models.delg_small,
    "delg-resnet18": models.delg_resnet18,
    "delg-resnet50": models.delg_resnet50,
}


_MARGINS: dict[str, type[ArcFace]] = {"arcface": ArcFace, "curricularface": CurricularFace}


@dataclass(frozen=True, kw_only=True)
class DelgTraining(TrainingConfig):
    """A training run of DELG; the defaults are the source's schedule.

    Optimiser, schedule, margin, scale and loss weight: Temburwar et al., section 4.4. Crop and gradient
    clipping, which it leaves open: the DELG authors' program (area 0.08 to 1, aspect 3/4 to 4/3, no flip,
    norm 10). The scale learns more slowly than the rest: at the same rate, in a network that starts from nothing,
    it falls from 30 below 0 within two epochs, because a small scale is the quickest way to a smaller loss.
    """

    model: str = option(
        "network: delg-resnet18, delg-resnet50 or, with a teacher, delg-small", default="delg-resnet18"
    )
    initial: str | None = option(
        "start from these weights: a folder of ours, delg-small for the packaged ones, or a ResNet's state dict of "
        "torchvision's (.pth, .pt, .safetensors)",
        default=None,
    )
    channels: int = option("DCT channels of the input: 24, 32, 48, 64 or 192", default=64)
    clip_norm: float = option(
        "largest norm of the gradient; 0: any is taken", default=10.0, accepted=NOT_NEGATIVE
    )
    crop_area: float = option(
        "smallest part of a picture's area that a training window covers",
        default=0.08,
        accepted=POSITIVE_SHARE,
    )
    crop_aspect: float = option(
        "largest aspect (and 1 / smallest) of a training window", default=1.3333, accepted=AT_LEAST_ONE
    )
    loss: str = option(
        "of global descriptors: arcface or curricularface", default="arcface", accepted=one_of(*_MARGINS)
    )
    centres: int = option(
        "prototypes of a class, of which the nearest counts", default=1, accepted=AT_LEAST_ONE
    )
    margin: float = option("angular margin of ArcFace in radians", default=0.15, accepted=NOT_NEGATIVE)
    scale: float = option("initial scale of ArcFace, learned from there", default=30.0, accepted=POSITIVE)
    scale_rate: float = option(
        "learning rate of the scale as a share of the others", default=0.01, accepted=NOT_NEGATIVE
    )
    attention_weight: float = option("weight beta of the attention loss", default=1.0, accepted=NOT_NEGATIVE)

    @property
    def training_window(self) -> Rule:
        """Part of the picture, of random area and aspect."""
        ratio = (1 / self.crop_aspect, self.crop_aspect)
        return Compose(
            [RandomResizedCrop(scale=(self.crop_area, 1.0), ratio=ratio), RandomHorizontalFlip(self.flip)]
        )

    @property
    def validation_window(self) -> Rule:
        """The whole picture."""
        return Resize()

    def objective(
        self, classes: Sequence[str], description: Mapping[str, Any] | None = None
    ) -> DelgObjective:
        """Build what is to be trained, or rebuild what ``description`` tells of.

        Raises
        ------
        ValueError
            There is no such network, or the weights to start from are of another one.
        """
        if self.model == "delg-small" and self.initial is None and description is None:
            raise ValueError(
                "delg-small has no batch normalisation and cannot be trained from nothing; train delg-resnet18, give "
                "--initial delg-small, or a teacher: fastdct train distil"
            )
        objective = DelgObjective(self.network(description), self, num_classes=len(classes))
        objective.keeps_statistics = self.keeps_statistics
        return objective

    @property
    def keeps_statistics(self) -> bool:
        """Whether the network is normalised as the weights that it starts from were."""
        return self.initial is not None and not _is_state_dict(self.initial)

    def network(self, description: Mapping[str, Any] | None) -> Delg:
        """Build the network, load it, or rebuild what ``description`` tells of.

        Raises
        ------
        ValueError
            There is no such network, or the weights to start from take other channels.
        """
        if description is not None:
            return Delg(DelgConfig.from_dict(description))
        if self.initial is not None and not _is_state_dict(self.initial):
            model = models.load(self.initial)
            if model.config.channels.num_channels != self.channels:
                raise ValueError(
                    f"{self.initial} takes {model.config.channels.num_channels} channels, not {self.channels}"
                )
            return model
        if self.model not in _BUILDERS:
            raise ValueError(f"there is no network {self.model!r}; there are {', '.join(_BUILDERS)}")
        model = _BUILDERS[self.model](channels=self.channels)
        if self.initial is not None:
            take_weights(model.backbone, read_state(Path(self.initial)), name=self.initial)
        return model


class DelgObjective(Objective):
    """DELG with ArcFace on its global and a classifier on its local descriptors."""

    model: Delg

    def __init__(self, model: Delg, config: DelgTraining, *, num_classes: int) -> None:
        super().__init__(model, bfloat16=config.precision == "bfloat16")
        arcface = _MARGINS[config.loss](
            model.config.embedding_dim,
            num_classes,
            margin=config.margin,
            scale=config.scale,
            centres=config.centres,
        )
        self.loss = DelgLoss(
            arcface, local_dim=model.config.local_dim, attention_weight=config.attention_weight
        )
        self._scale_rate = config.scale_rate
        self._attention: deque[Tensor] = deque(maxlen=_THRESHOLD_BATCHES)

    @property
    def input(self) -> InputSpec:
        """The channels of the network's config."""
        return InputSpec(size=_SIZE, channels=self.model.config.channels)

    @property
    def statistics(self) -> Statistics:
        """Those of the network's config."""
        return self.model.config.normalize

    def set_statistics(self, statistics: Statistics) -> None:
        """Write them into the network's config."""
        mean, std = statistics
        self.model.config = replace(self.model.config, mean=mean, std=std)

    def losses(self, output: DelgOutput, labels: Tensor) -> Losses:
        """ArcFace, attention, and their weighted sum."""
        if self.training:
            self._attention.append(output.attention.detach().flatten())
        losses = self.loss(output, labels)
        return {
            "loss": losses.total,
            "descriptor_loss": losses.descriptor,
            "attention_loss": losses.attention,
        }

    def scores(self, output: DelgOutput) -> Tensor:
        """Cosines between global descriptors and the classes' prototypes."""
        return self.loss.arcface.cosines(output.global_descriptor)

    def description(self) -> dict[str, Any]:
        """The network's config."""
        return self.model.config.to_dict()

    def save(self, directory: str | os.PathLike[str], *, half: bool) -> None:
        """Write model.safetensors and config.json."""
        models.save(self.model, directory, half=half)

    def parameter_groups(self) -> list[dict[str, Any]]:
        """The scale apart from all others."""
        scale = self.loss.arcface.scale
        others = [parameter for parameter in self.parameters() if parameter is not scale]
        return [{"params": others, "share": 1.0}, {"params": [scale], "share": self._scale_rate}]

    def end_epoch(self, ranks: Ranks) -> dict[str, float]:
        """Set tau to the median attention of the last batches."""
        threshold = ranks.gathered(torch.cat(list(self._attention))).median().item()
        self._attention.clear()
        self.model.config = replace(self.model.config, attention_threshold=threshold)
        return {"arcface_scale": self.loss.arcface.scale.item(), "attention_median": threshold}

    def adopt(self, other: Objective) -> None:
        """The config, which holds tau."""
        assert isinstance(other, DelgObjective)
        self.model.config = other.model.config


def _is_state_dict(initial: str) -> bool:
    return Path(initial).suffix in STATE_SUFFIXES
