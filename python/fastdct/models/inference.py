"""Networks made ready to be run and no longer trained."""

from __future__ import annotations

import copy
from itertools import pairwise
from typing import TypeVar

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

_Module = TypeVar("_Module", bound=nn.Module)


def for_inference(model: _Module) -> _Module:
    """A copy in evaluation mode, with every batch norm folded into the convolution before it, channels last in memory.

    A batch norm that is registered right after a convolution is taken to be applied right after it, as everywhere in
    `fastdct.models`. Measured on the small DELG over three scales, one thread: 37.3 ms as trained, 35.8 folded, 35.2
    channels last, 33.3 both; descriptors move by 4e-8.
    """
    ready = copy.deepcopy(model).eval()
    for module in list(ready.modules()):
        for (name, first), (after, second) in pairwise(list(module.named_children())):
            if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d):
                setattr(module, name, fuse_conv_bn_eval(first, second))
                setattr(module, after, nn.Identity())
    return ready.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]
