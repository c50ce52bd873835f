"""The decoder: JPEG sources to one tensor of DCT coefficients that a model takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastdct._extras import require
from fastdct.frequencies import ChannelSelection, resolve
from fastdct.geometry import Resize, Rule, Window
from fastdct.jpeg import DEFAULT_MAX_PIXELS, JpegError, JpegImage, Source, read
from fastdct.reference.transform import Planes, planes, planes_from_pixels, resample

if TYPE_CHECKING:
    import torch

ErrorPolicy = Literal["raise", "skip", "mask"]
Float32 = NDArray[np.float32]
Picture = Source | JpegImage | Planes


@dataclass(frozen=True, repr=False)
class Batch:
    """What a decoder makes of many sources.

    Attributes
    ----------
    tensor
        float32 [N, C, H/8, W/8].
    indices
        For each row of ``tensor`` the position of its source among the sources.
    errors
        Position of a source that failed → its error. Its row is absent under ``"skip"``, zero under ``"mask"``.
    """

    tensor: torch.Tensor
    indices: tuple[int, ...]
    errors: dict[int, JpegError] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Batch(tensor={_shape(self.tensor)}, indices={len(self.indices)}, errors={len(self.errors)})"


def _shape(tensor: torch.Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} {list(tensor.shape)}"


class Decoder:
    """Decodes pictures into coefficient tensors of one size, without making pixels.

    A value is a dequantised coefficient of the orthonormal 8×8 DCT of level-shifted YCbCr samples, of the
    picture's window scaled to ``size``: exactly "inverse DCT, resample, forward DCT" of unclamped samples
    (`fastdct.reference.axis`). EXIF orientation is applied; chroma is brought to the grid of luma.

    Parameters
    ----------
    size
        Side, or (height, width), of the model's input in samples: multiples of 8.
    channels
        Number of a published static selection (192, 64, 48, 32, 24) or a `ChannelSelection`.
    window
        Rule ``(height, width) -> Window`` or one fixed `Window`.
    normalize
        (mean, std) per channel: a value becomes (value - mean) / std. Each is a scalar or of length C.
    on_error
        ``"raise"`` the first `JpegError`, ``"skip"`` the row, or ``"mask"`` it with zeros.
    max_pixels
        A larger picture is an error, found in its header before anything is allocated.

    Raises
    ------
    ValueError
        ``size`` is not a multiple of 8, the channels are unknown, or ``normalize`` does not fit them.

    Examples
    --------
    >>> decoder = Decoder(448, channels=64)
    >>> decoder(["a.jpg", "b.jpg"]).tensor.shape  # doctest: +SKIP
    torch.Size([2, 64, 56, 56])
    """

    def __init__(
        self,
        size: int | tuple[int, int],
        *,
        channels: int | ChannelSelection = 64,
        window: Rule | Window | None = None,
        normalize: tuple[ArrayLike, ArrayLike] | None = None,
        on_error: ErrorPolicy = "raise",
        max_pixels: int = DEFAULT_MAX_PIXELS,
    ) -> None:
        self.size = _checked_size(size)
        self.channels = resolve(channels)
        self.window: Rule = _fixed(window) if isinstance(window, Window) else window or Resize()
        self.normalize = (
            None if normalize is None else _checked_statistics(normalize, self.channels.num_channels)
        )
        if on_error not in ("raise", "skip", "mask"):
            raise ValueError(f'on_error is "raise", "skip" or "mask", not {on_error!r}')
        self.on_error = on_error
        self.max_pixels = max_pixels

    def __call__(self, sources: Sequence[Picture], *, windows: Sequence[Window] | None = None) -> Batch:
        """Decode a sequence of sources into one `Batch`.

        Parameters
        ----------
        sources
            Paths, buffers, or images already read.
        windows
            One explicit window for each source, instead of the decoder's rule.

        Raises
        ------
        JpegError
            A source is bad and the policy is ``"raise"``.
        TypeError, ValueError
            ``sources`` is a single source, or ``windows`` has another length.
        """
        torch = require("torch", extra="torch")
        if isinstance(sources, str | bytes | bytearray | memoryview | JpegImage | Planes):
            raise TypeError("sources is a sequence of sources; put a single one into a list")
        if windows is not None and len(windows) != len(sources):
            raise ValueError(f"{len(windows)} windows for {len(sources)} sources; give one for each")
        rows: list[Float32] = []
        indices: list[int] = []
        errors: dict[int, JpegError] = {}
        for index, source in enumerate(sources):
            try:
                row = self.decode(source, window=None if windows is None else windows[index])
            except JpegError as error:
                if self.on_error == "raise":
                    raise
                errors[index] = error
                if self.on_error == "skip":
                    continue
                row = np.zeros(self.shape, dtype=np.float32)
            rows.append(row)
            indices.append(index)
        stacked = np.stack(rows) if rows else np.empty((0, *self.shape), dtype=np.float32)
        return Batch(torch.from_numpy(stacked), tuple(indices), errors)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape (C, H/8, W/8) of one decoded picture."""
        return self.channels.num_channels, self.size[0] // 8, self.size[1] // 8

    def decode(self, source: Picture, *, window: Window | None = None) -> Float32:
        """Decode one picture: float32 [C, H/8, W/8]. Needs numpy only.

        Parameters
        ----------
        source
            A path, a buffer, or an image already read, which several sizes can share.
        window
            Instead of the decoder's rule, in pixels of the upright picture; clipped to the picture.

        Raises
        ------
        JpegError
            The source cannot be read, or its colours have no known meaning.
        ValueError
            The window lies outside the picture.
        """
        picture = self._planes(source)
        chosen = self.window(*picture.upright_size) if window is None else window
        blocks = resample(picture, self.size, window=chosen, dtype=np.float32)  # [3, H/8, W/8, 8, 8]
        return self._assemble(blocks)

    def from_pixels(self, rgb: NDArray[np.uint8], *, window: Window | None = None) -> Float32:
        """The same channels, float32 [C, H/8, W/8], from RGB pixels uint8 [H, W, 3]."""
        return self.decode(planes_from_pixels(rgb), window=window)

    def _planes(self, source: Picture) -> Planes:
        if isinstance(source, Planes):
            return source
        return planes(source if isinstance(source, JpegImage) else read(source, max_pixels=self.max_pixels))

    def _assemble(self, blocks: NDArray[Any]) -> Float32:
        """Select, lay out channels first, normalise: blocks [3, Hb, Wb, 8, 8] to float32 [C, Hb, Wb]."""
        flat = blocks.reshape(*blocks.shape[:3], 64)
        chosen = (self.channels.luma, self.channels.cb, self.channels.cr)
        parts = [
            np.moveaxis(plane[..., list(index)], 2, 0) for plane, index in zip(flat, chosen, strict=True)
        ]
        tensor = np.concatenate(parts, dtype=np.float32)  # [C, Hb, Wb]
        if self.normalize is not None:
            mean, std = self.normalize
            tensor = (tensor - mean[:, None, None]) / std[:, None, None]
        return np.ascontiguousarray(tensor)


def _fixed(window: Window) -> Rule:
    return lambda height, width: window


def _checked_size(size: int | tuple[int, int]) -> tuple[int, int]:
    height, width = (size, size) if isinstance(size, int) else size
    if height <= 0 or width <= 0 or height % 8 or width % 8:
        raise ValueError(f"size {size} does not hold whole 8×8 blocks; sides must be positive multiples of 8")
    return height, width


def _checked_statistics(normalize: tuple[ArrayLike, ArrayLike], num_channels: int) -> tuple[Float32, Float32]:
    mean, std = (np.asarray(part, dtype=np.float32) for part in normalize)
    for name, part in (("mean", mean), ("std", std)):
        if part.shape not in ((), (num_channels,)):
            raise ValueError(
                f"normalize: {name} has shape {list(part.shape)}; it must be a scalar or [{num_channels}]"
            )
    if not (np.isfinite(mean).all() and np.isfinite(std).all() and (std > 0).all()):
        raise ValueError("normalize: means must be finite and deviations positive and finite")
    return tuple(cast(Float32, np.broadcast_to(part, (num_channels,))) for part in (mean, std))  # type: ignore[return-value]
