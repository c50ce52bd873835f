"""Windows: which part of a picture becomes a model's input, and of what size.

Coordinates are pixels of the upright picture (EXIF orientation applied), x to the right, y down; pixel ``i``
covers ``[i, i + 1)``. A rule is any callable ``rule(height, width) -> Window``; it knows only the header. Those here
have torchvision's names, arguments and distributions, and compose as torchvision's do.

>>> rule = Compose([Resize(256), CenterCrop(224)])
>>> rule(512, 1024).box
(288.0, 32.0, 736.0, 480.0)
"""

from fastdct.geometry.crops import CenterCrop, FiveCrop, Resize, ScalePyramid
from fastdct.geometry.samplers import RandomCrop, RandomHorizontalFlip, RandomResizedCrop
from fastdct.geometry.transform import Compose, Transform, View
from fastdct.geometry.window import Box, Rule, Window, fit_size

__all__ = [
    "Box",
    "CenterCrop",
    "Compose",
    "FiveCrop",
    "RandomCrop",
    "RandomHorizontalFlip",
    "RandomResizedCrop",
    "Resize",
    "Rule",
    "ScalePyramid",
    "Transform",
    "View",
    "Window",
    "fit_size",
]


def __dir__() -> list[str]:
    return __all__
