"""What the C++ core takes: pictures as views of arrays, and settings checked in words for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastdct import _C
from fastdct.frequencies import ChannelSelection
from fastdct.geometry import Window
from fastdct.reference.transform import Planes

Float64 = NDArray[np.float64]
Size = tuple[int, int]
Statistics = tuple[Float64, Float64]

DTYPES = ("float32", "bfloat16", "float16", "int16", "uint8")
OUTPUTS = ("dct", "rgb")
LAYOUTS = ("channels_first", "channels_last")


def native_picture(picture: Planes, *, upright: bool) -> _C.Picture:
    """A view of the planes, which keeps their arrays alive; floating-point blocks become float32."""
    return _C.Picture(
        height=picture.height,
        width=picture.width,
        orientation=picture.orientation if upright else 1,
        colors=picture.color_space,
        planes=[
            (
                _native_blocks(plane.blocks),
                plane.quantization.astype(np.float32).ravel().tolist(),
                plane.subsampling[0].as_integer_ratio(),
                plane.subsampling[1].as_integer_ratio(),
            )
            for plane in picture.planes
        ],
    )


def _native_blocks(blocks: NDArray[Any]) -> NDArray[np.int16] | NDArray[np.float32]:
    if blocks.dtype == np.int16:
        return np.ascontiguousarray(blocks, dtype=np.int16)
    return np.ascontiguousarray(blocks, dtype=np.float32)


def native_windows(windows: Sequence[Window]) -> Float64:
    """Rows (x1, y1, x2, y2, flip), float64 [N, 5]."""
    rows = [(*window.box, window.flip) for window in windows]
    return np.array(rows, dtype=np.float64).reshape(-1, 5)


def checked_size(size: int | Size, *, name: str = "size") -> Size:
    """(height, width) of a side or a pair.

    Raises
    ------
    ValueError
        A side is not a positive multiple of 8.
    """
    height, width = (size, size) if isinstance(size, int) else size
    if height <= 0 or width <= 0 or height % 8 or width % 8:
        raise ValueError(
            f"{name} {size} does not hold whole 8×8 blocks; sides must be positive multiples of 8"
        )
    return height, width


def checked_choice(value: str, choices: Sequence[str], *, name: str) -> str:
    """``value`` if it is one of the choices.

    Raises
    ------
    ValueError
        It is not.
    """
    if value not in choices:
        raise ValueError(f"{name} is one of {', '.join(choices)}, not {value!r}")
    return value


def checked_dtype(dtype: object, *, output: str, normalised: bool) -> str:
    """Name of the element type meant by a name, a torch dtype or a numpy one; None is the output's own.

    Raises
    ------
    ValueError
        No output has such elements, or integers were asked for and normalisation as well.
    """
    if dtype is None:
        return "uint8" if output == "rgb" and not normalised else "float32"
    name = str(np.dtype(dtype)) if isinstance(dtype, type) else str(dtype).removeprefix("torch.")
    accepted = [other for other in DTYPES if other != ("int16" if output == "rgb" else "uint8")]
    checked_choice(name, accepted, name=f'dtype of output="{output}"')
    if normalised and name in ("int16", "uint8"):
        raise ValueError(f"normalised values do not fit into {name}; ask for a floating-point dtype")
    return name


def checked_statistics(normalize: tuple[ArrayLike, ArrayLike], num_channels: int) -> Statistics:
    """Means and deviations of every channel, float64 [C] each.

    Raises
    ------
    ValueError
        Means or deviations are not finite, deviations not positive, or their number is not that of the channels.
    """
    mean, std = (np.asarray(part, dtype=np.float64) for part in normalize)
    for name, part in (("mean", mean), ("std", std)):
        if part.shape not in ((), (num_channels,)):
            raise ValueError(
                f"normalize: {name} has shape {list(part.shape)}; it must be a scalar or [{num_channels}]"
            )
    if not (np.isfinite(mean).all() and np.isfinite(std).all() and (std > 0).all()):
        raise ValueError("normalize: means must be finite and deviations positive and finite")
    return np.broadcast_to(mean, num_channels), np.broadcast_to(std, num_channels)


def native_assembly(
    size: Size,
    *,
    channels: ChannelSelection,
    chroma_size: Size | None,
    normalize: Statistics | None,
    filter: str,
    output: str,
    dtype: str,
    layout: str,
) -> _C.Assembly:
    """The settings of a decoder, all checked, as the core takes them; (value - mean) / std as scale · value + shift."""
    num_channels = 3 if output == "rgb" else channels.num_channels
    mean, std = normalize or (np.zeros(num_channels), np.ones(num_channels))
    return _C.Assembly(
        output=output,
        size=size,
        chroma_size=chroma_size,
        luma=list(channels.luma),
        cb=list(channels.cb),
        cr=list(channels.cr),
        scale=(1 / std).tolist(),
        shift=(-mean / std).tolist(),
        filter=filter,
        dtype=dtype,
        channels_last=layout == "channels_last",
    )
