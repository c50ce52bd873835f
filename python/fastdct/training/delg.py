"""Training DELG: its options, and what is built from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fastdct import models
from fastdct.geometry import Compose, RandomHorizontalFlip, RandomResizedCrop, Resize, Rule
from fastdct.models.config import DelgConfig
from fastdct.models.delg import Delg
from fastdct.models.heads import GeM
from fastdct.training.config import TrainingConfig
from fastdct.training.delg_objective import MARGINS, AutoencodedDelg, DelgObjective
from fastdct.training.options import (
    AT_LEAST_ONE,
    BLOCKS_OR_NONE,
    NOT_NEGATIVE,
    POSITIVE,
    POSITIVE_SHARE,
    one_of,
    option,
)
from fastdct.training.warm_start import STATE_SUFFIXES, read_state, take_weights

_BUILDERS: dict[str, Callable[..., Delg]] = {
    "delg-small": models.delg_small,
    "delg-resnet18": models.delg_resnet18,
    "delg-resnet50": models.delg_resnet50,
}


@dataclass(frozen=True, kw_only=True)
class DelgTraining(TrainingConfig):
    """A training run of DELG; the defaults are the source's schedule.

    Optimiser, schedule, margin, scale and loss weight: Temburwar et al., section 4.4. Crop and gradient
    clipping, which it leaves open: the DELG authors' program (area 0.08 to 1, aspect 3/4 to 4/3, no flip,
    norm 10). The scale learns more slowly than the rest: at the same rate, in a network that starts from nothing,
    it falls from 30 below 0 within two epochs, because a small scale is the quickest way to a smaller loss.
    """

    model: str = option(
        "network: delg-resnet18 or delg-resnet50; from a folder of ours it is the one stored there",
        default="delg-resnet18",
    )
    initial: str | None = option(
        "start from these weights: a folder of ours, delg-small for the packaged ones, or a ResNet's state dict of "
        "torchvision's (.pth, .pt, .safetensors)",
        default=None,
    )
    channels: int = option(
        "DCT channels of the input: 24, 32, 48, 64 or 192; 0: RGB pixels of the same windows", default=64
    )
    input_size: int = option(
        "side of the square whose area pictures have when the network is used; 0: that of the last windows",
        default=0,
        accepted=BLOCKS_OR_NONE,
    )
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
    gem_p: float = option(
        "exponent of the pooling of global descriptors; 0: that of the network, 3 (of delg-small 2)",
        default=0.0,
        accepted=NOT_NEGATIVE,
    )
    gem_learnable: bool = option("learn the exponent of the pooling with the rest", default=False)
    loss: str = option(
        "of global descriptors: arcface or curricularface", default="arcface", accepted=one_of(*MARGINS)
    )
    centres: int = option(
        "prototypes of a class, of which the nearest counts", default=1, accepted=AT_LEAST_ONE
    )
    margin: float = option("angular margin of ArcFace in radians", default=0.15, accepted=NOT_NEGATIVE)
    scale: float = option("initial scale of ArcFace, learned from there", default=30.0, accepted=POSITIVE)
    scale_rate: float = option(
        "learning rate of the scale as a share of the others", default=0.01, accepted=NOT_NEGATIVE
    )
    autoencoder: int = option(
        "length of the local descriptors that an autoencoder of DELG's kind makes; 0: none",
        default=0,
        accepted=NOT_NEGATIVE,
    )
    autoencoder_weight: float = option(
        "weight of what the autoencoder loses", default=10.0, accepted=NOT_NEGATIVE
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
        model = self.network(description)
        if self.autoencoder != 0 and model.config.reduction != self.autoencoder:
            raise ValueError(
                f"{self.initial} has local descriptors of {model.config.local_dim} values, not {self.autoencoder}"
            )
        kind = AutoencodedDelg if self.autoencoder else DelgObjective
        objective = kind(model, self, num_classes=len(classes))
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
            selection = model.config.channels
            count = 0 if selection is None else selection.num_channels
            if count != self.channels:
                raise ValueError(f"{self.initial} takes {count} channels, not {self.channels}")
            model.config = replace(model.config, input_area=self._input_area)
            return self._pooling(model)
        if self.model not in _BUILDERS:
            raise ValueError(f"there is no network {self.model!r}; there are {', '.join(_BUILDERS)}")
        config = replace(
            _BUILDERS[self.model](channels=self.channels or None).config,
            input_area=self._input_area,
        )
        if self.autoencoder:
            config = replace(config, reduction=self.autoencoder)
        model = Delg(config)
        if self.initial is not None:
            take_weights(model.backbone, read_state(Path(self.initial)), name=self.initial)
        return self._pooling(model)

    @property
    def _input_area(self) -> int:
        return (self.input_size or self.late_size or self.size) ** 2

    def _pooling(self, model: Delg) -> Delg:
        """Let the network pool as the options say; what they leave open is its own."""
        if self.gem_p or self.gem_learnable:
            p, learnable = self.gem_p or model.pool.p.item(), self.gem_learnable
            model.config = replace(model.config, gem_p=p, gem_learnable=learnable)
            model.pool = GeM(p, learnable=learnable)
        return model


def _is_state_dict(initial: str) -> bool:
    return Path(initial).suffix in STATE_SUFFIXES
