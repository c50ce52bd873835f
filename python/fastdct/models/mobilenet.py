"""MobileNetV2: on pixels, as published, and on DCT coefficients, from the eighth layer on.

Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", CVPR 2018, table 2. Names of parameters are
torchvision's, so that weights trained there load.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Literal, NamedTuple

from torch import Tensor, nn
from torch.nn import functional

Padding = Literal["symmetric", "same"]

NUM_FEATURES = 1280
"""Channels of the last convolution."""

AT_BLOCKS, CHANNELS_AT_BLOCKS = 5, 32
"""Of the layers, counted from 0, the first one whose inputs are 8 pixels apart, as DCT blocks are, and the channels of these."""


class Layer(NamedTuple):
    """One inverted residual of table 2: its expansion t, output channels c and stride s."""

    expansion: int
    channels: int
    stride: int


def _repeated(expansion: int, channels: int, count: int, stride: int) -> list[Layer]:
    first, others = Layer(expansion, channels, stride), Layer(expansion, channels, 1)
    return [first, *[others] * (count - 1)]


_FIRST_CHANNELS = 32
_LAYERS = [
    *_repeated(1, 16, 1, 1),
    *_repeated(6, 24, 2, 2),
    *_repeated(6, 32, 3, 2),  # from here on 8 pixels apart
    *_repeated(6, 64, 4, 2),  # 16
    *_repeated(6, 96, 3, 1),
    *_repeated(6, 160, 3, 2),  # 32
    *_repeated(6, 320, 1, 1),
]


class Convolution(nn.Conv2d):
    """A convolution that keeps the size at stride 1 and halves it, rounded up, at stride 2.

    At stride 2 and an even size, ``"symmetric"`` (torchvision) centres output i on input 2i, ``"same"`` (TensorFlow,
    which pads below and to the right first) between 2i and 2i + 2: weights trained with one need the same again.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        *,
        stride: int,
        groups: int,
        bias: bool,
        padding: Padding,
    ) -> None:
        self._same = padding == "same" and stride > 1
        margin = 0 if self._same else kernel // 2
        super().__init__(inputs, outputs, kernel, stride, margin, groups=groups, bias=bias)

    def forward(self, input: Tensor) -> Tensor:  # [N, inputs, H, W] -> [N, outputs, ceil(H / s), ceil(W / s)]
        """Convolve."""
        return super().forward(self._padded(input) if self._same else input)

    def _padded(self, x: Tensor) -> Tensor:
        margins: list[int] = []
        for size in (x.shape[3], x.shape[2]):  # functional.pad wants the last dimension first
            steps = -(-size // self.stride[0]) - 1
            total = max(steps * self.stride[0] + self.kernel_size[0] - size, 0)
            margins += [total // 2, total - total // 2]
        return functional.pad(x, margins)


class Style(NamedTuple):
    """How convolutions are made: see :class:`MobileNetV2`."""

    padding: Padding
    batch_norm: bool

    def convolution(
        self, inputs: int, outputs: int, kernel: int = 1, *, stride: int = 1, groups: int = 1
    ) -> tuple[nn.Module, nn.Module]:
        """A convolution and its batch normalisation, or, where that is folded in, nothing in its place."""
        layer = Convolution(
            inputs,
            outputs,
            kernel,
            stride=stride,
            groups=groups,
            bias=not self.batch_norm,
            padding=self.padding,
        )
        return layer, nn.BatchNorm2d(outputs) if self.batch_norm else nn.Identity()

    def activated(
        self, inputs: int, outputs: int, kernel: int = 1, *, stride: int = 1, groups: int = 1
    ) -> nn.Sequential:
        """A convolution, its batch normalisation and ReLU6."""
        layers = self.convolution(inputs, outputs, kernel, stride=stride, groups=groups)
        return nn.Sequential(*layers, nn.ReLU6(inplace=True))


class InvertedResidual(nn.Module):
    """Expansion by a 1 x 1 convolution, 3 x 3 depthwise convolution, linear projection (section 3.3)."""

    def __init__(self, inputs: int, layer: Layer, style: Style) -> None:
        super().__init__()
        width = inputs * layer.expansion
        self.residual = layer.stride == 1 and inputs == layer.channels
        expansion = [style.activated(inputs, width)] if layer.expansion > 1 else []
        depthwise = style.activated(width, width, 3, stride=layer.stride, groups=width)
        self.conv = nn.Sequential(*expansion, depthwise, *style.convolution(width, layer.channels))

    def forward(self, x: Tensor) -> Tensor:  # [N, inputs, H, W] -> [N, channels, H / stride, W / stride]
        """Return the projection, added to ``x`` where the shapes agree."""
        y: Tensor = self.conv(x)
        return x + y if self.residual else y


def _features(style: Style) -> OrderedDict[str, nn.Module]:
    """The 19 layers of the published network, by torchvision's names."""
    layers: list[nn.Module] = [style.activated(3, _FIRST_CHANNELS, 3, stride=2)]
    inputs = _FIRST_CHANNELS
    for layer in _LAYERS:
        layers.append(InvertedResidual(inputs, layer, style))
        inputs = layer.channels
    layers.append(style.activated(inputs, NUM_FEATURES))
    return OrderedDict((str(index), layer) for index, layer in enumerate(layers))


class MobileNetV2(nn.Module):
    """The published classifier on pixels, at width 1.

    Parameters
    ----------
    num_classes
        Length of the answer.
    padding
        See :class:`Convolution`.
    batch_norm
        Without it convolutions have biases instead: the form of weights whose normalisation was folded in.
    """

    def __init__(
        self, *, num_classes: int = 1000, padding: Padding = "symmetric", batch_norm: bool = True
    ) -> None:
        super().__init__()
        self.features = nn.Sequential(_features(Style(padding, batch_norm)))
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(NUM_FEATURES, num_classes))

    def forward(self, x: Tensor) -> Tensor:  # [N, 3, H, W] -> [N, num_classes]
        """Return the logits."""
        logits: Tensor = self.classifier(self.features(x).mean(dim=(2, 3)))
        return logits
