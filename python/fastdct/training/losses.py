"""The losses of DELG: an angular margin on global descriptors, classification of attention-pooled local ones."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn
from torch.nn import functional

from fastdct.models.delg import DelgOutput
from fastdct.models.heads import attention_pool
from fastdct.training.margins import ArcFace


class DelgLosses(NamedTuple):
    """Scalars: ``total = descriptor + attention_weight * attention``."""

    total: Tensor
    descriptor: Tensor
    attention: Tensor


class DelgLoss(nn.Module):
    """Both losses with their classifiers, which training needs and retrieval does not.

    ``arcface`` is the loss of global descriptors, `ArcFace` or `CurricularFace`.
    """

    def __init__(
        self,
        arcface: ArcFace,
        *,
        local_dim: int,
        attention_weight: float = 1.0,
    ) -> None:
        super().__init__()
        self.attention_weight = attention_weight
        self.arcface = arcface
        self.attention_classifier = nn.Linear(local_dim, arcface.num_classes)

    def forward(self, output: DelgOutput, labels: Tensor) -> DelgLosses:  # int64 [N]
        """Return the losses of a batch."""
        descriptor = self.arcface(output.global_descriptor, labels)
        pooled = attention_pool(output.local_descriptors, output.attention)  # [N, local_dim]
        attention = functional.cross_entropy(self.attention_classifier(pooled), labels)
        return DelgLosses(descriptor + self.attention_weight * attention, descriptor, attention)
