"""Any network on RGB pixels as one on DCT coefficients."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from fastdct.decoder import Decoder
from fastdct.frequencies import ChannelSelection, resolve
from fastdct.models.classifier import Classifier
from fastdct.models.coefficients import Conversion, Float64, Statistics, ToPixels, ToPixelsFromTwoGrids
from fastdct.models.folding import fold
from fastdct.models.inputs import InputSpec

_PIXELS = 224


class OnCoefficients(nn.Module):
    """A network on pixels behind the layer that makes them, or with that layer folded into it.

    Attributes
    ----------
    input
        What it takes.
    network
        A network on pixels; when folded, a copy of it that takes coefficients.
    pixels
        The layer before it; when folded, the identity.
    """

    def __init__(self, network: nn.Module, pixels: nn.Module, spec: InputSpec) -> None:
        super().__init__()
        self.network, self.pixels, self.input = network, pixels, spec

    def decoder(self, size: int | None = None, **options: Any) -> Decoder:
        """The decoder that makes what it takes; ``options`` are those of `Decoder`, such as ``window``."""
        return self.input.decoder(size, **options)

    def forward(self, *inputs: Tensor) -> Any:
        """Return what the network says of the pixels that the coefficients stand for.

        Raises
        ------
        ValueError
            The tensors are not what ``input`` says.
        """
        self.input.check("this network", *inputs)
        return self.network(self.pixels(*inputs))


def on_coefficients(
    network: nn.Module,
    *,
    mean: float | tuple[float, float, float] | None = None,
    std: float | tuple[float, float, float] | None = None,
    channels: int | ChannelSelection = 192,
    normalize: Statistics | None = None,
    two_grids: bool = False,
    folded: bool = False,
    size: int | None = None,
) -> OnCoefficients:
    """Wrap a network on RGB pixels as one on the DCT coefficients that stand for them; nothing is trained.

    With all 192 coefficients the answers are those from pixels, to the tolerance of float32, but for rounding and clamping of
    pixels, which coefficients do not have. Fewer blur the picture and cost less.

    Parameters
    ----------
    network
        Takes RGB [N, 3, H, W], normalised. Its weights are shared with the result, but for the first convolution's when
        ``folded``.
    mean, std
        That normalisation, of R, G and B in 0..255; a network of :func:`fastdct.models.create` may know its own.
    channels
        The coefficients that are given, as :class:`fastdct.Decoder` takes them.
    normalize
        (mean, std) per channel that the decoder normalises by; quantised coefficients are ``(0, 1 / table)``.
    two_grids
        Chroma comes as a second tensor at half the resolution, as ``Decoder(..., chroma_size=size // 2)`` makes it of a
        4:2:0 file, and is upsampled here.
    folded
        Fold the inverse DCT into the network's first convolution: no pixels are made. A block then sees whole neighbours,
        which takes fewer operations only below 17 channels for a ResNet (7 × 7) and 8 for MobileNetV2 (3 × 3).
    size
        Side of the window in pixels that :meth:`OnCoefficients.decoder` makes; by default the network's own, or 224.

    Raises
    ------
    ValueError
        ``mean`` and ``std`` are not known; or the network cannot be folded, and why.
    """
    conversion = Conversion(resolve(channels), *_normalisation(network, mean, std), normalize)
    own = network.config.input.size if isinstance(network, Classifier) else _PIXELS
    side = size or own
    spec = InputSpec(size=side, channels=conversion.selection, chroma_size=side // 2 if two_grids else None)
    pixels = (ToPixelsFromTwoGrids if two_grids else ToPixels)(conversion)
    plain = OnCoefficients(network, pixels.to(_device(network)), spec)
    if not folded:
        return plain.train(network.training)
    if two_grids:
        raise ValueError("chroma on a grid of its own cannot be folded; leave out two_grids or folded")
    return _folded(plain, conversion).train(network.training)


def _folded(plain: OnCoefficients, conversion: Conversion) -> OnCoefficients:
    network = copy.deepcopy(plain.network).eval()
    path = _first_convolution(network, plain.input.size)
    convolution = network.get_submodule(path)
    assert isinstance(convolution, nn.Conv2d)
    network.set_submodule(path, fold(convolution, conversion))
    if isinstance(network, Classifier):
        network.config = replace(network.config, input=plain.input, mean=(), std=())
    folded = OnCoefficients(network, nn.Identity(), plain.input)
    _check_equal(plain, folded)
    return folded


def _first_convolution(network: nn.Module, size: int) -> str:
    """The path of the convolution that takes the network's input as it comes."""
    found: list[str] = []
    pixels = torch.zeros(1, 3, size, size, device=_device(network))

    def look(path: str) -> Any:
        def hook(module: nn.Module, inputs: tuple[Any, ...]) -> None:
            if inputs and inputs[0] is pixels:
                found.append(path)

        return hook

    handles = [
        module.register_forward_pre_hook(look(path))
        for path, module in network.named_modules()
        if isinstance(module, nn.Conv2d)
    ]
    with torch.no_grad():
        network(pixels)
    for handle in handles:
        handle.remove()
    if len(found) != 1:
        raise ValueError(f"{len(found)} convolutions take this network's input; to be folded it must be one")
    return found[0]


@torch.no_grad()
def _check_equal(plain: OnCoefficients, folded: OnCoefficients) -> None:
    """Refuse networks that use their input otherwise than through the first convolution, or cannot be compared."""
    (shape,) = plain.input.shapes
    x = torch.randn(1, *shape, generator=torch.Generator().manual_seed(0)).to(_device(plain.network))
    training = plain.network.training
    expected = plain.eval()(x)
    plain.train(training)
    if not isinstance(expected, Tensor):
        raise ValueError(
            f"this network answers with a {type(expected).__name__}; to be folded it must answer with one tensor"
        )
    found = folded(x)
    tolerance = 1e-3 * expected.abs().max()
    if found.shape != expected.shape or (found - expected).abs().max() > tolerance:
        raise ValueError("this network cannot be folded: it uses its input beside the first convolution too")


def _normalisation(network: nn.Module, mean: Any, std: Any) -> tuple[Float64, Float64]:
    known = network.config.normalize if isinstance(network, Classifier) else None
    if mean is None and std is None and known is not None:
        mean, std = known
    if mean is None or std is None:
        raise ValueError("give mean and std of the network's normalisation, of R, G and B in 0..255")
    return np.full(3, mean, np.float64), np.full(3, std, np.float64)


def _device(network: nn.Module) -> torch.device:
    parameter = next(network.parameters(), None)
    return torch.device("cpu") if parameter is None else parameter.device
