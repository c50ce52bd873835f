"""MobileNetV2 as four stages: on DCT coefficients, with a stem in place of the layers that look at single pixels, and whole."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator

import torch
from torch import Tensor, nn

from fastdct.models.cell_stem import CellStem
from fastdct.models.mobilenet import AT_BLOCKS, MobileNetV2

STAGE_CHANNELS = (32, 64, 576, 1280)
STAGE_STRIDES = (1, 2, 1, 2)
EXPANSION = 6
_EXPANDED_LAYER = 14
_STAGES = (range(AT_BLOCKS, 7), range(7, 11), range(11, _EXPANDED_LAYER), range(_EXPANDED_LAYER + 1, 19))

_FIRST_KEPT, _STEM_CHANNELS = 3, 24
"""On coefficients: the first of the published layers that stays, and the channels that it takes."""


class StagedMobileNetV2(nn.Module):
    """Four stages behind first layers that bring the input to a grid of 8 pixels.

    Layers have torchvision's names, TensorFlow's padding and their batch normalisation folded in, which is what is left of
    weights that were quantised.

    Parameters
    ----------
    in_channels
        Channels of the input.
    first
        The first of the published layers that the network has.
    """

    input_field: tuple[int, int]
    """As of :class:`fastdct.models.resnet.ResNet`, but of the first layers' input."""

    def __init__(self, in_channels: int, *, first: int) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.out_channels = STAGE_CHANNELS
        published = MobileNetV2(padding="same", batch_norm=False).features.named_children()
        self.features = nn.Sequential(
            OrderedDict((name, layer) for name, layer in published if int(name) >= first)
        )

    @property
    def first_layers(self) -> Iterable[nn.Module]:
        """Those before the stages."""
        return [layer for name, layer in self.features.named_children() if int(name) < AT_BLOCKS]

    def stages(self, x: Tensor, *, first: int = 1, last: int = 4) -> Tensor:
        """Run stages ``first`` to ``last``, counted from 1, on the output of the stage before."""
        if first == 1:
            # Of 448 x 448 pixels on one core, stages 1 to 3 take 38 to 43 ms so and 56 in the other order; how the weights lie
            # does not matter.
            x = x.contiguous(memory_format=torch.channels_last)
        for layer in self._layers(first, last):
            x = layer(x)
        return x

    def convolutions(self, *, last: int) -> Iterator[nn.Conv2d]:
        """Those up to the end of a stage, in order."""
        for layer in self._layers(1, last):
            yield from (module for module in layer.modules() if isinstance(module, nn.Conv2d))

    def _layers(self, first: int, last: int) -> Iterator[nn.Module]:
        if first == 1:
            yield from self.first_layers
        for stage in range(first, last + 1):
            yield from _stage_layers(self.features, stage)

    def forward(self, x: Tensor) -> Tensor:  # [N, in_channels, h, w] -> [N, 1280, H/32, W/32]
        """Return the features of the last layer."""
        return self.stages(x)


class PixelMobileNetV2(StagedMobileNetV2):
    """The whole network on RGB pixels: teacher of the one on coefficients, and its twin."""

    input_field = (1, 1)

    def __init__(self) -> None:
        super().__init__(3, first=0)


class DctMobileNetV2(StagedMobileNetV2):
    """Layers 3 to 18 behind a stem that takes DCT coefficients.

    The stem stands in for layers 0 to 2; with layers 3 and 4 it learns to give what layer 4 gives on pixels (see
    `fastdct.training.distillation`), in .63 of the time: 14.8 against 23.5 ms for a picture's three scales on one core.

    Parameters
    ----------
    in_channels
        Channels of the DCT tensor (for example 24, 32, 48, 64 or 192).
    """

    input_field = (14, 2)  # a cell of 2 pixels sees its block, of which up to 6 lie on either side

    def __init__(self, in_channels: int) -> None:
        super().__init__(in_channels, first=_FIRST_KEPT)
        self.stem = CellStem(in_channels, _STEM_CHANNELS)

    @property
    def first_layers(self) -> Iterable[nn.Module]:
        """The stem, and layers 3 and 4."""
        return [self.stem, *super().first_layers]


def _stage_layers(features: nn.Module, stage: int) -> Iterator[nn.Module]:
    """The layers of a stage, counted from 1, of ``features`` by torchvision's names; stage 1 from layer `AT_BLOCKS` on.

    Layer 14 is cut behind its expansion, which ends stage 3 with 576 channels that were rectified; the 96 before are
    a linear code of them. Described by those 576, reduced to 128, a third as many unrelated pictures as by the 96 have
    12 matches that agree on an affine map (.009 against .027 of a shortlist), and as many related ones.
    """
    inner = [*features.get_submodule(f"{_EXPANDED_LAYER}.conv").children()]
    if stage == 4:
        yield from inner[1:]
    yield from (features.get_submodule(str(index)) for index in _STAGES[stage - 1])
    if stage == 3:
        yield inner[0]
