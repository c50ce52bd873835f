"""What turns feature maps into descriptors: generalised-mean pooling, whitening, attention."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

_SMALLEST = 1e-6  # activations are raised to this before the power: the p-th root has no slope at 0


class GeM(nn.Module):
    """Generalised-mean pooling over positions (Radenović et al., TPAMI 2019, equation 3).

    ``p = 1`` is average pooling; the larger p is, the nearer it comes to maximum pooling. With ``learnable``
    p is a parameter. Activations are divided by their largest value before the power and the result is
    multiplied by it again: no p overflows, and the derivative is unchanged because the mean is homogeneous of
    degree 1.
    """

    p: Tensor  # a scalar: parameter or buffer, in the state dict either way

    def __init__(self, p: float = 3.0, *, learnable: bool = False) -> None:
        super().__init__()
        if not p > 0:
            raise ValueError(f"the exponent of generalised-mean pooling must be positive, not {p}")
        if learnable:
            self.p = nn.Parameter(torch.tensor(float(p)))
        else:
            self.register_buffer("p", torch.tensor(float(p)))

    def forward(self, x: Tensor) -> Tensor:  # [N, C, H, W] -> [N, C]
        """Return ``mean(x ** p) ** (1 / p)``, in float32; negative activations count as zero."""
        activations = x.float().clamp(min=_SMALLEST).flatten(2)  # [N, C, H * W]
        largest = activations.amax(dim=2, keepdim=True).detach()  # [N, C, 1]
        mean = (activations / largest).pow(self.p).mean(dim=2)  # [N, C], at least 1 / (H * W)
        return mean.pow(1 / self.p) * largest.squeeze(2)


class Whitening(nn.Linear):
    """The whitening layer F of DELG: fully connected with bias, learned with the rest, then L2-normalised."""

    def forward(self, input: Tensor) -> Tensor:  # [N, in_features] -> [N, out_features]
        """Return unit vectors."""
        return functional.normalize(super().forward(input).float(), dim=1)


class Reduction(nn.Conv2d):
    """A linear map of local descriptors, 1 x 1 with bias; it begins as one that keeps angles where it can."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(in_channels, out_channels, 1)
        nn.init.orthogonal_(self.weight.flatten(1))
        nn.init.zeros_(self.bias)  # type: ignore[arg-type]


class Attention(nn.Module):
    """The attention module M of DELG: 1 x 1 convolution, ReLU, 1 x 1 convolution, softplus.

    DELG's hidden width is half the input's (512 for the 1024 channels of ResNet-50).
    """

    def __init__(self, channels: int, *, hidden: int | None = None) -> None:
        super().__init__()
        width = channels // 2 if hidden is None else hidden
        self.conv1 = nn.Conv2d(channels, width, 1)
        self.conv2 = nn.Conv2d(width, 1, 1)

    def forward(self, x: Tensor) -> Tensor:  # [N, channels, H, W] -> [N, 1, H, W], each > 0
        """Return the attention scores."""
        return functional.softplus(self.conv2(torch.relu(self.conv1(x))).float())


def attention_pool(descriptors: Tensor, attention: Tensor) -> Tensor:
    """Return the mean of local descriptors weighted by attention: [N, D, H, W], [N, 1, H, W] -> [N, D].

    Weights are not normalised to sum 1: the attention loss also learns how much of the picture matters at all
    (Cao et al., "Unifying deep local and global features for image search", ECCV 2020, section 3.3).
    """
    return (descriptors * attention).mean(dim=(2, 3))
