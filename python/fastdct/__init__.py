"""JPEG files read straight into DCT coefficients, for training and retrieval."""

from fastdct._C import __version__

__all__ = ["__version__"]
