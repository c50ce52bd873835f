"""JPEG files read straight into DCT coefficients, for training and retrieval.

>>> image = fastdct.read("photo.jpg")  # doctest: +SKIP
>>> batch = fastdct.Decoder(448, channels=64)(["a.jpg", "b.jpg"])  # doctest: +SKIP
"""

from fastdct import frequencies, geometry
from fastdct._C import __version__
from fastdct.batch import CoefficientBatch, read_batch
from fastdct.decoder import Batch, Decoder
from fastdct.frequencies import ChannelSelection
from fastdct.geometry import Window
from fastdct.jpeg import JpegComponent, JpegError, JpegHeader, JpegImage, probe, read, write
from fastdct.pixels import read_pixels

__all__ = [
    "Batch",
    "ChannelSelection",
    "CoefficientBatch",
    "Decoder",
    "JpegComponent",
    "JpegError",
    "JpegHeader",
    "JpegImage",
    "Window",
    "__version__",
    "frequencies",
    "geometry",
    "probe",
    "read",
    "read_batch",
    "read_pixels",
    "write",
]


def __dir__() -> list[str]:
    return __all__
