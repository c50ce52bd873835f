"""DELG with its losses, as the training loop takes it."""

from __future__ import annotations

import os
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from fastdct import models
from fastdct.data import LoadedBatch
from fastdct.models import InputSpec
from fastdct.models.delg import Delg, DelgOutput
from fastdct.training.distributed import Ranks
from fastdct.training.losses import DelgLoss
from fastdct.training.margins import ArcFace, CurricularFace
from fastdct.training.objective import Losses, Objective, Statistics

if TYPE_CHECKING:
    from fastdct.training.delg import DelgTraining

# Tau is the median attention of the last batches of an epoch: that of a single one is noisy.
_THRESHOLD_BATCHES = 8
MARGINS: dict[str, type[ArcFace]] = {"arcface": ArcFace, "curricularface": CurricularFace}


class DelgObjective(Objective):
    """DELG with ArcFace on its global and a classifier on its local descriptors."""

    model: Delg

    def __init__(self, model: Delg, config: DelgTraining, *, num_classes: int) -> None:
        super().__init__(model, bfloat16=config.precision == "bfloat16")
        arcface = MARGINS[config.loss](
            model.config.embedding_dim,
            num_classes,
            margin=config.margin,
            scale=config.scale,
            centres=config.centres,
        )
        self.loss = DelgLoss(
            arcface, local_dim=self._attended_dim(model), attention_weight=config.attention_weight
        )
        self._scale_rate = config.scale_rate
        self._attention: deque[Tensor] = deque(maxlen=_THRESHOLD_BATCHES)

    @staticmethod
    def _attended_dim(model: Delg) -> int:
        """Length of the features that attention pools to be classified."""
        return model.config.local_dim

    @property
    def input(self) -> InputSpec:
        """That of the network's config."""
        return self.model.config.input

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


class AutoencodedDelg(DelgObjective):
    """DELG with its autoencoder: local descriptors are what a 1 x 1 convolution keeps of the third stage's features.

    Another convolution rebuilds them (Cao et al., ECCV 2020, section 3.2); attention is learned by classifying what it
    rebuilds (section 3.3). No gradient of either reaches the backbone. It is left out of what is stored.
    """

    def __init__(self, model: Delg, config: DelgTraining, *, num_classes: int) -> None:
        super().__init__(model, config, num_classes=num_classes)
        self.rebuild = nn.Conv2d(model.config.reduction, model.config.third_channels, 1)
        self._weight = config.autoencoder_weight

    @staticmethod
    def _attended_dim(model: Delg) -> int:
        return model.config.third_channels

    def forward(self, batch: LoadedBatch) -> Losses:
        """Return the losses of a batch."""
        model = self.model
        assert model.reduction is not None
        with self.autocast(batch.tensor):
            third = model.third_stage(batch.tensor)
            features = third.detach()  # [N, third_channels, H, W]
            rebuilt = torch.relu(self.rebuild(model.reduction(features)))  # as features are: never negative
            descriptor, attention = model.whitening(model.fourth_stage(third)), model.attention(features)
        rebuilt, features = rebuilt.float(), features.float()
        output = DelgOutput(descriptor, functional.normalize(rebuilt, dim=1), attention)
        losses = self.losses(output, batch.labels)
        lost = functional.mse_loss(rebuilt, features)
        return {**losses, "loss": losses["loss"] + self._weight * lost, "autoencoder_loss": lost}
