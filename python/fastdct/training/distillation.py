"""DELG on coefficients from a network on pixels: first its layers up to a grid of 8 pixels, then the whole, with labels beside it.

The student's layers behind the stem are the teacher's. What they know comes from a million photos; labels of a few
thousand would soon overwrite it. The teacher's answers to the same windows hold them where they are.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from fastdct.data import LoadedBatch
from fastdct.decoder import Decoder
from fastdct.geometry import Rule
from fastdct.models import InputSpec
from fastdct.models.config import MOBILENET
from fastdct.models.delg import Delg, DelgOutput
from fastdct.models.staged_mobilenet import DctMobileNetV2
from fastdct.training.delg import DelgTraining
from fastdct.training.delg_objective import DelgObjective
from fastdct.training.distributed import Ranks, mean_of_all
from fastdct.training.objective import Batches, Losses, Statistics
from fastdct.training.options import NOT_NEGATIVE, option
from fastdct.training.teacher import ALL_CHANNELS, GREY, Teacher
from fastdct.training.whitening import fit_whitening


@dataclass(frozen=True, kw_only=True)
class DistilTraining(DelgTraining):
    """A training run of DELG with a teacher; the card of the packaged weights has the options that trained them."""

    model: str = option("network: delg-small", default="delg-small")
    teacher: str = option("npz file of a quantised MobileNetV2 on pixels to learn from")
    stem: bool = option(
        "train the stem alone, with the layers up to a grid of 8 pixels, to give what the teacher's give; labels play no part",
        default=False,
    )
    teacher_weight: float = option(
        "weight of the distance to the teacher's answers", default=8.0, accepted=NOT_NEGATIVE
    )
    transferred_rate: float = option(
        "learning rate of backbone and whitening as a share of the others", default=0.2, accepted=NOT_NEGATIVE
    )

    def objective(
        self, classes: Sequence[str], description: Mapping[str, Any] | None = None
    ) -> DistilledDelg:
        """Build what is to be trained, or rebuild what ``description`` tells of.

        Raises
        ------
        ValueError
            The network has another backbone than the teacher, there is no such teacher, or an autoencoder is asked for.
        """
        if self.autoencoder:
            raise ValueError(
                "local descriptors are whitened after distillation and need no autoencoder; leave it out, or train delg"
            )
        model = self.network(description)
        if self.stem and model.config.channels is None:
            raise ValueError(
                "on pixels the first layers are the teacher's and no stem is trained; leave stem out"
            )
        if model.config.backbone != MOBILENET:
            raise ValueError(f"the teacher is a {MOBILENET}, and so must be the network, not {self.model}")
        kind = DistilledStem if self.stem else DistilledDelg
        objective = kind(model, self, num_classes=len(classes))
        objective.keeps_statistics = self.keeps_statistics or model.config.channels is None
        if description is None and self.initial is None:
            transfer(objective.teacher, model)
        return objective


def transfer(teacher: Teacher, model: Delg) -> None:
    """Copy the layers that student and teacher share; on pixels these are all, and the normalisation with them."""
    if model.config.channels is None:
        model.config = replace(model.config, mean=(GREY,) * 3, std=(GREY,) * 3)
    shared = model.backbone.state_dict().keys() & teacher.network.state_dict().keys()
    state = teacher.network.state_dict()
    model.backbone.load_state_dict({key: state[key] for key in shared}, strict=False)


class DistilledDelg(DelgObjective):
    """DELG's losses, and the distances to what the teacher makes of the same windows.

    Windows come with all coefficients, which the teacher's pixels are made of; the network is given its channels.
    """

    def __init__(self, model: Delg, config: DistilTraining, *, num_classes: int) -> None:
        super().__init__(model, config, num_classes=num_classes)
        self.teacher = Teacher(config.teacher, bfloat16=config.precision == "bfloat16")
        self.reference = copy.deepcopy(model.whitening).requires_grad_(False)
        if model.reduction is not None:
            model.reduction.requires_grad_(False)
        self._teacher_weight = config.teacher_weight
        self._transferred_rate = config.transferred_rate

    @property
    def input(self) -> InputSpec:
        """All coefficients."""
        return InputSpec(size=super().input.size, channels=ALL_CHANNELS)

    def decoder(self, size: int, *, window: Rule) -> Decoder:
        """All coefficients, not normalised: the teacher's pixels are made of them as they are."""
        return self.input.decoder(size, window=window, dtype="float32")

    def set_statistics(self, statistics: Statistics) -> None:
        """Write those of the network's channels into its config."""
        mean, std = (tuple(values[channel] for channel in self._chosen) for values in statistics)
        super().set_statistics((mean, std))

    def forward(self, batch: LoadedBatch) -> Losses:
        """Return the losses of a batch."""
        third, pooled, output = self._answers(batch)
        losses = self.losses(output, batch.labels)
        targets = self.teacher.targets(batch.tensor, pool=self.model.pool)
        own, wanted = (
            self.reference(pooled),
            self.reference(targets.pooled),
        )  # [N, embedding_dim], unit vectors
        global_distance = 1 - (own * wanted).sum(dim=1).mean()
        local_distance = _unexplained(third, targets.third_stage)
        distance = global_distance + local_distance
        return {
            **losses,
            "loss": losses["loss"] + self._teacher_weight * distance,
            "teacher_global": global_distance,
            "teacher_local": local_distance,
        }

    def output(self, batch: LoadedBatch) -> DelgOutput:
        """What the network says about a batch."""
        return self._answers(batch)[2]

    def _answers(self, batch: LoadedBatch) -> tuple[Tensor, Tensor, DelgOutput]:
        """The third stage's features, the pooled ones of the fourth, and the output."""
        model, inputs = self.model, self.selected(batch.tensor)
        with self.autocast(inputs):
            third = model.third_stage(inputs)
            pooled = model.fourth_stage(third)
            output = DelgOutput(model.whitening(pooled), *model.describe(third))
        return third.float(), pooled, output

    @property
    def _chosen(self) -> list[int]:
        """The network's channels, by their places among all."""
        chosen = self.model.config.channels
        assert chosen is not None  # pixels are not chosen from
        return [*chosen.luma, *(64 + c for c in chosen.cb), *(128 + c for c in chosen.cr)]

    def selected(self, coefficients: Tensor) -> Tensor:  # [N, 192, H/8, W/8] -> [N, C, H/8, W/8]
        """What the network takes: its channels, normalised, or, where it is the twin on pixels, what the teacher takes."""
        if self.model.config.channels is None:
            return self.teacher.pixels(coefficients)
        mean, std = (torch.tensor(v).to(coefficients)[:, None, None] for v in self.model.config.normalize)
        return (coefficients[:, self._chosen] - mean) / std

    @torch.no_grad()
    def prepare(self, batches: Batches) -> None:
        """Begin with the teacher's features whitened, and each class's prototype in the middle of its pictures."""
        pooled, labels = [], []
        for batch in batches():
            pooled.append(self.teacher.targets(batch.tensor, pool=self.model.pool).pooled)
            labels.append(batch.labels)
        features, classes = torch.cat(pooled), torch.cat(labels)
        fit_whitening(self.model.whitening, [features])
        self.reference.load_state_dict(self.model.whitening.state_dict())
        prototypes = self.loss.arcface.prototypes
        sums = torch.zeros_like(prototypes).index_add_(
            0, classes * self.loss.arcface.centres, self.reference(features)
        )
        found = sums.any(dim=1)  # other centres of a class stay as drawn
        prototypes[found] = functional.normalize(sums[found], dim=1)

    @torch.no_grad()
    def finish(self, batches: Batches) -> None:
        """Whiten the local descriptors, which no loss has trained."""
        if self.model.reduction is None:
            return
        thirds = (self.model.third_stage(self.selected(batch.tensor)) for batch in batches())  # [N, C, H, W]
        sparse = (
            third[:, :, ::3, ::3].flatten(2).transpose(1, 2).flatten(0, 1) for third in thirds
        )  # [n, C]
        fit_whitening(self.model.reduction, sparse)

    def parameter_groups(self) -> list[dict[str, Any]]:
        """The scale, what began as the teacher's, and all others."""
        transferred = [*self.model.backbone.parameters(), *self.model.whitening.parameters()]
        apart = {id(parameter) for parameter in [*transferred, self.loss.arcface.scale]}
        others = [each for each in self.parameters() if each.requires_grad and id(each) not in apart]
        return [
            {"params": others, "share": 1.0},
            {"params": transferred, "share": self._transferred_rate},
            {"params": [self.loss.arcface.scale], "share": self._scale_rate},
        ]


class DistilledStem(DistilledDelg):
    """The layers before the stages alone: the share of the variance of the teacher's that they do not give."""

    def __init__(self, model: Delg, config: DistilTraining, *, num_classes: int) -> None:
        super().__init__(model, config, num_classes=num_classes)
        self.requires_grad_(False)
        self._first.requires_grad_(True)

    @property
    def _backbone(self) -> DctMobileNetV2:
        assert isinstance(self.model.backbone, DctMobileNetV2)
        return self.model.backbone

    @property
    def _first(self) -> nn.Sequential:
        return nn.Sequential(*self._backbone.first_layers)

    def forward(self, batch: LoadedBatch) -> Losses:
        """Return the loss of a batch."""
        inputs = self.selected(batch.tensor).contiguous(memory_format=torch.channels_last)
        with self.autocast(inputs):
            answer = self._first(inputs)
        return {"loss": _unexplained(answer.float(), self.teacher.first(batch.tensor))}

    def prepare(self, batches: Batches) -> None:
        """Begin with the inverse DCT."""
        config = self.model.config
        assert config.channels is not None  # no stem on pixels
        self._backbone.stem.begin(config.channels, std=config.std)

    def finish(self, batches: Batches) -> None:
        """Do nothing: the rest of the network is the teacher's and not trained yet."""

    def parameter_groups(self) -> list[dict[str, Any]]:
        """The layers before the stages."""
        return [{"params": [each for each in self.parameters() if each.requires_grad], "share": 1.0}]

    def end_epoch(self, ranks: Ranks) -> dict[str, float]:
        """Record nothing more: there is no attention yet."""
        return {}


def _unexplained(answers: Tensor, wanted: Tensor) -> Tensor:  # [N, C, H, W] each -> []
    """The mean over channels of the share of variance, of all processes' pictures, that the answers leave."""
    over = (0, 2, 3)
    mean = mean_of_all(wanted.mean(dim=over, keepdim=True))  # [1, C, 1, 1]
    variance = mean_of_all((wanted - mean).square().mean(dim=over, keepdim=True)).clamp(min=1e-6)
    return ((answers - wanted).square() / variance).mean()
