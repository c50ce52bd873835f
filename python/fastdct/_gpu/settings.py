"""What one call wants, and the memory that it may take."""

from __future__ import annotations

from dataclasses import dataclass

from fastdct import _C

Notes = dict[int, tuple[_C.JpegHeader, list[str]]]
"""Position of a source → its header and warnings."""


@dataclass(frozen=True)
class Options:
    """What is wanted of files."""

    max_pixels: int
    num_threads: int
    num_frequencies: int = 64
    luma_only: bool = False


@dataclass(frozen=True)
class Budget:
    """Memory that a process works in, bytes, besides results: two arenas on the host, page-locked, the rest on the device.

    A picture that alone needs more gets it, while it is in work; ``max_pixels`` bounds that.

    Attributes
    ----------
    arena
        What goes to the device at once; there are two, on either side.
    coefficients
        Blocks of what is in work. `read_batch` keeps them: they are its result.
    scratch
        Of entropy decoding, then of resampling.
    """

    arena: int = 64 << 20
    coefficients: int = 512 << 20
    scratch: int = 1 << 30
