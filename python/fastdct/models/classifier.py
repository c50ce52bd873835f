"""What describes a network that classifies: its name in the registry, its input and its classes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from torch import Tensor, nn

from fastdct.decoder import Decoder
from fastdct.frequencies import ChannelSelection
from fastdct.models.inputs import InputSpec
from fastdct.models.state import check_state

FORMAT = "fastdct-classifier"
VERSION = 1


@dataclass(frozen=True, kw_only=True)
class ClassifierConfig:
    """Description of a classifying network.

    Attributes
    ----------
    name
        One of :func:`fastdct.models.names`; with ``input`` it says how the network is built.
    num_classes
        Length of the logits.
    input
        What the network takes.
    mean, std
        Of each channel over the training data: of DCT channels in units of the orthonormal DCT of level-shifted samples,
        of RGB in 0..255. Empty until training measures its data, and where the network normalises for itself.
    classes
        Names of the classes in the order of the logits, if they are known.
    gated
        The network stands behind a gate: :class:`fastdct.models.Gated`.
    """

    name: str
    num_classes: int
    input: InputSpec
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    classes: tuple[str, ...] = ()
    gated: bool = False

    def __post_init__(self) -> None:
        """Refuse what contradicts itself."""
        count = sum(shape[0] for shape in self.input.shapes)
        if self.num_classes < 1:
            raise ValueError(f"num_classes must be at least 1, not {self.num_classes}")
        if (len(self.mean), len(self.std)) not in ((0, 0), (count, count)):
            raise ValueError(
                f"{count} channels need as many means and deviations, not {len(self.mean)}, {len(self.std)}"
            )
        if not all(deviation > 0 for deviation in self.std):
            raise ValueError("every channel's standard deviation must be positive")
        if self.classes and len(self.classes) != self.num_classes:
            raise ValueError(f"{self.num_classes} classes need as many names, not {len(self.classes)}")

    @property
    def normalize(self) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
        """(mean, std), as :class:`fastdct.Decoder` takes them."""
        return (self.mean, self.std) if self.mean else None

    def decoder(self, size: int | None = None, **options: Any) -> Decoder:
        """The decoder that makes this network's input; ``options`` are those of `fastdct.Decoder`."""
        return self.input.decoder(size, normalize=self.normalize, **options)

    def to_dict(self) -> dict[str, Any]:
        """Return what config.json holds."""
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        channels = self.input.channels
        return {
            "format": FORMAT,
            "version": VERSION,
            **fields,
            "input": {
                "size": self.input.size,
                "channels": None if channels is None else channels.to_dict(),
                "chroma_size": self.input.chroma_size,
            },
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ClassifierConfig:
        """Rebuild a config from :meth:`to_dict`.

        Raises
        ------
        ValueError
            Another format or version, a field that is missing or unknown, or values that contradict each other.
        """
        if values.get("format") != FORMAT or values.get("version") != VERSION:
            found = f"{values.get('format')!r} version {values.get('version')!r}"
            raise ValueError(f"expected {FORMAT!r} version {VERSION}, found {found}")
        given = {key: value for key, value in values.items() if key not in ("format", "version")}
        known = {field.name for field in dataclasses.fields(cls)}
        if given.keys() != known:
            missing, unknown = sorted(known - given.keys()), sorted(given.keys() - known)
            raise ValueError(f"missing fields {missing}, unknown fields {unknown}")
        entry = dict(given["input"])
        channels = entry.get("channels")
        entry["channels"] = None if channels is None else ChannelSelection.from_dict(channels)
        arguments: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in given.items()}
        return cls(**{**arguments, "input": InputSpec(**entry)})


class Classifier(nn.Module):
    """A network that gives logits [N, num_classes] and knows what it takes."""

    config: ClassifierConfig

    def check_inputs(self, *inputs: Tensor) -> None:
        """Refuse what the network cannot take: integers, and what :meth:`InputSpec.check` says."""
        self.config.input.check(self.config.name, *inputs)
        whole = [tensor.dtype for tensor in inputs if not tensor.is_floating_point()]
        if whole:
            raise ValueError(
                f'{self.config.name} takes floating-point tensors, not {whole[0]}; decode with dtype="float32"'
            )

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> NamedTuple:
        """As torch has it, but names the network and the first tensors that do not fit.

        Raises
        ------
        WeightsError
            ``strict``, and the tensors are those of another network, or of another number of classes.
        """
        if strict:
            subject = f"these are not weights of {self.config.name} with {self.config.num_classes} classes"
            check_state(state_dict, self.state_dict(), subject=subject)
        keys: NamedTuple = super().load_state_dict(state_dict, strict, assign)
        return keys
