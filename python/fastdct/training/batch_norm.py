"""Batch normalisation over the batches of several processes."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor, distributed, nn

from fastdct.training.distributed import Ranks


class _Sum(torch.autograd.Function):
    """The sum over processes; every process's gradient of it is the sum of theirs."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        values = values.clone()
        distributed.all_reduce(values)
        return values

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return _summed(gradients[0].contiguous())


def _summed(values: Tensor) -> Tensor:
    return cast(Tensor, _Sum.apply(values))  # type: ignore[no-untyped-call]


class _SharedBatchNorm(nn.BatchNorm2d):
    """Batch normalisation over the batches of all processes, on any device: torch's own is for GPUs only.

    Deviations are from the common mean, so that no large numbers are subtracted; every process has as many values.
    """

    def forward(self, input: Tensor) -> Tensor:  # [N, C, H, W] -> the same
        if not self.training:
            return super().forward(input)
        values = input.float()
        count = distributed.get_world_size() * values.numel() // values.shape[1]
        mean = _summed(values.sum((0, 2, 3))) / count  # [C]
        centred = values - mean[:, None, None]
        variance = _summed(centred.square().sum((0, 2, 3))) / count  # [C]
        self._track(mean.detach(), variance.detach() * (count / (count - 1)))
        scale = self.weight * (variance + self.eps).rsqrt()
        return (centred * scale[:, None, None] + self.bias[:, None, None]).to(input.dtype)

    def _track(self, mean: Tensor, variance: Tensor) -> None:
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        self.num_batches_tracked.add_(1)
        share = 1 / self.num_batches_tracked.item() if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean, share)
        self.running_var.lerp_(variance, share)


def share_batch_norm(module: nn.Module, ranks: Ranks) -> None:
    """Let every batch normalisation in ``module`` see the batches of all processes."""
    if ranks.count == 1:
        return
    for parent in list(module.modules()):
        for name, child in parent.named_children():
            if type(child) is nn.BatchNorm2d:
                setattr(parent, name, _shared(child, ranks.device))


def _shared(norm: nn.BatchNorm2d, device: torch.device) -> nn.Module:
    if device.type == "cuda":
        return cast(nn.Module, nn.SyncBatchNorm.convert_sync_batchnorm(norm))  # type: ignore[no-untyped-call]
    shared = _SharedBatchNorm(norm.num_features, eps=norm.eps, momentum=norm.momentum)
    shared.load_state_dict(norm.state_dict())
    return shared
