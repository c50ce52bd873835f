"""Linear maps that whiten, from data and not by gradients: where training of such layers begins."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

# Whitening whole divides by the deviation (t = 1), which blows up directions that hold noise; not at all is t = 0. Of .35, .5
# and .7, .5 gave the best mean of instances and categories unseen (pooled features of MobileNetV2).
_ATTENUATION = 0.5
_FLOOR = 1e-3  # of the largest variance: directions below are not blown up further


@torch.no_grad()
def fit_whitening(layer: nn.Linear | nn.Conv2d, batches: Iterable[Tensor]) -> None:
    """Let ``layer`` be the attenuated PCA whitening of the features of ``batches``, float32 [n, d] each.

    y = V (x - mean) with the eigenvectors of the covariance, each divided by eigenvalue ** (t / 2): Mukundan et al.,
    "Understanding and improving kernel local descriptors" (IJCV 2019), section 4.1.
    """
    count, size = 0, layer.weight.shape[1]
    total, products = torch.zeros(size, dtype=torch.float64), torch.zeros(size, size, dtype=torch.float64)
    for features in batches:  # one at a time: those of all photos would not fit into memory
        values = features.double().cpu()
        count += len(values)
        total += values.sum(dim=0)
        products += values.T @ values
    mean = total / count  # [d]
    covariance = products / count - torch.outer(mean, mean)  # [d, d]
    variances, directions = torch.linalg.eigh(covariance)  # ascending
    outputs = layer.weight.shape[0]
    variances, directions = variances.flip(0)[:outputs], directions.flip(1)[:, :outputs]
    scales = (variances.clamp(min=0) + _FLOOR * variances[0]).clamp(min=1e-12) ** (-_ATTENUATION / 2)
    weight = (directions * scales).T  # [outputs, d]
    assert layer.bias is not None
    layer.weight.copy_(weight.view_as(layer.weight))
    layer.bias.copy_(-(weight @ mean))
