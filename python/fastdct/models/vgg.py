"""VGG-16 and VGG-19 on pixels and on DCT tensors (Simonyan and Zisserman, ICLR 2015, table 1, columns D and E).

Names of parameters are torchvision's. On DCT input the first two blocks of convolutions are left out: after them 224 × 224
pixels have become 56 × 56 positions, the grid of a 448 × 448 picture's coefficients, as in a ResNet without its stem
(Xu et al., "Learning in the frequency domain", CVPR 2020, section 3.1). The names of the layers that stay do not change.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

from torch import Tensor, nn

from fastdct.models.classifier import Classifier, ClassifierConfig

# Convolutions of each block, and their width.
_BLOCKS = {
    16: ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512)),
    19: ((2, 64), (2, 128), (4, 256), (4, 512), (4, 512)),
}
_BLOCKS_FOR_PIXELS = 2
_POOLED = 7
_HIDDEN = 4096


class Vgg(Classifier):
    """Blocks of 3 × 3 convolutions, each followed by a maximum of stride 2, and three linear layers.

    Parameters
    ----------
    config
        What the network takes, and its classes.
    depth
        16 or 19.

    Raises
    ------
    ValueError
        There is no such VGG.
    """

    def __init__(self, config: ClassifierConfig, *, depth: int) -> None:
        super().__init__()
        if depth not in _BLOCKS:
            raise ValueError(f"there is no VGG-{depth}: depth is one of {sorted(_BLOCKS)}")
        self.config = config
        layers = list(_layers(depth, pixels=config.input.channels is None, inputs=config.input.shapes[0][0]))
        self.features = nn.Sequential(OrderedDict(layers))
        self.avgpool = nn.AdaptiveAvgPool2d(_POOLED)
        self.classifier = nn.Sequential(
            nn.Linear(_BLOCKS[depth][-1][1] * _POOLED**2, _HIDDEN),
            nn.ReLU(),
            nn.Dropout(),
            nn.Linear(_HIDDEN, _HIDDEN),
            nn.ReLU(),
            nn.Dropout(),
            nn.Linear(_HIDDEN, config.num_classes),
        )
        self._initialise()

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]  # every convolution here has one
            elif isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, std=0.01)
                nn.init.zeros_(module.bias)

    def forward(self, x: Tensor) -> Tensor:  # [N, C, H, W] -> [N, num_classes]
        """Return logits.

        Raises
        ------
        ValueError
            ``x`` is not what ``config.input`` says, or smaller than one position of the last block.
        """
        self.check_inputs(x)
        least = 2 ** sum(isinstance(layer, nn.MaxPool2d) for layer in self.features)
        if min(x.shape[2:]) < least:
            raise ValueError(
                f"{self.config.name} takes grids of at least {least} × {least}, not {list(x.shape)}"
            )
        pooled = self.avgpool(self.features(x))  # [N, 512, 7, 7]
        logits: Tensor = self.classifier(pooled.flatten(1))
        return logits


def _layers(depth: int, *, pixels: bool, inputs: int) -> Iterator[tuple[str, nn.Module]]:
    """The layers with the places that they have in torchvision's network."""
    place = 0
    for number, (num_convolutions, width) in enumerate(_BLOCKS[depth]):
        kept = pixels or number >= _BLOCKS_FOR_PIXELS
        for _ in range(num_convolutions):
            if kept:
                yield str(place), nn.Conv2d(inputs, width, 3, padding=1)
                yield str(place + 1), nn.ReLU()
                inputs = width
            place += 2
        if kept:
            yield str(place), nn.MaxPool2d(2)
        place += 1
