"""Kernels as plain functions: numpy arrays or tensors in, dataclasses out."""

from fastdct.ops.match import Matches, match
from fastdct.ops.ransac import RansacResult, ransac

__all__ = ["Matches", "RansacResult", "match", "ransac"]


def __dir__() -> list[str]:
    return __all__
