"""The decoder: JPEG sources to one tensor of DCT coefficients that a model takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastdct import _C, _native
from fastdct._decoded import Batch, Memory
from fastdct._pictures import (
    Picture,
    decode_rgb,
    open_source,
    padded_picture,
    picture_name,
    planes_from_pixels,
)
from fastdct.frequencies import ChannelSelection, resolve
from fastdct.geometry import Resize, Rule, Window
from fastdct.jpeg import DEFAULT_MAX_PIXELS, JpegError, JpegImage
from fastdct.reference.axis import FILTERS, Filter
from fastdct.reference.transform import Planes

__all__ = ["Batch", "Decoder", "ErrorPolicy", "Picture"]

if TYPE_CHECKING:
    import torch

ErrorPolicy = Literal["raise", "skip", "mask"]


class _Job(NamedTuple):
    """One source on its way into a row of a batch."""

    row: int
    name: str
    source: Any
    window: Window


class Decoder:
    """Decodes pictures into coefficient tensors of one size, without making pixels.

    A value is a dequantised coefficient of the orthonormal 8×8 DCT of level-shifted YCbCr samples, of the
    picture's window scaled to ``size``: exactly "inverse DCT, resample, forward DCT" of unclamped samples
    (`fastdct.reference.axis`), to 1e-6 of the largest coefficient. EXIF orientation is applied.

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
    dtype
        ``"float32"``, ``"bfloat16"``, ``"float16"`` or, not normalised and rounded, ``"int16"``; a torch or numpy
        dtype means its name. RGB: ``"uint8"`` instead of int16.
    num_threads
        Threads of a batch; by default as many as this process may run at once. Results do not depend on it.
    on_error
        ``"raise"`` the first `JpegError`, ``"skip"`` the row, or ``"mask"`` it with zeros.
    chroma_size
        Give Cb and Cr a grid of their own, such as half of ``size``: they are resampled from their own samples,
        into a second tensor. Otherwise they are upsampled to the grid of Y and share its tensor.
    filter
        ``"box"``, ``"triangle"``, ``"bicubic"`` or ``"lanczos3"``, antialiased as Pillow's filters are.
    output
        ``"dct"`` channels or ``"rgb"`` pixels of the same window: the inverse DCT of the resampled coefficients,
        clamped to 0..255, rounded if integers.
    layout
        Order in memory: ``"channels_first"`` or ``"channels_last"``; the tensor's shape stays the same.
    upright
        Apply the EXIF orientation. If not, windows are in pixels of the picture as stored.
    max_pixels
        A larger picture is an error, found in its header before anything is allocated.

    Raises
    ------
    ValueError
        ``size`` is not a multiple of 8, the channels are unknown, ``normalize`` does not fit them, or a name is
        not one of those above.

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
        dtype: object = None,
        num_threads: int | None = None,
        on_error: ErrorPolicy = "raise",
        chroma_size: int | tuple[int, int] | None = None,
        filter: Filter = "triangle",
        output: Literal["dct", "rgb"] = "dct",
        layout: Literal["channels_first", "channels_last"] = "channels_first",
        upright: bool = True,
        max_pixels: int = DEFAULT_MAX_PIXELS,
    ) -> None:
        self.size = _native.checked_size(size)
        self.channels = resolve(channels)
        self.window: Rule = _Fixed(window) if isinstance(window, Window) else window or Resize()
        self.on_error = _native.checked_choice(on_error, ("raise", "skip", "mask"), name="on_error")
        self.output = _native.checked_choice(output, _native.OUTPUTS, name="output")
        self.dtype = _native.checked_dtype(dtype, output=output, normalised=normalize is not None)
        self.chroma_size = None
        if chroma_size is not None:
            if output == "rgb":
                raise ValueError("RGB pixels have no chroma grid of their own; leave chroma_size out")
            self.chroma_size = _native.checked_size(chroma_size, name="chroma_size")
        if num_threads is not None and num_threads < 1:
            raise ValueError(f"num_threads must be at least 1, not {num_threads}")
        self.num_threads = num_threads or _C.num_available_cpus()
        num_channels = 3 if output == "rgb" else self.channels.num_channels
        self.normalize = None if normalize is None else _native.checked_statistics(normalize, num_channels)
        self.filter = _native.checked_choice(filter, list(FILTERS), name="filter")
        self.layout = _native.checked_choice(layout, _native.LAYOUTS, name="layout")
        self.upright, self.max_pixels = upright, max_pixels
        self.__setstate__({})

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name not in ("_memory", "_assembly")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._memory = Memory(self.dtype, self.layout)
        self._assembly = _native.native_assembly(
            self.size,
            channels=self.channels,
            chroma_size=self.chroma_size,
            normalize=self.normalize,
            filter=self.filter,
            output=self.output,
            dtype=self.dtype,
            layout=self.layout,
        )

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of one decoded picture: (C, H/8, W/8), the channels of Y alone with ``chroma_size``; RGB (3, H, W)."""
        if self.output == "rgb":
            return 3, *self.size
        count = self.channels.num_channels if self.chroma_size is None else self.channels.counts[0]
        return count, self.size[0] // 8, self.size[1] // 8

    @property
    def chroma_shape(self) -> tuple[int, int, int] | None:
        """Shape (Ccb + Ccr, h/8, w/8) of the chroma of one picture, with ``chroma_size``."""
        if self.chroma_size is None:
            return None
        return sum(self.channels.counts[1:]), self.chroma_size[0] // 8, self.chroma_size[1] // 8

    def __call__(
        self,
        sources: Sequence[Picture],
        *,
        windows: Sequence[Window | Rule] | None = None,
        out: torch.Tensor | None = None,
        out_chroma: torch.Tensor | None = None,
    ) -> Batch:
        """Decode a sequence of sources into one `Batch`.

        Parameters
        ----------
        sources
            Paths, buffers, or images already read.
        windows
            One window, or rule, for each source, instead of the decoder's.
        out
            A CPU tensor [N, …] to fill, pinned perhaps, of the decoder's dtype and layout. Otherwise the decoder
            uses the memory of batches again that were dropped.
        out_chroma
            The same for the second tensor of a decoder with ``chroma_size``.

        Raises
        ------
        JpegError
            A source is bad and the policy is ``"raise"``.
        TypeError, ValueError
            ``sources`` is a single source, ``windows`` has another length, a window lies outside its picture, or
            ``out`` or ``out_chroma`` does not fit.
        """
        if isinstance(sources, str | bytes | bytearray | memoryview | JpegImage | Planes):
            raise TypeError("sources is a sequence of sources; put a single one into a list")
        if windows is not None and len(windows) != len(sources):
            raise ValueError(f"{len(windows)} windows for {len(sources)} sources; give one for each")
        count, memory = len(sources), self._memory
        if out is None:
            tensor = memory.take(count, self.shape)
        else:
            tensor = memory.check(out, (count, *self.shape), name="out")
        chroma = self._chroma(count, out_chroma)
        jobs, errors = self._prepare(sources, windows)
        errors |= self._run(jobs, tensor, chroma)
        return self._settle(tensor, chroma, dict(sorted(errors.items())))

    def _chroma(self, count: int, out: torch.Tensor | None) -> torch.Tensor | None:
        if out is None:
            return self.empty_chroma(count)
        if self.chroma_shape is None:
            raise ValueError("out_chroma is for decoders with chroma_size; this one gives one tensor")
        return self._memory.check(out, (count, *self.chroma_shape), name="out_chroma")

    def _prepare(
        self, sources: Sequence[Picture], windows: Sequence[Window | Rule] | None
    ) -> tuple[list[_Job], dict[int, JpegError]]:
        jobs: list[_Job] = []
        errors: dict[int, JpegError] = {}
        for index, source in enumerate(sources):
            try:
                jobs.append(self._job(index, source, None if windows is None else windows[index]))
            except JpegError as error:
                if self.on_error == "raise":
                    raise
                errors[index] = error
        return jobs, errors

    def _job(self, index: int, source: Picture, window: Window | Rule | None) -> _Job:
        native, (height, width) = self._open(source)
        rule, name = window or self.window, picture_name(source)
        chosen = (rule if isinstance(rule, Window) else rule(height, width)).clipped(height, width)
        if chosen.reaches_beyond(height, width):
            native, chosen = self._pad(native, (height, width), chosen, name)
        return _Job(index, name, native, chosen)

    def _pad(self, native: Any, size: tuple[int, int], window: Window, name: str) -> tuple[Any, Window]:
        x1, y1, x2, y2 = window.box
        if max((x2 - x1) * (y2 - y1), size[0] * size[1]) > self.max_pixels:
            raise JpegError(name, f"a padded window {window.box} of more than max_pixels={self.max_pixels}")
        try:
            rgb = decode_rgb(native, size, upright=self.upright, max_pixels=self.max_pixels)
        except _C.JpegError as error:
            raise JpegError(name, str(error)) from None
        return padded_picture(rgb, window)

    def _open(self, source: Picture) -> tuple[Any, tuple[int, int]]:
        return open_source(source, upright=self.upright, max_pixels=self.max_pixels)

    def _run(self, jobs: list[_Job], tensor: Any, chroma: Any | None) -> dict[int, JpegError]:
        causes = self._decode(
            jobs, tensor.data_ptr(), 0 if chroma is None else chroma.data_ptr(), self.num_threads
        )
        errors = {
            job.row: JpegError(job.name, cause)
            for job, cause in zip(jobs, causes, strict=True)
            if cause is not None
        }
        if errors and self.on_error == "raise":
            raise errors[min(errors)]
        return errors

    def _decode(self, jobs: list[_Job], tensor: int, chroma: int, num_threads: int) -> list[str | None]:
        return _C.decode(
            self._assembly,
            [job.source for job in jobs],
            _native.native_windows([job.window for job in jobs]),
            rows=[job.row for job in jobs],
            tensor=tensor,
            chroma=chroma,
            num_threads=num_threads,
            max_pixels=self.max_pixels,
            upright=self.upright,
        )

    def _settle(
        self, tensor: torch.Tensor, chroma: torch.Tensor | None, errors: dict[int, JpegError]
    ) -> Batch:
        if not errors:
            return Batch(tensor, tuple(range(len(tensor))), {}, chroma)
        if self.on_error == "mask":
            for part in (tensor, chroma):
                if part is not None:
                    part[list(errors)] = 0
            return Batch(tensor, tuple(range(len(tensor))), errors, chroma)
        kept = [index for index in range(len(tensor)) if index not in errors]
        return Batch(tensor[kept], tuple(kept), errors, None if chroma is None else chroma[kept])

    def empty(self, count: int, *, pinned: bool = False) -> torch.Tensor:
        """A tensor for ``count`` pictures, to be given as ``out``; pinned for copies to CUDA devices."""
        return (self._memory.pinned if pinned else self._memory.take)(count, self.shape)

    def empty_chroma(self, count: int, *, pinned: bool = False) -> torch.Tensor | None:
        """The same to be given as ``out_chroma``; None without ``chroma_size``."""
        if self.chroma_shape is None:
            return None
        return (self._memory.pinned if pinned else self._memory.take)(count, self.chroma_shape)

    def decode(self, source: Picture, *, window: Window | None = None) -> NDArray[Any]:
        """Decode one picture into an array: [C, H/8, W/8] or RGB [3, H, W]. Needs numpy only.

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
            The window lies outside the picture, or the decoder's result is more than an array can hold: bfloat16,
            or chroma on a grid of its own.
        """
        if self.dtype == "bfloat16" or self.chroma_size is not None:
            raise ValueError(
                "one array holds neither bfloat16 nor two grids; call the decoder: decoder([source])"
            )
        channels, height, width = self.shape
        last = self.layout == "channels_last"
        array = np.empty((height, width, channels) if last else self.shape, dtype=self.dtype)
        job = self._job(0, source, window)
        [cause] = self._decode([job], array.ctypes.data, 0, 1)
        if cause is not None:
            raise JpegError(job.name, cause)
        return np.moveaxis(array, 2, 0) if last else array

    def from_pixels(self, rgb: NDArray[np.uint8], *, window: Window | None = None) -> NDArray[Any]:
        """The same as `decode`, from RGB pixels uint8 [H, W, 3]."""
        return self.decode(planes_from_pixels(rgb), window=window)


@dataclass(frozen=True)
class _Fixed:
    """The rule that is one window for every picture."""

    window: Window

    def __call__(self, height: int, width: int) -> Window:
        return self.window
