"""The losses of DELG: ArcFace on global descriptors, classification of attention-pooled local ones."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from fastdct.models.delg import DelgOutput
from fastdct.models.heads import attention_pool

_EPSILON = 1e-6  # keeps the slope of the sine, cos / sin, finite at theta = 0 and pi


class ArcFace(nn.Module):
    """Additive angular margin (Deng et al., CVPR 2019, equation 3) with a learnable scale, as DELG uses it.

    The logit of an example's own class is ``scale * cos(theta + margin)``. Beyond ``theta = pi - margin`` that would
    rise again and reward the worst errors, so there the margin is left out.
    """

    def __init__(self, dim: int, num_classes: int, *, margin: float = 0.15, scale: float = 30.0) -> None:
        super().__init__()
        self.margin = margin
        self.scale = nn.Parameter(torch.tensor(float(scale)))
        self.prototypes = nn.Parameter(torch.randn(num_classes, dim) / math.sqrt(dim))

    def cosines(self, descriptors: Tensor) -> Tensor:  # [N, dim] unit vectors -> [N, num_classes]
        """Return the cosine between each descriptor and each class's prototype."""
        return functional.linear(descriptors, functional.normalize(self.prototypes, dim=1))

    def forward(self, descriptors: Tensor, labels: Tensor) -> Tensor:  # [N, dim], int64 [N] -> []
        """Return the mean cross-entropy."""
        cosines = self.cosines(descriptors)
        own = cosines.gather(1, labels[:, None])  # [N, 1]
        logits = cosines.scatter(1, labels[:, None], self._with_margin(own))
        return functional.cross_entropy(self.scale * logits, labels)

    def _with_margin(self, cosine: Tensor) -> Tensor:
        sine = (1 - cosine.square()).clamp(min=_EPSILON).sqrt()  # theta is in [0, pi]: never negative
        shifted = cosine * math.cos(self.margin) - sine * math.sin(self.margin)
        return torch.where(cosine >= -math.cos(self.margin), shifted, cosine)  # theta <= pi - margin


class DelgLosses(NamedTuple):
    """Scalars: ``total = descriptor + attention_weight * attention``."""

    total: Tensor
    descriptor: Tensor
    attention: Tensor


class DelgLoss(nn.Module):
    """Both losses with their classifiers, which training needs and retrieval does not."""

    def __init__(
        self,
        *,
        embedding_dim: int,
        local_dim: int,
        num_classes: int,
        margin: float = 0.15,
        scale: float = 30.0,
        attention_weight: float = 1.0,
    ) -> None:
        super().__init__()
        self.attention_weight = attention_weight
        self.arcface = ArcFace(embedding_dim, num_classes, margin=margin, scale=scale)
        self.attention_classifier = nn.Linear(local_dim, num_classes)

    def forward(self, output: DelgOutput, labels: Tensor) -> DelgLosses:  # int64 [N]
        """Return the losses of a batch."""
        descriptor = self.arcface(output.global_descriptor, labels)
        pooled = attention_pool(output.local_descriptors, output.attention)  # [N, local_dim]
        attention = functional.cross_entropy(self.attention_classifier(pooled), labels)
        return DelgLosses(descriptor + self.attention_weight * attention, descriptor, attention)
