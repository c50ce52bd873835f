"""Every network by name."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from fastdct.frequencies import ChannelSelection, fbs, static
from fastdct.models.classifier import Classifier, ClassifierConfig
from fastdct.models.gate import Gated
from fastdct.models.gueguen import DeconvolutionResNet, LateConcatResNet, UpSamplingResNet
from fastdct.models.inputs import InputSpec
from fastdct.models.mobilenet_classifier import DctMobileNet, RgbMobileNet
from fastdct.models.resnet import ResNetClassifier, RgbResNet
from fastdct.models.stages import DEPTHS, receptive_field_aware, up_sampling
from fastdct.models.vgg import Vgg

_STATIC = (24, 32, 48, 64, 192)
_BANDS = (16, 32, 64)
_VGG_DEPTHS = (16, 19)

# A network on 224 × 224 pixels; DCT tensors that go behind its stem come from twice the side (Xu et al.), those of Gueguen
# et al. from the same.
_PIXELS = 224
_RGB = InputSpec(size=_PIXELS)
_SAME_GRID = InputSpec(size=_PIXELS, channels=static(192))
_OWN_GRID = replace(_SAME_GRID, chroma_size=_PIXELS // 2)


@dataclass(frozen=True)
class _Variant:
    build: Callable[[ClassifierConfig], Classifier]
    input: InputSpec


def _doubled(channels: ChannelSelection) -> InputSpec:
    return InputSpec(size=2 * _PIXELS, channels=channels)


def _resnets(depth: int) -> dict[str, _Variant]:
    """The networks of one depth by the part of the name after it."""
    variants = {"rgb": _Variant(partial(RgbResNet, depth=depth), _RGB)}
    if depth >= 50:  # basic blocks have no two places for a stride
        variants["rgb-v1"] = _Variant(partial(RgbResNet, depth=depth, version="v1"), _RGB)
    for count in _STATIC:
        variants[f"dct-{count}"] = _Variant(partial(ResNetClassifier, depth=depth), _doubled(static(count)))
    plans = {"upsampling": up_sampling(depth), "upsampling-rfa": receptive_field_aware(depth)}
    for name, plan in plans.items():
        variants[name] = _Variant(partial(UpSamplingResNet, depth=depth, plan=plan), _SAME_GRID)
    variants["deconvolution-rfa"] = _Variant(partial(DeconvolutionResNet, depth=depth), _OWN_GRID)
    late = partial(LateConcatResNet, depth=depth)
    variants["late-concat-rfa"] = _Variant(late, _OWN_GRID)
    variants["late-concat-rfa-thinner"] = _Variant(partial(late, thin=True), _OWN_GRID)
    for count in _BANDS:
        plan = receptive_field_aware(depth, share=count / 64)
        build = partial(UpSamplingResNet, depth=depth, plan=plan)
        variants[f"fbs-{count}"] = _Variant(build, replace(_SAME_GRID, channels=fbs(count)))
    return variants


def _vggs(depth: int) -> dict[str, _Variant]:
    build = partial(Vgg, depth=depth)
    on_dct = {f"dct-{count}": _Variant(build, _doubled(static(count))) for count in _STATIC}
    return {"rgb": _Variant(build, _RGB), **on_dct}


def _mobilenets() -> dict[str, _Variant]:
    # On the grid that the published network has at 224 × 224, so that what is left of it costs what it did.
    inputs = {f"dct-{count}": replace(_SAME_GRID, channels=static(count)) for count in _STATIC}
    on_dct = {name: _Variant(DctMobileNet, spec) for name, spec in inputs.items()}
    return {"rgb": _Variant(RgbMobileNet, _RGB), **on_dct}


_VARIANTS: dict[str, _Variant] = {
    **{f"resnet{depth}-{name}": made for depth in DEPTHS for name, made in _resnets(depth).items()},
    **{f"vgg{depth}-{name}": made for depth in _VGG_DEPTHS for name, made in _vggs(depth).items()},
    **{f"mobilenetv2-{name}": made for name, made in _mobilenets().items()},
}


def names() -> tuple[str, ...]:
    """The names that :func:`create` knows."""
    return tuple(_VARIANTS)


def create(
    name: str,
    *,
    num_classes: int = 1000,
    channels: ChannelSelection | None = None,
    gated: bool = False,
) -> Classifier:
    """Build an untrained network.

    Parameters
    ----------
    name
        One of :func:`names`: ``"<network>-<input>"``. Inputs are

        - ``rgb``: pixels, 224 × 224 (``rgb-v1``: the stride of a bottleneck in its first convolution);
        - ``dct-N``: N channels in place of a stem, 56 × 56 blocks of a 448 × 448 window (Xu et al., CVPR 2020); for MobileNetV2
          in place of its first layers, 28 × 28 blocks of a 224 × 224 window;
        - ``upsampling``, ``upsampling-rfa``, ``deconvolution-rfa``, ``late-concat-rfa``,
          ``late-concat-rfa-thinner``: 28 × 28 blocks of a 224 × 224 window,
          all 192 coefficients; the last three take chroma as a second tensor (Gueguen et al., NeurIPS 2018);
        - ``fbs-N``: the N lowest frequencies of each component (Santos and Almeida, 2020).
    num_classes
        Length of the logits.
    channels
        Other DCT coefficients than those of the name.
    gated
        Choose channels for each picture: see :class:`fastdct.models.Gated`.

    Returns
    -------
    Classifier
        Its ``config.decoder()`` makes what it takes.

    Raises
    ------
    ValueError
        An unknown name, or channels or a gate for a network on pixels.
    """
    if name not in _VARIANTS:
        close = difflib.get_close_matches(name, _VARIANTS, n=3)
        hint = f"did you mean {' or '.join(close)}? " if close else ""
        raise ValueError(f"there is no network {name!r}; {hint}`fastdct models` lists all {len(_VARIANTS)}")
    variant = _VARIANTS[name]
    spec = variant.input
    if channels is not None:
        if spec.channels is None:
            raise ValueError(f"{name} takes pixels and no DCT channels; leave channels out")
        spec = replace(spec, channels=channels)
    network = variant.build(ClassifierConfig(name=name, num_classes=num_classes, input=spec))
    return Gated(network) if gated else network


def restore(values: Mapping[str, Any]) -> Classifier:
    """Build the network that :meth:`ClassifierConfig.to_dict` described, with fresh weights.

    Raises
    ------
    ValueError
        The description contradicts itself, or names a network that is not there.
    """
    config = ClassifierConfig.from_dict(values)
    network = create(
        config.name,
        num_classes=config.num_classes,
        channels=config.input.channels,
        gated=config.gated,
    )
    network.config = config
    return network
