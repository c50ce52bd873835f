"""A JPEG image as coefficients, and what makes one consistent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fastdct._errors import JpegError

MAX_DIMENSION = 65500
"""Pixels along one side that libjpeg reads and writes."""

_SUBSAMPLING_NAMES = {
    (1, 1): "4:4:4",
    (2, 1): "4:2:2",
    (1, 2): "4:4:0",
    (2, 2): "4:2:0",
    (4, 1): "4:1:1",
    (4, 2): "4:1:0",
}

_NUM_COMPONENTS = {
    "grayscale": 1,
    "YCbCr": 3,
    "RGB": 3,
    "CMYK": 4,
    "YCCK": 4,
    "unknown": 2,  # any other number of components is read as one of the above
}


@dataclass(frozen=True)
class JpegHeader:
    """What a JPEG file says before its first scan.

    Attributes
    ----------
    height, width : int
        Pixels as stored, before ``orientation`` is applied.
    subsampling : str
        ``"4:4:4"``, ``"4:2:2"``, ``"4:4:0"``, ``"4:2:0"``, ``"4:1:1"``, ``"4:1:0"``, ``"4:0:0"`` for one component,
        else ``"custom"``.
    color_space : str
        Of the components: ``"YCbCr"``, ``"grayscale"``, ``"RGB"``, ``"CMYK"``, ``"YCCK"`` or ``"unknown"``,
        guessed as libjpeg does (Adobe transform, JFIF, component identifiers).
    process : str
        ``"baseline"``, ``"extended"``, ``"progressive"``, ``"arithmetic"`` or ``"progressive arithmetic"``.
    sampling : tuple of (int, int)
        Horizontal and vertical sampling factor of each component, 1..4.
    restart_interval : int
        MCUs between restart markers, 0 for none.
    orientation : int
        EXIF orientation 1..8; 1 when the file says none.
    """

    height: int
    width: int
    subsampling: str
    color_space: str
    process: str
    sampling: tuple[tuple[int, int], ...]
    restart_interval: int
    orientation: int


@dataclass(frozen=True, eq=False, repr=False)
class JpegComponent:
    """One colour component: its quantised coefficients and what they are multiples of.

    Attributes
    ----------
    coefficients : int16 array [Hb, Wb, 8, 8]
        Natural order: vertical frequency, then horizontal. The array belongs to the image and may be written to.
    quantization : uint16 array [8, 8]
        Step of each frequency, natural order, 1..65535 (0 only in files that break T.81, B.2.4.1).
    sampling : (int, int)
        Horizontal and vertical sampling factor, 1..4.
    """

    coefficients: npt.NDArray[np.int16]
    quantization: npt.NDArray[np.uint16]
    sampling: tuple[int, int]

    def __repr__(self) -> str:
        h, v = self.sampling
        shape = list(np.shape(self.coefficients))
        return f"JpegComponent(coefficients={shape}, sampling={h}x{v})"


@dataclass(frozen=True, eq=False, repr=False)
class JpegImage:
    """A JPEG file as coefficients: `read` makes one, and so may you; `write` checks every field.

    Attributes
    ----------
    height, width, subsampling, color_space, orientation
        As in `JpegHeader`.
    components : tuple of JpegComponent
    warnings : tuple of str
        ``"note: ..."`` where the file is odd but nothing is lost; ``"damaged: ..."`` (only with ``recover=True``)
        where coefficients are missing or may be wrong.
    """

    height: int
    width: int
    subsampling: str
    color_space: str
    orientation: int
    components: tuple[JpegComponent, ...]
    warnings: tuple[str, ...] = ()

    def __repr__(self) -> str:
        shapes = ", ".join(str(list(np.shape(c.coefficients))) for c in self.components)
        facts = f"{self.height}x{self.width}, {self.subsampling}, {self.color_space}, orientation={self.orientation}"
        warnings = f", warnings={len(self.warnings)}" if self.warnings else ""
        return f"JpegImage({facts}, components=[{shapes}]{warnings})"


def subsampling_name(sampling: tuple[tuple[int, int], ...]) -> str:
    """Name the sampling factors (h, v) of all components, as in `JpegHeader.subsampling`."""
    if len(sampling) == 1:
        return "4:0:0"
    if len(sampling) not in (3, 4) or sampling[1] != sampling[2] or sampling[3:] not in ((), sampling[:1]):
        return "custom"
    (luma_h, luma_v), (chroma_h, chroma_v) = sampling[:2]
    if luma_h % chroma_h or luma_v % chroma_v:
        return "custom"
    return _SUBSAMPLING_NAMES.get((luma_h // chroma_h, luma_v // chroma_v), "custom")


def block_grid(image: JpegImage, component: JpegComponent) -> tuple[int, int]:
    """Rows and columns of blocks that the component must have (T.81, A.1.1)."""
    max_h = max(c.sampling[0] for c in image.components)
    max_v = max(c.sampling[1] for c in image.components)
    h, v = component.sampling
    return -(-image.height * v // (max_v * 8)), -(-image.width * h // (max_h * 8))


def check_image(image: JpegImage, name: str) -> None:
    """Raise JpegError, naming ``name`` and the first field that is wrong, unless the image can be written."""
    for cause in _faults(image):
        raise JpegError(name, cause)


def _faults(image: JpegImage) -> Iterator[str]:
    for side in ("height", "width"):
        if not _is_int(getattr(image, side), 1, MAX_DIMENSION):
            yield f"{side} must be 1..{MAX_DIMENSION}, not {getattr(image, side)!r}"
    if image.color_space not in _NUM_COMPONENTS:
        yield f"color_space must be one of {', '.join(_NUM_COMPONENTS)}, not {image.color_space!r}"
    num_components = _NUM_COMPONENTS[image.color_space]
    if len(image.components) != num_components:
        yield f"{image.color_space} has {num_components} component(s), not {len(image.components)}"
    if not _is_int(image.orientation, 1, 8):
        yield f"orientation must be 1..8, not {image.orientation!r}"
    for index, component in enumerate(image.components):
        if not _is_sampling(component.sampling):
            yield f"component {index}: sampling must be two factors of 1..4, not {component.sampling!r}"
    name = subsampling_name(tuple(component.sampling for component in image.components))
    if image.subsampling != name:
        yield f"subsampling is {image.subsampling!r}, but the components' sampling factors are those of {name!r}"
    for index, component in enumerate(image.components):
        grid = block_grid(image, component)
        yield from (f"component {index}: {fault}" for fault in _component_faults(component, grid))


def _component_faults(component: JpegComponent, grid: tuple[int, int]) -> Iterator[str]:
    yield from _array_faults("coefficients", component.coefficients, np.int16, (*grid, 8, 8))
    yield from _array_faults("quantization", component.quantization, np.uint16, (8, 8))
    if not component.quantization.all():
        yield "quantization steps must be 1..65535, and one is 0"


def _array_faults(name: str, array: Any, dtype: type, shape: tuple[int, ...]) -> Iterator[str]:
    wanted = f"{name} must be a numpy array of {np.dtype(dtype)} and shape {list(shape)}"
    if not isinstance(array, np.ndarray):
        yield f"{wanted}, not {type(array).__name__}"
    if array.dtype != dtype or array.shape != shape:
        yield f"{wanted}, not of {array.dtype} and {list(array.shape)}"


def _is_int(value: object, low: int, high: int) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        return False
    return low <= int(value) <= high


def _is_sampling(value: object) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and all(_is_int(factor, 1, 4) for factor in value)
