"""What a decoder gives: a batch, and the memory that it lies in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, cast

from fastdct import _C
from fastdct._errors import JpegError
from fastdct._extras import require

if TYPE_CHECKING:
    import torch

Shape = tuple[int, int, int]


@dataclass(frozen=True, repr=False)
class Batch:
    """What a decoder makes of many sources.

    Attributes
    ----------
    tensor
        [N, C, H/8, W/8]; RGB [N, 3, H, W].
    indices
        For each row of ``tensor`` the position of its source among the sources.
    errors
        Position of a source that failed → its error. Its row is absent under ``"skip"``, zero under ``"mask"``.
    chroma
        With ``chroma_size``: the channels of Cb and Cr, [N, Ccb + Ccr, h/8, w/8]; ``tensor`` then has those of Y.
    """

    tensor: torch.Tensor
    indices: tuple[int, ...]
    errors: dict[int, JpegError] = field(default_factory=dict)
    chroma: torch.Tensor | None = None

    def __repr__(self) -> str:
        chroma = "" if self.chroma is None else f", chroma={shape_of(self.chroma)}"
        counts = f"indices={len(self.indices)}, errors={len(self.errors)}"
        return f"Batch(tensor={shape_of(self.tensor)}{chroma}, {counts})"


def settled(
    tensor: torch.Tensor, chroma: torch.Tensor | None, errors: dict[int, JpegError], *, masked: bool
) -> Batch:
    """The batch of tensors of which rows could not be filled: these become zero if ``masked``, else they are left out."""
    if not errors:
        return Batch(tensor, tuple(range(len(tensor))), {}, chroma)
    if masked:
        for part in (tensor, chroma):
            if part is not None:
                part[list(errors)] = 0
        return Batch(tensor, tuple(range(len(tensor))), errors, chroma)
    kept = [index for index in range(len(tensor)) if index not in errors]
    return Batch(tensor[kept], tuple(kept), errors, None if chroma is None else chroma[kept])


def shape_of(tensor: torch.Tensor) -> str:
    """Type and shape of a tensor, for people."""
    return f"{str(tensor.dtype).removeprefix('torch.')} {list(tensor.shape)}"


@dataclass(frozen=True)
class Memory:
    """Tensors of one element type and order in memory; those that were dropped are used again.

    Attributes
    ----------
    dtype
        Name of the element type.
    layout
        ``"channels_first"`` or ``"channels_last"``.
    """

    dtype: str
    layout: str
    pool: _C.MemoryPool = field(default_factory=_C.MemoryPool)

    def take(self, count: int, shape: Shape) -> torch.Tensor:
        """A tensor [count, *shape] over pooled memory, which comes back to the pool when the tensor is dropped."""
        library = require("torch", extra="torch")
        dtype = getattr(library, self.dtype)
        if count == 0:
            return cast("torch.Tensor", library.empty((0, *shape), dtype=dtype))
        flat = library.frombuffer(self.pool.take(count * math.prod(shape) * dtype.itemsize), dtype=dtype)
        channels, height, width = shape
        if self.layout == "channels_last":
            return cast("torch.Tensor", flat.view(count, height, width, channels).permute(0, 3, 1, 2))
        return cast("torch.Tensor", flat.view(count, *shape))

    def pinned(self, count: int, shape: Shape) -> torch.Tensor:
        """The same in page-locked memory, for copies to CUDA devices."""
        library = require("torch", extra="torch")
        order = library.channels_last if self.layout == "channels_last" else library.contiguous_format
        dtype = getattr(library, self.dtype)
        tensor = library.empty((count, *shape), dtype=dtype, memory_format=order, pin_memory=True)
        return cast("torch.Tensor", tensor)

    def check(self, out: torch.Tensor, shape: Sequence[int], *, name: str) -> torch.Tensor:
        """``out``, if a batch of ``shape`` can be written into it; see `checked_out`."""
        form = Form(self.dtype, self.layout, "cpu")
        return checked_out(out, form, shape, name=name)


class Form(NamedTuple):
    """How tensors are: the name of their element type, their order in memory, their device."""

    dtype: str
    layout: str
    device: torch.device | str


def checked_out(out: torch.Tensor, form: Form, shape: Sequence[int], *, name: str) -> torch.Tensor:
    """``out``, if a batch of ``shape`` can be written into it; ``name`` is what messages call it.

    Raises
    ------
    ValueError
        It has another shape, type, order or device.
    """
    wanted = f"{form.dtype} {list(shape)}"
    ordered = out if form.layout == "channels_first" or out.ndim != 4 else out.permute(0, 2, 3, 1)
    if shape_of(out) != wanted or str(out.device) != str(form.device) or not ordered.is_contiguous():
        given = f"{shape_of(out)} on {out.device}, strides {out.stride()}"
        place = "the CPU" if str(form.device) == "cpu" else form.device
        raise ValueError(f"{name} is {given}; it must be {wanted}, contiguous {form.layout}, on {place}")
    return out
