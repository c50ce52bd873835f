"""Gains and offsets of channels: brightness, contrast, saturation, bands."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from fastdct.decoder import Decoder
from fastdct.photometric.channels import affine, frequencies_of, statistics

_MID_GREY = 128.0  # the zero of level-shifted samples
_DC_GAIN = 8.0  # the DC coefficient of an orthonormal 8×8 DCT is 8 times the block's mean


def adjust_brightness(tensor: Tensor, factor: float, decoder: Decoder) -> Tensor:
    """Multiply RGB by ``factor``: black stays black.

    RGB · f is Y · f and, chroma being differences of RGB, Cb · f and Cr · f; levels are shifted by 128 first.
    """
    shift = torch.full((), _MID_GREY * _DC_GAIN * (factor - 1), device=tensor.device)
    return _linear(tensor, decoder, luma=factor, chroma=factor, dc_shift=shift)


def adjust_contrast(tensor: Tensor, factor: float, decoder: Decoder) -> Tensor:
    """Blend RGB with the mean luma of the window: factor · x + (1 - factor) · mean.

    Raises
    ------
    ValueError
        The decoder does not take the DC of Y, so that the mean is not known.
    """
    if 0 not in decoder.channels.luma:
        raise ValueError(f"contrast needs the mean luma, and {decoder.channels.name} leaves out the DC of Y")
    dc = decoder.channels.luma.index(0)
    mean, std = statistics(tensor, decoder)
    level = (tensor[..., dc, :, :].float() * std[dc] + mean[dc]).mean(dim=(-2, -1))  # [...]
    return _linear(tensor, decoder, luma=factor, chroma=factor, dc_shift=(1 - factor) * level)


def adjust_saturation(tensor: Tensor, factor: float, decoder: Decoder) -> Tensor:
    """Blend RGB with its own luma: chroma is multiplied by ``factor``, luma stays."""
    return _linear(tensor, decoder, luma=1.0, chroma=factor, dc_shift=torch.zeros((), device=tensor.device))


def grayscale(tensor: Tensor, decoder: Decoder) -> Tensor:
    """Luma only: chroma becomes 0."""
    return adjust_saturation(tensor, 0.0, decoder)


def drop_bands(tensor: Tensor, frequencies: Iterable[int], decoder: Decoder) -> Tensor:
    """Set frequencies to 0 in every component that has them.

    Parameters
    ----------
    frequencies
        Natural indices ``8 * v + u``; ``ZIGZAG[n:]`` leaves the n lowest.
    """
    dropped = {int(index) for index in frequencies}
    gain = torch.tensor([float(index not in dropped) for index in frequencies_of(decoder)])
    return affine(tensor, decoder, gain, torch.zeros(()))


def _linear(tensor: Tensor, decoder: Decoder, *, luma: float, chroma: float, dc_shift: Tensor) -> Tensor:
    """Gains of Y and of Cb and Cr, and a shift [...] of the DC of Y; all made on the device, which nobody waits for."""
    selection = decoder.channels
    num_luma = len(selection.luma)
    gain = torch.full((selection.num_channels,), luma, device=tensor.device)
    gain[num_luma:] = chroma
    is_dc = torch.zeros(selection.num_channels, device=tensor.device)  # [C]
    if 0 in selection.luma:
        is_dc[selection.luma.index(0)] = 1
    return affine(tensor, decoder, gain, is_dc * dc_shift[..., None])
