"""The torch operator behind `fastdct.ops.blocks_to_channels`: importing this registers ``torch.ops.fastdct.reorder_blocks``.

It is linear and a permutation, so that its gradient is its inverse.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from fastdct import _C
from fastdct._devices import cuda_module
from fastdct.ops.channels import counts, reordered_shape


@torch.library.custom_op("fastdct::reorder_blocks", mutates_args=())
def reorder(values: Tensor, zigzag: bool, to_channels: bool) -> Tensor:
    """[..., Hb, Wb, 8, 8] to [..., 64, Hb, Wb] or, if not ``to_channels``, back."""
    raise NotImplementedError(
        f"no kernel moves blocks on {values.device}; there are kernels for CPU and CUDA"
    )


@reorder.register_kernel("cpu")
def _(values: Tensor, zigzag: bool, to_channels: bool) -> Tensor:
    return _run(_C.reorder_blocks, values, zigzag, to_channels)


@reorder.register_kernel("cuda")
def _(values: Tensor, zigzag: bool, to_channels: bool) -> Tensor:
    reorder_blocks = cuda_module().reorder_blocks
    with torch.cuda.device(values.device):
        stream = torch.cuda.current_stream().cuda_stream
        return _run(reorder_blocks, values, zigzag, to_channels, stream=stream)


def _run(kernel: Any, values: Tensor, zigzag: bool, to_channels: bool, **options: int) -> Tensor:
    values = values.contiguous()
    result = values.new_empty(reordered_shape(tuple(values.shape), to_channels))
    num_pictures, num_blocks = counts(tuple(values.shape), to_channels)
    kernel(
        values.data_ptr(),
        result.data_ptr(),
        num_pictures=num_pictures,
        num_blocks=num_blocks,
        element_size=values.element_size(),
        zigzag=zigzag,
        to_channels=to_channels,
        **options,
    )
    return result


@reorder.register_fake
def _(values: Tensor, zigzag: bool, to_channels: bool) -> Tensor:
    return values.new_empty(reordered_shape(tuple(values.shape), to_channels))


def _setup_context(ctx: Any, inputs: tuple[Tensor, bool, bool], output: Tensor) -> None:
    _, ctx.zigzag, ctx.to_channels = inputs


def _backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
    return reorder(gradient, ctx.zigzag, not ctx.to_channels), None, None


reorder.register_autograd(_backward, setup_context=_setup_context)
