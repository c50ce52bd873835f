"""Residual blocks: what the stages of every ResNet are made of."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

Version = Literal["v1", "v1.5"]
VERSIONS: tuple[Version, ...] = ("v1", "v1.5")


class SameConv2d(nn.Conv2d):
    """A convolution of stride 1 with an even kernel that keeps the size: the extra zeros stand below and at the right.

    As TensorFlow's "SAME" padding; torch's own ``padding="same"`` warns about even kernels.
    """

    def forward(self, input: Tensor) -> Tensor:  # [N, in, H, W] -> [N, out, H, W]
        """Pad and convolve."""
        extra = self.kernel_size[0] - 1
        first = extra // 2
        return super().forward(functional.pad(input, (first, extra - first, first, extra - first)))


def convolution(inputs: int, outputs: int, *, kernel: int, stride: int = 1) -> nn.Conv2d:
    """A convolution without bias that keeps the size but for its stride."""
    if kernel % 2 == 0:
        return SameConv2d(inputs, outputs, kernel, stride=stride, bias=False)
    return nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=kernel // 2, bias=False)


class BasicBlock(nn.Module):
    """Two convolutions and a shortcut (He et al., CVPR 2016, figure 5 left)."""

    expansion = 1

    def __init__(
        self,
        inputs: int,
        planes: int,
        outputs: int,
        *,
        stride: int = 1,
        kernel: int = 3,
        project: bool = False,
        version: Version = "v1.5",
    ) -> None:
        super().__init__()
        del version  # the stride has one place only
        self.conv1 = convolution(inputs, planes, kernel=kernel, stride=stride)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = convolution(planes, outputs, kernel=kernel)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = _shortcut(inputs, outputs, stride=stride, project=project)

    def forward(self, x: Tensor) -> Tensor:  # [N, inputs, H, W] -> [N, outputs, H / stride, W / stride]
        """Return ``relu(residual + shortcut)``."""
        residual = torch.relu(self.bn1(self.conv1(x)))
        residual = self.bn2(self.conv2(residual))
        return torch.relu(residual + (x if self.downsample is None else self.downsample(x)))


class Bottleneck(nn.Module):
    """1 × 1, k × k, 1 × 1 convolutions and a shortcut (He et al., CVPR 2016, figure 5 right).

    The stride sits in the first convolution in ``"v1"``, as He et al. and Keras have it, and in the middle one in
    ``"v1.5"``, as torchvision has it.
    """

    expansion = 4

    def __init__(
        self,
        inputs: int,
        planes: int,
        outputs: int,
        *,
        stride: int = 1,
        kernel: int = 3,
        project: bool = False,
        version: Version = "v1.5",
    ) -> None:
        super().__init__()
        first, middle = (stride, 1) if version == "v1" else (1, stride)
        self.conv1 = convolution(inputs, planes, kernel=1, stride=first)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = convolution(planes, planes, kernel=kernel, stride=middle)
        self.bn2 = nn.BatchNorm2d(planes)
        self.conv3 = convolution(planes, outputs, kernel=1)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample = _shortcut(inputs, outputs, stride=stride, project=project)

    def forward(self, x: Tensor) -> Tensor:  # [N, inputs, H, W] -> [N, outputs, H / stride, W / stride]
        """Return ``relu(residual + shortcut)``."""
        residual = torch.relu(self.bn1(self.conv1(x)))
        residual = torch.relu(self.bn2(self.conv2(residual)))
        residual = self.bn3(self.conv3(residual))
        return torch.relu(residual + (x if self.downsample is None else self.downsample(x)))


def _shortcut(inputs: int, outputs: int, *, stride: int, project: bool) -> nn.Sequential | None:
    """The 1 × 1 projection of a block that changes shape or is told to; None, identity, for the others."""
    if stride == 1 and inputs == outputs and not project:
        return None
    return nn.Sequential(
        convolution(inputs, outputs, kernel=1, stride=stride),
        nn.BatchNorm2d(outputs),
    )
