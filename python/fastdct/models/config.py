"""Everything that is needed to use a trained network, written as config.json beside its weights."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastdct.decoder import Decoder
from fastdct.frequencies import ChannelSelection
from fastdct.models import staged_mobilenet
from fastdct.models.inputs import InputSpec
from fastdct.models.stages import DEPTHS, published

FORMAT = "fastdct-delg"
VERSION = 2
MOBILENET = "mobilenetv2"
_RESNETS = {f"resnet{depth}": depth for depth in DEPTHS}
_BLOCK = 8  # pixels of a DCT block: the stride of the network's input
_PIXEL_STEM = 4  # the stride of a ResNet's stem on pixels
_LOCAL_STAGE = 3
_PUBLISHED_STRIDES = (1, 2, 2, 2)
_MOBILENET_FIRST = 7.5


@dataclass(frozen=True, kw_only=True)
class DelgConfig:
    """Description of a DELG network.

    Attributes
    ----------
    name
        A word for people; ``models.load`` does not read it.
    backbone
        ``"mobilenetv2"`` (:mod:`fastdct.models.staged_mobilenet`) or ``"resnet18"`` to ``"resnet152"``.
    width, strides
        Of a ResNet: see :class:`fastdct.models.resnet.ResNet`.
    channels
        Which DCT coefficients the network takes, in order; None for RGB pixels behind a published stem: the twin to
        compare with.
    mean, std
        Of each channel over the training data, in units of the orthonormal DCT of level-shifted pixels; of RGB in
        0..255.
    embedding_dim
        Length of the global descriptor.
    reduction
        Length to which a 1 x 1 convolution brings the local descriptors; 0: the third stage's, as they are.
    gem_p, gem_learnable
        Exponent of generalised-mean pooling at the start of training, and whether it is learned.
    attention_threshold
        Tau: median attention score at the end of training; local features above it are kept.
    scales
        Image pyramid for local features, as factors of the sides that ``input_area`` gives.
    input_area
        Pixels of the decoder's output at scale 1, at any aspect ratio.
    """

    name: str
    backbone: str
    channels: ChannelSelection | None
    mean: tuple[float, ...]
    std: tuple[float, ...]
    embedding_dim: int
    width: float = 1.0
    strides: tuple[int, int, int, int] = _PUBLISHED_STRIDES
    reduction: int = 0
    gem_p: float = 3.0
    gem_learnable: bool = False
    attention_threshold: float = 0.0
    scales: tuple[float, ...] = (0.5**0.5, 1.0, 2**0.5)
    input_area: int = 448 * 448

    def __post_init__(self) -> None:
        """Refuse what no network can be built from."""
        if self.embedding_dim < 1 or self.reduction < 0:
            raise ValueError(
                f"descriptors have at least 1 value, not {self.embedding_dim} (embedding_dim), {self.reduction} (reduction)"
            )
        count = sum(self.input.counts)
        if len(self.mean) != count or len(self.std) != count:
            raise ValueError(
                f"{count} channels need as many means and deviations, not {len(self.mean)}, {len(self.std)}"
            )
        if not all(deviation > 0 for deviation in self.std):
            raise ValueError("every channel's standard deviation must be positive")
        if self.backbone != MOBILENET and self.backbone not in _RESNETS:
            known = ", ".join([MOBILENET, *_RESNETS])
            raise ValueError(f"there is no backbone {self.backbone!r}: it is one of {known}")
        if self.backbone == MOBILENET and (self.width, self.strides) != (1.0, _PUBLISHED_STRIDES):
            raise ValueError(f"width and strides are of ResNets; {MOBILENET} has its own")

    @property
    def depth(self) -> int | None:
        """Layers of a ResNet; None for another backbone."""
        return _RESNETS.get(self.backbone)

    @property
    def third_channels(self) -> int:
        """Channels of the third stage, which local features and attention are made of."""
        if self.depth is None:
            return staged_mobilenet.STAGE_CHANNELS[_LOCAL_STAGE - 1]
        return published(self.depth, width=self.width)[_LOCAL_STAGE - 1].outputs

    @property
    def attention_width(self) -> int:
        """Hidden channels of the attention module: half the third stage's, of MobileNetV2 those before its expansion."""
        return self.third_channels // (2 if self.depth else staged_mobilenet.EXPANSION)

    @property
    def local_dim(self) -> int:
        """Length of a local descriptor."""
        return self.reduction or self.third_channels

    @property
    def input(self) -> InputSpec:
        """What the network takes; its size is the side of a square of ``input_area``."""
        return InputSpec(size=round(self.input_area**0.5), channels=self.channels)

    def decoder(self, size: int | tuple[int, int], **options: Any) -> Decoder:
        """The decoder that makes this network's input; ``options`` are those of `fastdct.Decoder`."""
        return self.input.decoder(size, normalize=self.normalize, **options)

    @property
    def stride(self) -> int:
        """Distance between neighbouring local features in pixels of the decoder's output."""
        strides = staged_mobilenet.STAGE_STRIDES if self.depth is None else self.strides
        first = _PIXEL_STEM if self.channels is None and self.depth else _BLOCK
        return first * math.prod(strides[:_LOCAL_STAGE])

    @property
    def offset(self) -> float:
        """Position of the first local feature, in pixels of the decoder's output (the first spans [0, 1]).

        In a ResNet every 3 x 3 convolution of stride 2 pads one cell on each side, so that its output i is centred
        on its input 2i; the centre of output 0 therefore stays the centre of DCT block 0, or of
        pixel 0, whatever the strides.
        MobileNetV2 pads an even size after its end alone, which moves the centre one input further at each halving;
        its first layers on pixels are centred at pixel 8i + 7.5 (27 pixels from 8i - 6 on), and the stem gives what they give.
        """
        if self.depth is None:
            return _MOBILENET_FIRST + sum(
                _BLOCK * math.prod(staged_mobilenet.STAGE_STRIDES[:stage])
                for stage in range(_LOCAL_STAGE)
                if staged_mobilenet.STAGE_STRIDES[stage] == 2
            )
        return 0.5 if self.channels is None else _BLOCK / 2

    @property
    def normalize(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """(mean, std), as :class:`fastdct.Decoder` takes them."""
        return self.mean, self.std

    def to_dict(self) -> dict[str, Any]:
        """Return what config.json holds; what stands under ``derived`` is for readers only."""
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        derived = {"stride": self.stride, "offset": self.offset, "local_dim": self.local_dim}
        channels = None if self.channels is None else self.channels.to_dict()
        header = {"format": FORMAT, "version": VERSION}
        return {**header, **fields, "channels": channels, "derived": derived}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> DelgConfig:
        """Rebuild a config from :meth:`to_dict`.

        Raises
        ------
        ValueError
            Another format or version, a field that is missing or unknown, or values that contradict each
            other.
        """
        if values.get("format") != FORMAT or values.get("version") not in (1, VERSION):
            found = f"{values.get('format')!r} version {values.get('version')!r}"
            raise ValueError(f"expected {FORMAT!r} version {VERSION}, found {found}")
        given = {key: value for key, value in values.items() if key not in ("format", "version", "derived")}
        if values["version"] == 1 and "depth" in given:  # which had ResNets alone
            given["backbone"] = f"resnet{given.pop('depth')}"
        known = {field.name: field for field in dataclasses.fields(cls)}
        if unknown := sorted(given.keys() - known.keys()):
            raise ValueError(f"unknown fields {unknown}")
        required = {name for name, field in known.items() if field.default is dataclasses.MISSING}
        if missing := sorted(required - given.keys()):
            raise ValueError(f"missing fields {missing}")
        channels = given["channels"]
        given["channels"] = None if channels is None else ChannelSelection.from_dict(channels)
        arguments: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in given.items()}
        return cls(**arguments)
