"""What is known of one image: a global descriptor, and local features with their places in the picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Descriptors = NDArray[Any]
"""Local descriptors: float32, float16 as stored, or packed bits uint8."""


@dataclass(frozen=True)
class FeatureSpec:
    """Which model made the features; only features of equal specs can be compared.

    Attributes
    ----------
    model
        The model's name, for people.
    fingerprint
        Hexadecimal digest of the model's configuration and weights: another training is another model.
    global_dim, local_dim
        Lengths D and Dl of a global and of a local descriptor; for packed bits the number of bytes.
    binary
        Whether local descriptors are packed bits, compared by Hamming distance.
    scales, global_scales, max_overlap, max_features
        How the features were extracted: see `fastdct.retrieval.Extractor`. The number of features may differ.
    """

    model: str
    fingerprint: str
    global_dim: int
    local_dim: int
    binary: bool = False
    scales: tuple[float, ...] = (0.5**0.5, 1.0, 2**0.5)
    global_scales: tuple[float, ...] = (1.0,)
    max_overlap: float | None = None
    max_features: int = field(default=200, compare=False)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> FeatureSpec:
        """Rebuild a spec from what `dataclasses.asdict` made of it, perhaps by way of JSON."""
        arguments: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in values.items()
        }
        return cls(**arguments)

    def __str__(self) -> str:
        local = f"{8 * self.local_dim} bits" if self.binary else f"{self.local_dim} dimensions"
        scales = "scales {}, global {}".format(*map(_listed, (self.scales, self.global_scales)))
        overlap = "" if self.max_overlap is None else f", overlap {self.max_overlap:g}"
        return f"{self.model} ({self.fingerprint[:12]}, {self.global_dim} dimensions + {local}, {scales}{overlap})"


@dataclass(frozen=True, eq=False, repr=False)
class Features:
    """The features of one image, or of the part of it inside a box.

    Attributes
    ----------
    global_descriptor
        float32 [D], L2-normalised.
    keypoints
        float32 [n, 2]: (x, y) in pixels of the original upright image; a pixel's centre lies at + 0.5.
    scales
        float32 [n]: the pyramid scale at which a feature was seen; 1 is the scale of the global descriptor.
    scores
        float32 [n]: attention.
    descriptors
        float32 [n, Dl], L2-normalised, or packed bits uint8 [n, Dl].
    height, width
        Size of the original upright image in pixels, also where a box was given.

    Raises
    ------
    ValueError
        A shape does not fit the others, a value is not finite, or the global descriptor is not normalised.
    TypeError
        An array is not of the type above.
    """

    global_descriptor: Floats
    keypoints: Floats
    scales: Floats
    scores: Floats
    descriptors: Descriptors
    height: int
    width: int

    def __post_init__(self) -> None:
        n, local_dim = len(self.scores), self.descriptors.shape[-1]
        _check("global_descriptor", self.global_descriptor, (len(self.global_descriptor),))
        _check("keypoints", self.keypoints, (n, 2))
        _check("scales", self.scales, (n,))
        _check("scores", self.scores, (n,))
        _check("descriptors", self.descriptors, (n, local_dim), bits=True)
        norm = float(np.linalg.norm(self.global_descriptor))
        if abs(norm - 1) > 1e-3:
            raise ValueError(f"global_descriptor must be L2-normalised; its norm is {norm:.4g}")
        if self.height <= 0 or self.width <= 0:
            raise ValueError(f"an image of {self.width} × {self.height} pixels has no features")

    def __len__(self) -> int:
        """Number of local features."""
        return len(self.scores)

    def __repr__(self) -> str:
        return (
            f"Features(global_descriptor={list(self.global_descriptor.shape)}, "
            f"descriptors={list(self.descriptors.shape)}, height={self.height}, width={self.width})"
        )


@dataclass(frozen=True, eq=False, repr=False)
class LocalFeatures:
    """The local features of P images, laid end to end: image i owns rows ``offsets[i]:offsets[i + 1]``.

    Attributes
    ----------
    names
        Names of the P images.
    offsets
        int64 [P + 1].
    keypoints, scales, scores, descriptors
        float32 [M, 2], [M] and [M], and [M, Dl]: float16 as stored, which matching widens on the way, or float32; or
        packed bits uint8.
    sizes
        int64 [P, 2]: height and width of each original upright image in pixels.
    """

    names: tuple[str, ...]
    offsets: NDArray[np.int64]
    keypoints: Floats
    scales: Floats
    scores: Floats
    descriptors: Descriptors
    sizes: NDArray[np.int64]

    @classmethod
    def of(cls, images: Sequence[tuple[str, Features]]) -> LocalFeatures:
        """The local features of at least one image, given as (name, features)."""
        features = [each for _, each in images]
        return cls(
            names=tuple(name for name, _ in images),
            offsets=np.cumsum([0, *map(len, features)], dtype=np.int64),
            keypoints=np.concatenate([each.keypoints for each in features]),
            scales=np.concatenate([each.scales for each in features]),
            scores=np.concatenate([each.scores for each in features]),
            descriptors=np.concatenate([each.descriptors for each in features]),
            sizes=np.array([(each.height, each.width) for each in features], np.int64).reshape(-1, 2),
        )

    def features(self, image: int, global_descriptor: Floats) -> Features:
        """All of one image, given its place among the P and its global descriptor [D]."""
        rows = slice(*self.offsets[image : image + 2])
        descriptors = self.descriptors[rows]
        return Features(
            global_descriptor,
            self.keypoints[rows],
            self.scales[rows],
            self.scores[rows],
            descriptors if descriptors.dtype == np.uint8 else descriptors.astype(np.float32),
            *self.sizes[image].tolist(),
        )

    def __len__(self) -> int:
        """Number of images."""
        return len(self.names)

    def __repr__(self) -> str:
        return f"LocalFeatures(images={len(self)}, descriptors={list(self.descriptors.shape)})"


def _listed(values: tuple[float, ...]) -> str:
    return "/".join(f"{value:.3g}" for value in values)


def _check(name: str, array: NDArray[Any], shape: tuple[int, ...], *, bits: bool = False) -> None:
    if array.dtype != np.float32 and not (bits and array.dtype == np.uint8):
        raise TypeError(f"{name} must be float32{' or packed bits uint8' if bits else ''}, not {array.dtype}")
    if array.shape != shape:
        raise ValueError(f"{name} must have the shape {list(shape)}, not {list(array.shape)}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds values that are not finite")
