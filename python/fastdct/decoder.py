"""The decoder: JPEG sources to one tensor of DCT coefficients that a model takes."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastdct import _C, _native
from fastdct._decoded import Batch, settled
from fastdct._devices import EntropyDevice, checked_device
from fastdct._extras import require
from fastdct._host import Host, Work, decode_on_host
from fastdct._jobs import FixedWindow, Job, JobMaker
from fastdct._pictures import Picture, planes_from_pixels
from fastdct.frequencies import ChannelSelection, resolve
from fastdct.geometry import Resize, Rule, Window
from fastdct.jpeg import DEFAULT_MAX_PIXELS, JpegError, JpegImage
from fastdct.reference.axis import FILTERS, Filter
from fastdct.reference.transform import Planes

__all__ = ["Batch", "Decoder", "ErrorPolicy", "Picture"]

if TYPE_CHECKING:
    import torch

    from fastdct._gpu.device import Device

ErrorPolicy = Literal["raise", "skip", "mask"]


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
    device
        ``"cuda"``, or one such device: tensors are there, made on its current stream. The host waits for it at most
        once a batch, to hear which files it could not decode, and then decodes those.
    entropy_device
        With a CUDA device, where Huffman codes are decoded: ``"cuda"`` as far as the device can (baseline files in
        order), ``"cpu"``, whose coefficients are packed and sent, or ``"auto"``: whichever is faster, found on the
        first batches of 32 files or more. Results do not depend on it.

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
        device: torch.device | str = "cpu",
        entropy_device: EntropyDevice = "auto",
    ) -> None:
        self.size = _native.checked_size(size)
        self.channels = resolve(channels)
        self.window: Rule = FixedWindow(window) if isinstance(window, Window) else window or Resize()
        self.on_error = _native.checked_choice(on_error, ("raise", "skip", "mask"), name="on_error")
        self.output = _native.checked_choice(output, _native.OUTPUTS, name="output")
        self.dtype = _native.checked_dtype(dtype, output=output, normalised=normalize is not None)
        self.chroma_size = None
        if chroma_size is not None:
            if output == "rgb":
                raise ValueError("RGB pixels have no chroma grid of their own; leave chroma_size out")
            if not sum(self.channels.counts[1:]):
                raise ValueError("the channels have no chroma for a grid of its own; leave chroma_size out")
            self.chroma_size = _native.checked_size(chroma_size, name="chroma_size")
        if num_threads is not None and num_threads < 1:
            raise ValueError(f"num_threads must be at least 1, not {num_threads}")
        self.num_threads = num_threads or _C.num_available_cpus()
        num_channels = 3 if output == "rgb" else self.channels.num_channels
        self.normalize = None if normalize is None else _native.checked_statistics(normalize, num_channels)
        self.filter = _native.checked_choice(filter, list(FILTERS), name="filter")
        self.layout = _native.checked_choice(layout, _native.LAYOUTS, name="layout")
        self.upright, self.max_pixels = upright, max_pixels
        self.device, self.entropy_device = checked_device(device, entropy_device), entropy_device
        self.__setstate__({})

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name not in ("_place", "_assembly")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._place: Host | Device = self._place_of_tensors()
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

    def _place_of_tensors(self) -> Host | Device:
        if self.device == "cpu":
            return Host(self.dtype, self.layout)
        require("torch", extra="torch")
        from fastdct._gpu.device import device_of

        return device_of(self.device, dtype=self.dtype, layout=self.layout, entropy=self.entropy_device)

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
            A tensor [N, …] to fill on the decoder's device, of its dtype and layout; on the CPU, pinned perhaps.
            Otherwise the decoder uses memory of batches again that were dropped, on a device by torch's allocator.
        out_chroma
            The same for the second tensor of a decoder with ``chroma_size``.

        Raises
        ------
        JpegError
            A source is bad and the policy is ``"raise"``.
        TypeError, ValueError
            ``sources`` is a single source, ``windows`` has another length, a window lies outside its picture, or
            ``out`` or ``out_chroma`` does not fit.
        RuntimeError
            There is no such device, or fastdct was built without CUDA.
        """
        if isinstance(sources, str | bytes | bytearray | memoryview | JpegImage | Planes):
            raise TypeError("sources is a sequence of sources; put a single one into a list")
        if windows is not None and len(windows) != len(sources):
            raise ValueError(f"{len(windows)} windows for {len(sources)} sources; give one for each")
        count, place = len(sources), self._place
        if out is None:
            tensor = place.take(count, self.shape)
        else:
            tensor = place.check(out, (count, *self.shape), name="out")
        chroma = self._chroma(count, out_chroma)
        jobs, errors = self._job_maker().jobs(sources, windows, stop_at_error=self.on_error == "raise")
        errors |= self._run(jobs, tensor, chroma)
        return settled(tensor, chroma, dict(sorted(errors.items())), masked=self.on_error == "mask")

    def _chroma(self, count: int, out: torch.Tensor | None) -> torch.Tensor | None:
        if out is None:
            return self.empty_chroma(count)
        if self.chroma_shape is None:
            raise ValueError("out_chroma is for decoders with chroma_size; this one gives one tensor")
        return self._place.check(out, (count, *self.chroma_shape), name="out_chroma")

    def _job_maker(self) -> JobMaker:
        return JobMaker(self.window, self.upright, self.max_pixels)

    def _work(self, jobs: list[Job]) -> Work:
        return Work(
            self._assembly,
            [job.source for job in jobs],
            _native.native_windows([job.window for job in jobs]),
            np.array([job.row for job in jobs], dtype=np.int64),
            self.upright,
            self.max_pixels,
            self.num_threads,
        )

    def _run(
        self, jobs: list[Job], tensor: torch.Tensor, chroma: torch.Tensor | None
    ) -> dict[int, JpegError]:
        causes = zip(jobs, self._place.decode(self._work(jobs), tensor, chroma), strict=True)
        errors = {job.row: JpegError(job.name, cause) for job, cause in causes if cause is not None}
        if errors and self.on_error == "raise":
            raise errors[min(errors)]
        return errors

    def on(self, device: torch.device | str) -> Decoder:
        """The same decoder with its tensors on another device; raises as the constructor does."""
        other = copy.copy(self)
        other.__setstate__({"device": checked_device(device, self.entropy_device)})
        return other

    def empty(self, count: int, *, pinned: bool = False) -> torch.Tensor:
        """A tensor for ``count`` pictures, to be given as ``out``; pinned for copies to CUDA devices."""
        return (self._place.pinned if pinned else self._place.take)(count, self.shape)

    def empty_chroma(self, count: int, *, pinned: bool = False) -> torch.Tensor | None:
        """The same to be given as ``out_chroma``; None without ``chroma_size``."""
        if self.chroma_shape is None:
            return None
        return (self._place.pinned if pinned else self._place.take)(count, self.chroma_shape)

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
            chroma on a grid of its own, or a tensor on a device.
        """
        if self.dtype == "bfloat16" or self.chroma_size is not None or self.device != "cpu":
            raise ValueError(
                "one array holds neither bfloat16 nor two grids, and is on no device; "
                "call the decoder: decoder([source])"
            )
        channels, height, width = self.shape
        last = self.layout == "channels_last"
        array = np.empty((height, width, channels) if last else self.shape, dtype=self.dtype)
        job = self._job_maker().job(0, source, window)
        [cause] = decode_on_host(self._work([job]), array.ctypes.data, 0)
        if cause is not None:
            raise JpegError(job.name, cause)
        return np.moveaxis(array, 2, 0) if last else array

    def from_pixels(self, rgb: NDArray[np.uint8], *, window: Window | None = None) -> NDArray[Any]:
        """The same as `decode`, from RGB pixels uint8 [H, W, 3]."""
        return self.decode(planes_from_pixels(rgb), window=window)
