"""What a network costs: multiply-adds, counted while it runs, and parameters, counted as torch and as Keras do."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from fastdct.models.classifier import Classifier


@dataclass(frozen=True)
class Complexity:
    """The cost of one picture.

    Attributes
    ----------
    multiply_adds
        Of convolutions and linear layers, as papers count "FLOPs": half of what torch's counter says, which counts
        multiplications and additions apart.
    parameters
        What is trained.
    keras_parameters
        "Total params" of the same network in Keras: its convolutions have biases beside batch normalisation, and the
        moving statistics of batch normalisation are counted too.
    """

    multiply_adds: int
    parameters: int
    keras_parameters: int


def complexity(network: Classifier, *, size: int | None = None) -> Complexity:
    """Run ``network`` on one empty picture and count.

    Parameters
    ----------
    size
        Side of the picture in pixels; by default the one that the network is made for.
    """
    spec = network.config.input
    scale = 1.0 if size is None else size / spec.size
    sides = [
        (channels, round(height * scale), round(width * scale)) for channels, height, width in spec.shapes
    ]
    inputs = [torch.empty((1, *shape), device="meta") for shape in sides]
    counter = FlopCounterMode(display=False)
    bare = copy.deepcopy(network).to("meta").eval()
    with counter, torch.no_grad():
        bare(*inputs)
    parameters = sum(parameter.numel() for parameter in network.parameters())
    return Complexity(counter.get_total_flops() // 2, parameters, parameters + _only_in_keras(network))


def _only_in_keras(network: nn.Module) -> int:
    missing = 0
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d) and module.bias is None:
            missing += module.out_channels
        elif isinstance(module, nn.BatchNorm2d):
            missing += 2 * module.num_features
    return missing
