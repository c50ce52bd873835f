"""Read, write and probe one JPEG file as quantised DCT coefficients. Needs numpy only.

Terms are those of ITU-T T.81. A block grid has ceil(component size / 8) blocks a side, where the component size
is ceil(image size * sampling factor / largest sampling factor); blocks that only fill up an MCU are not shown.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fastdct import _C
from fastdct._errors import JpegError
from fastdct._sources import Source, load, source_name

__all__ = [
    "DEFAULT_MAX_PIXELS",
    "JpegComponent",
    "JpegError",
    "JpegHeader",
    "JpegImage",
    "Source",
    "probe",
    "read",
]

DEFAULT_MAX_PIXELS = 178_956_970
"""Largest image that `read` accepts unasked: half a gigabyte of RGB, the size at which Pillow refuses too."""

_HEADER_BYTES = 1 << 16

_SUBSAMPLING_NAMES = {
    (1, 1): "4:4:4",
    (2, 1): "4:2:2",
    (1, 2): "4:4:0",
    (2, 2): "4:2:0",
    (4, 1): "4:1:1",
    (4, 2): "4:1:0",
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
        Step of each frequency, natural order, 1..65535.
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
    """A JPEG file as coefficients. `read` makes it, `write` takes it, and so may you: `write` checks every field.

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


def probe(source: Source, /) -> JpegHeader:
    """Read the header of a JPEG file, nothing of its scans.

    Parameters
    ----------
    source : path, bytes, bytearray, memoryview, or one-dimensional uint8 array or tensor

    Raises
    ------
    JpegError
        The source cannot be read, is not a JPEG, or is of a kind that `read` does not read.
    """
    name = source_name(source)
    if isinstance(source, str | os.PathLike):
        try:
            return _header(_C.probe_jpeg(load(source, limit=_HEADER_BYTES)))
        except _C.JpegError:
            pass  # the header may be longer than what was looked at: large EXIF, ICC
    try:
        return _header(_C.probe_jpeg(load(source)))
    except _C.JpegError as error:
        raise JpegError(name, str(error)) from None


def read(source: Source, /, *, recover: bool = False, max_pixels: int = DEFAULT_MAX_PIXELS) -> JpegImage:
    """Read the quantised DCT coefficients of a JPEG file, bit-exact to libjpeg-turbo's.

    8-bit Huffman and arithmetic coding, sequential and progressive, any sampling, up to ten components.

    Parameters
    ----------
    source : path, bytes, bytearray, memoryview, or one-dimensional uint8 array or tensor
    recover : bool
        Return what is left of a truncated or corrupt file, with ``warnings`` that begin with ``"damaged: "``,
        instead of raising. Blocks that were lost are zero.
    max_pixels : int
        Images with more pixels (height * width) are refused before memory is allocated for them.

    Raises
    ------
    JpegError
        The source cannot be read, is not a JPEG or not one of the kinds above, is larger than ``max_pixels``, or is
        damaged.
    """
    try:
        header, components, warnings = _C.read_jpeg(load(source), recover=recover, max_pixels=max_pixels)
    except _C.JpegError as error:
        raise JpegError(source_name(source), str(error)) from None
    facts = _header(header)
    return JpegImage(
        facts.height,
        facts.width,
        facts.subsampling,
        facts.color_space,
        facts.orientation,
        tuple(JpegComponent(*component) for component in components),
        tuple(warnings),
    )


def _header(header: _C.JpegHeader) -> JpegHeader:
    sampling = tuple(header.sampling)
    return JpegHeader(
        header.height,
        header.width,
        subsampling_name(sampling),
        header.color_space,
        header.process,
        sampling,
        header.restart_interval,
        header.orientation,
    )
