"""Read, write and probe one JPEG file as quantised DCT coefficients. Needs numpy only.

Terms are those of ITU-T T.81. A block grid has ceil(component size / 8) blocks a side, where the component size
is ceil(image size * sampling factor / largest sampling factor); blocks that only fill up an MCU are not shown.
"""

from __future__ import annotations

import os

from fastdct import _C
from fastdct._errors import JpegError
from fastdct._files import write_atomically
from fastdct._image import JpegComponent, JpegHeader, JpegImage, check_image, subsampling_name
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
    "write",
]

DEFAULT_MAX_PIXELS = 178_956_970
"""Largest image that `read` accepts unasked: half a gigabyte of RGB, the size at which Pillow refuses too."""

_HEADER_BYTES = 1 << 16


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


def read(
    source: Source, /, *, recover: bool = False, max_pixels: int = DEFAULT_MAX_PIXELS, num_threads: int = 1
) -> JpegImage:
    """Read the quantised DCT coefficients of a JPEG file, bit-exact to libjpeg-turbo's.

    8-bit Huffman and arithmetic coding, sequential and progressive, any sampling, up to four components.

    A file is damaged where coefficients are lost or are not those that were encoded: data that end early, codes that
    are in no table, lost restart markers, many bytes left over after a scan (or a few, with DC coefficients that no
    picture has), components or, without an end-of-image marker, refinements that never came. Oddities that cost
    nothing (garbage between segments, an unknown Adobe transform, ...) are notes in ``warnings``. Flipped bits that
    still make valid codes cannot be seen: JPEG has no checksum.

    Parameters
    ----------
    source : path, bytes, bytearray, memoryview, or one-dimensional uint8 array or tensor
    recover : bool
        Return what is left of a truncated or corrupt file, with ``warnings`` that begin with ``"damaged: "``,
        instead of raising. Blocks that were lost are zero.
    max_pixels : int
        Images with more pixels (height * width) are refused before memory is allocated for them.
    num_threads : int
        Threads, 1..1024, that share out a sequential file of more than 256 KB. Two take about two thirds of the
        time of one. They change nothing about the result.

    Raises
    ------
    JpegError
        The source cannot be read, is not a JPEG or not one of the kinds above, is larger than ``max_pixels``, or is
        damaged.
    """
    if max_pixels < 1:
        raise ValueError(f"max_pixels must be at least 1, not {max_pixels}")
    if not 1 <= num_threads <= 1024:
        raise ValueError(f"num_threads is 1..1024, not {num_threads!r}")
    try:
        header, components, warnings = _C.read_jpeg(
            load(source), recover=recover, max_pixels=max_pixels, num_threads=num_threads
        )
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


def write(image: JpegImage, path: str | os.PathLike[str] | None = None) -> bytes:
    """Encode coefficients as they are, and write them to ``path`` where one is given.

    Sequential Huffman coding with optimised tables, whatever the process of the file the image came from. Reading
    the result gives the same coefficients, tables, sampling, color space and orientation; other metadata (ICC, the
    rest of EXIF, comments) are not kept. A file is replaced as a whole or not at all.

    Parameters
    ----------
    image : JpegImage
        Quantization steps above 255 are written as 16-bit tables (extended sequential).
    path : path, optional

    Returns
    -------
    bytes
        The file.

    Raises
    ------
    JpegError
        The image is inconsistent, or JPEG cannot hold it: AC outside -1023..1023, steps of more than 2047 from one
        DC to the next. Or the file cannot be written.
    """
    name = "<image>" if path is None else source_name(path)
    check_image(image, name)
    components = [(c.coefficients, c.quantization, c.sampling) for c in image.components]
    try:
        data = _C.write_jpeg(image.height, image.width, image.color_space, image.orientation, components)
    except _C.JpegError as error:
        raise JpegError(name, str(error)) from None
    if path is not None:
        try:
            write_atomically(path, data)
        except OSError as error:
            raise JpegError(name, f"cannot be written: {error.strerror or error}") from error
    return data


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
