"""MobileNetV2 as a classifier to be trained: on pixels, or on DCT coefficients in place of its first layers."""

from __future__ import annotations

from collections import OrderedDict

from torch import Tensor, nn

from fastdct.models.classifier import Classifier, ClassifierConfig
from fastdct.models.mobilenet import AT_BLOCKS, CHANNELS_AT_BLOCKS, MobileNetV2, Style


class RgbMobileNet(MobileNetV2, Classifier):
    """The published network, with a config."""

    def __init__(self, config: ClassifierConfig) -> None:
        super().__init__(num_classes=config.num_classes)
        self.config = config

    def forward(self, x: Tensor) -> Tensor:  # [N, 3, H, W] -> [N, num_classes]
        """Return logits.

        Raises
        ------
        ValueError
            ``x`` is not what ``config.input`` says.
        """
        self.check_inputs(x)
        return super().forward(x)


class DctMobileNet(RgbMobileNet):
    """Layers 5 to 18, at whose input positions are 8 pixels apart as DCT blocks are, with torchvision's names.

    Layers 0 to 4, three tenths of the multiply-adds, give way to a linear 1 × 1 convolution to the 32 channels that layer 5
    takes: what comes before it in the published network is linear too (Sandler et al., section 3.2).
    `fastdct.models.staged_mobilenet` has a stem that imitates those layers, for features that are distilled from them.
    """

    def __init__(self, config: ClassifierConfig) -> None:
        super().__init__(config)
        self.stem = nn.Sequential(
            *Style("symmetric", batch_norm=True).convolution(config.input.shapes[0][0], CHANNELS_AT_BLOCKS)
        )
        named = self.features.named_children()
        self.features = nn.Sequential(
            OrderedDict((name, layer) for name, layer in named if int(name) >= AT_BLOCKS)
        )

    def forward(self, x: Tensor) -> Tensor:  # [N, C, H/8, W/8] -> [N, num_classes]
        """Return logits; see :class:`RgbMobileNet`."""
        self.check_inputs(x)
        return MobileNetV2.forward(self, self.stem(x))
