"""Residual networks on pixels and on DCT tensors: the same stages behind different inputs.

Names of parameters are torchvision's, so that weights trained there load where shapes agree.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from fastdct.models.blocks import VERSIONS, Version
from fastdct.models.classifier import Classifier, ClassifierConfig
from fastdct.models.stages import Plan, block_of, published

STEM_PLANES = 64


class ResNet(nn.Module):
    """The four residual stages of a ResNet, fed with DCT coefficients.

    A DCT tensor of a 448 x 448 picture, [64, 56, 56], has the shape that the stem of a pixel ResNet (7 x 7
    convolution, stride 2, and max-pool) makes of 224 x 224 pixels. The stem is therefore left out and the tensor
    goes straight into the first residual stage (Xu et al., "Learning in the frequency domain", CVPR 2020, section
    3.1).

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
    plan
        Other stages than the published ones; ``width`` and ``strides`` then mean nothing.
    version
        Where bottlenecks have their stride: see :class:`fastdct.models.blocks.Bottleneck`.

    Raises
    ------
    ValueError
        ``depth``, ``strides`` or ``version`` is none of the above.
    """

    input_field = (8, 8)
    """Side of what a position of the first stage's input sees of the picture, and distance between two, in pixels."""

    def __init__(
        self,
        in_channels: int,
        *,
        depth: int,
        width: float = 1.0,
        strides: Sequence[int] = (1, 2, 2, 2),
        plan: Plan | None = None,
        version: Version = "v1.5",
    ) -> None:
        super().__init__()
        if version not in VERSIONS:
            raise ValueError(f"there is no version {version!r}: it is one of {', '.join(VERSIONS)}")
        self.in_channels = in_channels
        block = block_of(depth)
        inputs, widths = in_channels, []
        for number, stage in enumerate(plan or published(depth, width=width, strides=strides), start=1):
            self.add_module(f"layer{number}", stage.build(inputs, block, version=version))
            inputs = stage.outputs if stage.num_blocks else inputs
            widths.append(inputs)
        self.out_channels = tuple(widths)
        initialise(self)

    def stages(self, x: Tensor, *, first: int = 1, last: int = 4) -> Tensor:
        """Run stages ``first`` to ``last``, counted from 1, on the output of the stage before."""
        for stage in range(first, last + 1):
            x = self.get_submodule(f"layer{stage}")(x)
        return x

    def convolutions(self, *, last: int) -> Iterator[nn.Conv2d]:
        """Those up to the end of a stage, in order, on the longer way through every block."""
        for stage in range(1, last + 1):
            for name, module in self.get_submodule(f"layer{stage}").named_modules():
                if isinstance(module, nn.Conv2d) and "downsample" not in name:
                    yield module

    def forward(self, x: Tensor) -> Tensor:  # [N, in_channels, H/8, W/8] -> [N, out_channels[3], ...]
        """Return the features of the fourth stage."""
        return self.stages(x)


def initialise(network: nn.Module) -> None:
    """Draw the weights of convolutions anew (He et al., ICCV 2015, equation 10, over the outputs)."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")


class ResNetClassifier(ResNet, Classifier):
    """Stages, average over positions and a linear layer, behind an input that subclasses put in :meth:`stem`.

    As it stands it takes the DCT tensor into the first stage: the network of Xu et al. (CVPR 2020).

    Parameters
    ----------
    config
        What the network takes, and its classes.
    in_channels
        Channels that :meth:`stem` gives to the first stage; by default those of the input.
    """

    def __init__(
        self,
        config: ClassifierConfig,
        *,
        depth: int,
        in_channels: int | None = None,
        plan: Plan | None = None,
        version: Version = "v1.5",
    ) -> None:
        entering = in_channels or config.input.shapes[0][0]
        super().__init__(entering, depth=depth, plan=plan, version=version)
        self.config = config
        self.fc = nn.Linear(self.out_channels[3], config.num_classes)

    def stem(self, x: Tensor) -> Tensor:  # [N, C, H, W] -> [N, in_channels, h, w]
        """What the first stage takes."""
        return x

    def features(self, *inputs: Tensor) -> Tensor:  # -> [N, out_channels[3], h, w]
        """The output of the last stage.

        Raises
        ------
        ValueError
            The tensors are not what ``config.input`` says.
        """
        self.check_inputs(*inputs)
        return self.stages(self.stem(*inputs))

    def forward(self, *inputs: Tensor) -> Tensor:  # -> [N, num_classes]
        """Return logits."""
        logits: Tensor = self.fc(self.features(*inputs).mean(dim=(2, 3)))
        return logits


class PixelResNet(ResNet):
    """The same stages on RGB pixels, behind the stem that DCT coefficients need none of; parameters as torchvision's."""

    input_field = (7 + 2 * 2, 4)  # the pooling's 3 positions are 2 pixels apart

    def __init__(self, *, depth: int, width: float = 1.0, strides: Sequence[int] = (1, 2, 2, 2)) -> None:
        planes = round(STEM_PLANES * width)
        super().__init__(planes, depth=depth, width=width, strides=strides)
        self.in_channels = 3
        self.conv1 = nn.Conv2d(3, planes, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        initialise(self)

    def stages(self, x: Tensor, *, first: int = 1, last: int = 4) -> Tensor:
        """Run stages as `ResNet.stages` does, and before the first one the stem."""
        return super().stages(pixel_stem(self, x) if first == 1 else x, first=first, last=last)


def pixel_stem(network: nn.Module, x: Tensor) -> Tensor:  # [N, 3, H, W] -> [N, planes, H/4, W/4]
    """7 × 7 convolution of stride 2 and maximum over 3 × 3 of stride 2, by conv1 and bn1 of ``network``."""
    activations = torch.relu(network.get_submodule("bn1")(network.get_submodule("conv1")(x)))
    return functional.max_pool2d(activations, 3, stride=2, padding=1)


class RgbResNet(ResNetClassifier):
    """The published network on pixels, with torchvision's names and shapes of parameters."""

    def __init__(self, config: ClassifierConfig, *, depth: int, version: Version = "v1.5") -> None:
        super().__init__(config, depth=depth, in_channels=64, version=version)
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        initialise(self)

    def stem(self, x: Tensor) -> Tensor:  # [N, 3, H, W] -> [N, 64, H/4, W/4]
        """See `pixel_stem`."""
        return pixel_stem(self, x)
