"""Smaller local descriptors: principal components, or packed bits."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fastdct._extras import require
from fastdct._files import write_atomically
from fastdct.retrieval.features import Floats
from fastdct.retrieval.vectors import unit

_ITERATIONS = 50  # of Gong and Lazebnik, section 3.2
FITTED = 100_000
"""Descriptors that a fit looks at: more change nothing that can be measured."""


@dataclass(frozen=True, eq=False, repr=False)
class LocalCodec:
    """Maps local descriptors [n, Dl] to fewer dimensions, or to bits.

    Attributes
    ----------
    mean
        float32 [Dl].
    projection
        float32 [d, Dl]: the principal components; for bits turned so that the signs lose as little as they can
        (iterative quantisation: Gong and Lazebnik, CVPR 2011).
    binary
        Whether signs are kept only, eight to a byte.
    """

    mean: Floats
    projection: Floats
    binary: bool

    def __post_init__(self) -> None:
        if self.projection.ndim != 2 or self.projection.shape[1:] != self.mean.shape:
            raise ValueError(
                f"mean {list(self.mean.shape)} and projection {list(self.projection.shape)} do not fit"
            )
        if self.binary and len(self.projection) % 8:
            raise ValueError(
                f"bits are packed by eight: dims must be a multiple of 8, not {len(self.projection)}"
            )

    def __repr__(self) -> str:
        dims, local_dim = self.projection.shape
        return f"LocalCodec({local_dim} dimensions to {dims} {'bits' if self.binary else 'dimensions'})"

    @classmethod
    def fit(cls, descriptors: Floats, *, dims: int, binary: bool = False, seed: int = 0) -> LocalCodec:
        """Fit to ``descriptors`` float32 [M, Dl], of which at most a hundred thousand are drawn by ``seed``.

        Raises
        ------
        ValueError
            ``dims`` is not between 1 and Dl, or for bits no multiple of 8; or there are fewer descriptors than ``dims``.
        """
        if not 1 <= dims <= descriptors.shape[1] or len(descriptors) < dims:
            raise ValueError(
                f"{len(descriptors)} descriptors of {descriptors.shape[1]} values cannot be brought to {dims} dimensions"
            )
        random = np.random.default_rng(seed)
        rows = random.permutation(len(descriptors))[:FITTED]
        values = descriptors[np.sort(rows)].astype(np.float64)
        mean = values.mean(axis=0)
        centred = values - mean  # [M, Dl]
        _, directions = np.linalg.eigh(centred.T @ centred)
        projection = directions.T[::-1][:dims]  # [d, Dl], largest variance first
        if binary:
            projection = _quantising_rotation(centred @ projection.T, random) @ projection
        return cls(mean.astype(np.float32), np.ascontiguousarray(projection, np.float32), binary)

    def encode(self, descriptors: Floats) -> Floats | NDArray[np.uint8]:
        """float32 [n, d], L2-normalised, or uint8 [n, d / 8], of ``descriptors`` [n, Dl].

        Raises
        ------
        ValueError
            The descriptors are of another length.
        """
        if descriptors.shape[1] != len(self.mean):
            raise ValueError(
                f"this codec takes descriptors of {len(self.mean)} values, not {descriptors.shape[1]}: "
                "fit one to features of the same model"
            )
        projected = (descriptors - self.mean) @ self.projection.T  # [n, d]
        return np.packbits(projected > 0, axis=1) if self.binary else unit(projected)

    @property
    def width(self) -> int:
        """Columns of what `encode` returns."""
        return len(self.projection) // 8 if self.binary else len(self.projection)

    @property
    def digest(self) -> str:
        """Hexadecimal digest: descriptors of different codecs cannot be compared."""
        return hashlib.sha256(self.to_bytes()).hexdigest()

    def to_bytes(self) -> bytes:
        """As a safetensors file."""
        tensors = {
            "mean": self.mean,
            "projection": self.projection,
            "binary": np.array([self.binary], np.uint8),
        }
        data: bytes = require("safetensors.numpy", extra="torch").save(tensors)
        return data

    @classmethod
    def from_bytes(cls, data: bytes) -> LocalCodec:
        """Read what `to_bytes` made.

        Raises
        ------
        ValueError
            It is damaged.
        """
        try:
            tensors = require("safetensors.numpy", extra="torch").load(data)
            return cls(tensors["mean"], tensors["projection"], bool(tensors["binary"][0]))
        except (require("safetensors", extra="torch").SafetensorError, KeyError, IndexError) as error:
            raise ValueError(f"this is not a codec of local descriptors: {error}") from error

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it to a file."""
        write_atomically(path, self.to_bytes())

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> LocalCodec:
        """Read what `save` wrote; a ValueError names a file that is something else."""
        try:
            return cls.from_bytes(Path(path).read_bytes())
        except ValueError as error:
            raise ValueError(f"{os.fspath(path)}: {error}") from error


def _quantising_rotation(values: NDArray[np.float64], random: np.random.Generator) -> NDArray[np.float64]:
    """The rotation R [d, d] that brings ``values`` [M, d] near the corners of a cube, from a random one."""
    rotation, _ = np.linalg.qr(random.standard_normal((values.shape[1], values.shape[1])))
    for _ in range(_ITERATIONS):
        corners = np.sign(values @ rotation)  # [M, d]
        left, _, right = np.linalg.svd(corners.T @ values)
        rotation = (left @ right).T
    return np.asarray(rotation.T)
