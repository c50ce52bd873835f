"""Classification by angles with a margin: what global descriptors learn from."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from fastdct.training.distributed import mean_of_all

_EPSILON = 1e-6  # keeps the slope of the sine, cos / sin, finite at theta = 0 and pi
_CURRICULUM_STEP = 0.01  # of the authors' program; their text has 0.99 and means what is kept


class ArcFace(nn.Module):
    """Additive angular margin (Deng et al., CVPR 2019, equation 3) with a learnable scale, as DELG uses it.

    The logit of an example's own class is ``scale * cos(theta + margin)``. Beyond ``theta = pi - margin`` that would
    rise again and reward the worst errors, so there the margin is left out.

    Parameters
    ----------
    centres
        Prototypes of a class, of which the nearest counts: noisy members gather around others than the clean ones
        (Deng et al., "Sub-center ArcFace", ECCV 2020, equation 4).
    """

    def __init__(
        self, dim: int, num_classes: int, *, margin: float = 0.15, scale: float = 30.0, centres: int = 1
    ) -> None:
        super().__init__()
        self.num_classes, self.margin, self.centres = num_classes, margin, centres
        self.scale = nn.Parameter(torch.tensor(float(scale)))
        self.prototypes = nn.Parameter(torch.randn(num_classes * centres, dim) / math.sqrt(dim))

    def cosines(self, descriptors: Tensor) -> Tensor:  # [N, dim] unit vectors -> [N, num_classes]
        """Return the cosine between each descriptor and each class's prototype, the nearest one."""
        all_cosines = functional.linear(descriptors, functional.normalize(self.prototypes, dim=1))
        return all_cosines.reshape(-1, self.num_classes, self.centres).amax(dim=2)

    def forward(self, descriptors: Tensor, labels: Tensor) -> Tensor:  # [N, dim], int64 [N] -> []
        """Return the mean cross-entropy."""
        cosines = self.cosines(descriptors)
        own = cosines.gather(1, labels[:, None])  # [N, 1]
        shifted = self._with_margin(own)
        logits = self._of_others(cosines, own, shifted).scatter(1, labels[:, None], shifted)
        return functional.cross_entropy(self.scale * logits, labels)

    def _with_margin(self, cosine: Tensor) -> Tensor:
        sine = (1 - cosine.square()).clamp(min=_EPSILON).sqrt()  # theta is in [0, pi]: never negative
        shifted = cosine * math.cos(self.margin) - sine * math.sin(self.margin)
        return torch.where(cosine >= -math.cos(self.margin), shifted, cosine)  # theta <= pi - margin

    def _of_others(self, cosines: Tensor, own: Tensor, shifted: Tensor) -> Tensor:
        """The logits of all classes but the own one, [N, num_classes], over the scale."""
        return cosines


class CurricularFace(ArcFace):
    """ArcFace whose hard negatives weigh more the further training is (Huang et al., CVPR 2020, equations 4 to 6).

    A class that is nearer than the own one with its margin has the logit ``cos * (t + cos)``; t is the moving average
    of the cosines to the own class: small at first, so that easy examples come first.
    """

    t: Tensor  # a scalar

    def __init__(
        self, dim: int, num_classes: int, *, margin: float = 0.15, scale: float = 30.0, centres: int = 1
    ) -> None:
        super().__init__(dim, num_classes, margin=margin, scale=scale, centres=centres)
        self.register_buffer("t", torch.zeros(()))

    def _of_others(self, cosines: Tensor, own: Tensor, shifted: Tensor) -> Tensor:
        if self.training:
            self.t.lerp_(mean_of_all(own.detach().mean()), _CURRICULUM_STEP)
        # A copy: the buffer changes again before the backward pass of several processes has read it.
        t = self.t.clone()
        return torch.where(cosines > shifted, cosines * (t + cosines), cosines)
