"""Networks made ready to be run and no longer trained."""

from __future__ import annotations

import copy
from itertools import pairwise
from typing import Any, TypeGuard, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from fastdct.models.mobilenet import Convolution

_Module = TypeVar("_Module", bound=nn.Module)


def for_inference(model: _Module, *, dtype: torch.dtype = torch.float32, compiled: bool = False) -> _Module:
    """A copy in evaluation mode, with every batch norm folded into the convolution before it, channels last in memory.

    A batch norm that is registered right after a convolution is taken to be applied right after it, as everywhere in
    `fastdct.models`. Logits move by 1e-6 of the largest, in bfloat16 by 6e-3 (ResNet-50, random weights).

    Parameters
    ----------
    dtype
        Of weights, inputs and outputs. ``torch.bfloat16`` pays on GPUs and on processors that multiply it (AMX,
        AVX512-BF16); decoders give it with ``dtype="bfloat16"``.
    compiled
        Let `torch.compile` fuse what stands between convolutions and lay out weights for the processor. The first call
        with each shape of input takes tens of seconds and, on CPUs, needs a C++ compiler; all run in inference mode.
    """
    # Milliseconds a picture of resnet50-dct-64, eight at once, one thread of a Xeon with AMX: 72 in float32, 50 compiled, 16 in
    # bfloat16, 9.4 both. TorchScript's optimize_for_inference, the older way to the same fusions: 58, and 80 for one picture.
    ready = copy.deepcopy(model).eval().requires_grad_(False)
    for module in list(ready.modules()):
        for (name, first), (after, second) in pairwise(list(module.named_children())):
            if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d):
                setattr(module, name, fuse_conv_bn_eval(first, second))
                setattr(module, after, nn.Identity())
    ready = ready.to(dtype=dtype, memory_format=torch.channels_last)  # type: ignore[call-overload]
    if compiled:
        _compile(ready)
    elif dtype == torch.float32:
        _multiply(ready)
    return ready


class PointwiseConvolution(nn.Module):
    """A 1 x 1 convolution of stride 1 as a product of matrices.

    Of one picture, torch convolves so by itself, but writes the bias to memory first and adds to it: on one core the small DELG
    takes 58 ms for a picture's three scales in place of 64.
    """

    weight: Tensor
    bias: Tensor | None

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        self.register_buffer("weight", convolution.weight.flatten(1).t().contiguous())  # [in, out]
        self.register_buffer("bias", convolution.bias)

    def forward(self, x: Tensor) -> Tensor:  # [N, in, H, W] -> [N, out, H, W], channels last
        """Convolve."""
        count, channels, height, width = x.shape
        y = x.permute(0, 2, 3, 1).reshape(-1, channels) @ self.weight
        if self.bias is not None:
            y += self.bias
        return y.view(count, height, width, -1).permute(0, 3, 1, 2)


def _multiply(model: nn.Module) -> None:
    """Put :class:`PointwiseConvolution` where it serves."""
    for module in list(model.modules()):
        for name, child in module.named_children():
            if _is_pointwise(child):
                setattr(module, name, PointwiseConvolution(child))


def _is_pointwise(module: nn.Module) -> TypeGuard[nn.Conv2d]:
    """Whether a module is the product of matrices and nothing more, as subclasses that torch does not know may be."""
    if not isinstance(module, nn.Conv2d) or type(module) not in (nn.Conv2d, Convolution):
        return False
    found = (module.kernel_size, module.stride, module.padding, module.groups)
    return found == ((1, 1), (1, 1), (0, 0), 1)


def _compile(model: nn.Module) -> None:
    """Compile ``forward`` with the weights as constants, without which their layout stays (a third slower)."""
    # Sizes are constants too: torch remembers the shapes of all networks of a class together, and would soon take every
    # size as unknown (a fifth slower).
    forward = torch.compile(model.forward, dynamic=False)

    def frozen(*inputs: Any) -> Any:
        # Not torch.compile's options: those hold after tracing, which must know of it too.
        with torch.inference_mode(), torch._inductor.config.patch(freezing=True):
            return forward(*inputs)

    model.forward = frozen
