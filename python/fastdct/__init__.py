"""JPEG files read straight into DCT coefficients, for training and retrieval."""

from fastdct._C import __version__
from fastdct.jpeg import JpegComponent, JpegError, JpegHeader, JpegImage, probe, read

__all__ = [
    "JpegComponent",
    "JpegError",
    "JpegHeader",
    "JpegImage",
    "__version__",
    "probe",
    "read",
]


def __dir__() -> list[str]:
    return __all__
