"""Residual networks whose input is a DCT tensor.

A DCT tensor of a 448 x 448 picture, [64, 56, 56], has the shape that the stem of a pixel ResNet (7 x 7
convolution, stride 2, and max-pool) makes of 224 x 224 pixels. The stem is therefore left out and the tensor
goes straight into the first residual stage (Xu et al., "Learning in the frequency domain", CVPR 2020, section
3.1). Names of parameters are torchvision's, so that weights trained there load where shapes agree: with 64
channels every stage does.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

DEPTHS: dict[int, tuple[int, int, int, int]] = {
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
}
_FIRST_BOTTLENECK_DEPTH = 50
_STEM_CHANNELS = 64
_NUM_STAGES = 4


def _convolution(inputs: int, outputs: int, *, kernel: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=kernel // 2, bias=False)


class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions and a shortcut (He et al., CVPR 2016, figure 5 left)."""

    expansion = 1

    def __init__(self, inputs: int, width: int, *, stride: int = 1) -> None:
        super().__init__()
        outputs = width * self.expansion
        self.conv1 = _convolution(inputs, width, kernel=3, stride=stride)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = _convolution(width, outputs, kernel=3)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = _shortcut(inputs, outputs, stride=stride)

    def forward(self, x: Tensor) -> Tensor:  # [N, inputs, H, W] -> [N, outputs, H / stride, W / stride]
        """Return ``relu(residual + shortcut)``."""
        residual = torch.relu(self.bn1(self.conv1(x)))
        residual = self.bn2(self.conv2(residual))
        return torch.relu(residual + (x if self.downsample is None else self.downsample(x)))


class Bottleneck(nn.Module):
    """1 x 1, 3 x 3, 1 x 1 convolutions and a shortcut; the stride sits in the 3 x 3 convolution ("v1.5")."""

    expansion = 4

    def __init__(self, inputs: int, width: int, *, stride: int = 1) -> None:
        super().__init__()
        outputs = width * self.expansion
        self.conv1 = _convolution(inputs, width, kernel=1)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = _convolution(width, width, kernel=3, stride=stride)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = _convolution(width, outputs, kernel=1)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample = _shortcut(inputs, outputs, stride=stride)

    def forward(self, x: Tensor) -> Tensor:  # [N, inputs, H, W] -> [N, outputs, H / stride, W / stride]
        """Return ``relu(residual + shortcut)``."""
        residual = torch.relu(self.bn1(self.conv1(x)))
        residual = torch.relu(self.bn2(self.conv2(residual)))
        residual = self.bn3(self.conv3(residual))
        return torch.relu(residual + (x if self.downsample is None else self.downsample(x)))


def _shortcut(inputs: int, outputs: int, *, stride: int) -> nn.Sequential | None:
    """Return the 1 x 1 projection of a block that changes shape, None (identity) for one that does not."""
    if stride == 1 and inputs == outputs:
        return None
    return nn.Sequential(_convolution(inputs, outputs, kernel=1, stride=stride), nn.BatchNorm2d(outputs))


class ResNet(nn.Module):
    """The four residual stages of a ResNet, fed with DCT coefficients.

    Parameters
    ----------
    in_channels
        Channels of the DCT tensor (for example 24, 32, 48, 64 or 192).
    depth
        18 or 34 (basic blocks), 50, 101 or 152 (bottlenecks).
    width
        Multiplier of every stage's width; 1 is the published network.
    strides
        Stride of the first block of each stage. (1, 2, 2, 2) is the published network.

    Raises
    ------
    ValueError
        ``depth`` or ``strides`` is none of the above.
    """

    def __init__(
        self, in_channels: int, *, depth: int, width: float = 1.0, strides: Sequence[int] = (1, 2, 2, 2)
    ) -> None:
        super().__init__()
        if depth not in DEPTHS:
            raise ValueError(f"there is no ResNet-{depth}: depth is one of {sorted(DEPTHS)}")
        if len(strides) != _NUM_STAGES or any(stride not in (1, 2) for stride in strides):
            raise ValueError(f"strides are four numbers, each 1 or 2, not {tuple(strides)}")
        self.in_channels = in_channels
        self.out_channels = stage_channels(depth, width=width)
        block = BasicBlock if depth < _FIRST_BOTTLENECK_DEPTH else Bottleneck
        inputs = in_channels
        for stage, (num_blocks, stride) in enumerate(zip(DEPTHS[depth], strides, strict=True)):
            blocks = []
            for index in range(num_blocks):
                planes = self.out_channels[stage] // block.expansion
                blocks.append(block(inputs, planes, stride=stride if index == 0 else 1))
                inputs = self.out_channels[stage]
            self.add_module(f"layer{stage + 1}", nn.Sequential(*blocks))
        self._initialise()

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def stages(self, x: Tensor, *, first: int = 1, last: int = 4) -> Tensor:
        """Run stages ``first`` to ``last``, counted from 1, on the output of the stage before."""
        for stage in range(first, last + 1):
            x = self.get_submodule(f"layer{stage}")(x)
        return x

    def forward(self, x: Tensor) -> Tensor:  # [N, in_channels, H/8, W/8] -> [N, out_channels[3], ...]
        """Return the features of the fourth stage."""
        return self.stages(x)


def stage_channels(depth: int, *, width: float) -> tuple[int, ...]:
    """Return the number of output channels of the four stages."""
    expansion = (BasicBlock if depth < _FIRST_BOTTLENECK_DEPTH else Bottleneck).expansion
    return tuple(round(_STEM_CHANNELS * width) * 2**stage * expansion for stage in range(_NUM_STAGES))
