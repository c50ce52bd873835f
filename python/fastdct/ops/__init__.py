"""Kernels as plain functions: numpy arrays or tensors in, dataclasses out."""

from fastdct.ops.channels import blocks_to_channels, channels_to_blocks
from fastdct.ops.match import Matches, match
from fastdct.ops.ransac import RansacResult, ransac

__all__ = ["Matches", "RansacResult", "blocks_to_channels", "channels_to_blocks", "match", "ransac"]


def __dir__() -> list[str]:
    return __all__
