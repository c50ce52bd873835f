"""DELG: one network that gives an image's global descriptor and its local descriptors with attention scores.

Cao et al., "Unifying deep local and global features for image search" (ECCV 2020), on DCT input, as Temburwar et al.,
"Deep learning based image retrieval in the JPEG compressed domain", section 3.2. They leave out the autoencoder; of one
that training had (`DelgConfig.reduction`), the network keeps the half that makes descriptors shorter.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from fastdct.frequencies import ChannelSelection, resolve
from fastdct.models.config import MOBILENET, DelgConfig
from fastdct.models.heads import Attention, GeM, Reduction, Whitening
from fastdct.models.resnet import PixelResNet, ResNet
from fastdct.models.staged_mobilenet import DctMobileNetV2, PixelMobileNetV2, StagedMobileNetV2


class DelgOutput(NamedTuple):
    """What :class:`Delg` says about a batch; all float32."""

    global_descriptor: Tensor  # [N, embedding_dim], unit vectors
    local_descriptors: Tensor  # [N, local_dim, H, W], unit vectors along dimension 1
    attention: Tensor  # [N, 1, H, W], each > 0


class Delg(nn.Module):
    """DELG on DCT input.

    ``config`` is replaced, never altered: training writes the attention threshold into it.
    """

    def __init__(self, config: DelgConfig) -> None:
        super().__init__()
        self.config = config
        self.backbone = _backbone(config)
        self.pool = GeM(config.gem_p, learnable=config.gem_learnable)
        self.whitening = Whitening(self.backbone.out_channels[3], config.embedding_dim)
        self.attention = Attention(config.third_channels, hidden=config.attention_width)
        self.reduction = Reduction(config.third_channels, config.reduction) if config.reduction else None

    def forward(
        self, x: Tensor
    ) -> DelgOutput:  # [N, C, H/8, W/8], normalised with config.mean and config.std
        """Describe a batch.

        Raises
        ------
        ValueError
            ``x`` is not a batch of the channels that the network was built for.
        """
        pooled, descriptors, attention = self.pooled(x)
        return DelgOutput(self.whitening(pooled), descriptors, attention)

    def pooled(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:  # [N, C, H/8, W/8] as for `forward`
        """Return the pooled activations [N, channels] that are whitened, local descriptors and attention."""
        third = self.third_stage(x)
        return self.fourth_stage(third), *self.describe(third)

    def local(self, x: Tensor) -> tuple[Tensor, Tensor]:  # [N, C, H/8, W/8] as for `forward`
        """Return only the local descriptors and attention; the fourth stage is not computed."""
        return self.describe(self.third_stage(x))

    def third_stage(self, x: Tensor) -> Tensor:  # [N, C, H/8, W/8] -> [N, third_channels, H/stride, W/stride]
        """Return what local features are made of and the fourth stage takes; raises as :meth:`forward`."""
        if x.ndim != 4 or x.shape[1] != self.backbone.in_channels:
            raise ValueError(f"{self.config.name} takes {self.config.input.described}, not {list(x.shape)}")
        return self.backbone.stages(x, last=3)

    def fourth_stage(self, third: Tensor) -> Tensor:  # what `third_stage` gives -> [N, channels]
        """Return the pooled activations of the fourth stage, before whitening."""
        features: Tensor = self.pool(self.backbone.stages(third, first=4))
        return features

    def describe(self, third: Tensor) -> tuple[Tensor, Tensor]:  # [N, third_channels, H, W]
        """Return local descriptors [N, local_dim, H, W] and attention [N, 1, H, W].

        No gradient of the attention loss reaches the backbone: DELG, section 3.3, where it would spoil the hierarchy
        that makes stage 4 global and stage 3 local.
        """
        features = third.detach()
        descriptors = features if self.reduction is None else self.reduction(features)
        return functional.normalize(descriptors.float(), dim=1), self.attention(features)

    @property
    def receptive_field(self) -> int:
        """Side of the square of the decoder's output that one local feature sees, in pixels; its keypoint is the centre."""
        side, step = self.backbone.input_field
        for convolution in self.backbone.convolutions(last=3):
            side += (convolution.kernel_size[0] - 1) * step
            step *= convolution.stride[0]
        return side

    def keypoint_grid(self, height: int, width: int) -> Tensor:
        """Return the receptive-field centre (x, y) of each local feature: float32 [height, width, 2].

        ``height`` and ``width`` are those of the attention map. The unit is the pixel of the decoder's
        output, of which the first spans [0, 1]; multiply by original side / output side to get original
        pixels.
        """
        stride, offset = self.config.stride, self.config.offset
        y = torch.arange(height, dtype=torch.float32) * stride + offset
        x = torch.arange(width, dtype=torch.float32) * stride + offset
        return torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=2)


def _backbone(config: DelgConfig) -> ResNet | StagedMobileNetV2:
    if config.depth is None:
        if config.channels is None:
            return PixelMobileNetV2()
        return DctMobileNetV2(config.channels.num_channels)
    if config.channels is None:
        return PixelResNet(depth=config.depth, width=config.width, strides=config.strides)
    channels = config.channels.num_channels
    return ResNet(channels, depth=config.depth, width=config.width, strides=config.strides)


def delg_small(*, channels: int | ChannelSelection | None = 64) -> Delg:
    """Build the untrained small DELG: MobileNetV2 behind a DCT stem, or on pixels, 3 million parameters.

    Its published layers have no batch normalisation and it does not learn from random weights: it is for those of a
    quantised MobileNetV2 (`fastdct train distil`) or for its own.
    """
    return Delg(
        DelgConfig(
            name="delg-small",
            backbone=MOBILENET,
            embedding_dim=512,
            reduction=128,
            gem_p=2.0,
            input_area=288 * 288,
            **_inputs(channels),
        )
    )


def delg_resnet18(*, channels: int | ChannelSelection | None = 64) -> Delg:
    """Build the untrained DELG of ResNet-18 at half width, under 3 million parameters, to train from nothing.

    Its third stage keeps the second's resolution, so that local features are 16 pixels apart and not 32:
    keypoints of a small picture stay dense enough for spatial verification.
    """
    return Delg(
        DelgConfig(
            name="delg-resnet18",
            backbone="resnet18",
            width=0.5,
            strides=(1, 2, 1, 2),
            embedding_dim=256,
            **_inputs(channels),
        )
    )


def delg_resnet50(*, channels: int | ChannelSelection | None = 64) -> Delg:
    """Build the untrained DELG of the source: ResNet-50 on 56 x 56 x 64, local features 32 pixels apart."""
    return Delg(
        DelgConfig(name="delg-resnet50", backbone="resnet50", embedding_dim=2048, **_inputs(channels))
    )


def _inputs(channels: int | ChannelSelection | None) -> dict[str, Any]:
    """Channels with a mean and deviation that change nothing until training measures its data."""
    selection = None if channels is None else resolve(channels)
    count = 3 if selection is None else selection.num_channels
    return {"channels": selection, "mean": (0.0,) * count, "std": (1.0,) * count}
