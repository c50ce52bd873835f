"""What the channels of a tensor are: its decoder's frequencies, normalised by its decoder's statistics."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from fastdct.decoder import Decoder


def affine(tensor: Tensor, decoder: Decoder, gain: Tensor, offset: Tensor) -> Tensor:
    """Coefficients times ``gain`` [C] plus ``offset`` [..., C], of windows [..., C, H/8, W/8]."""
    mean, std = statistics(tensor, decoder)
    gain, offset = gain.to(mean), offset.to(mean)
    # gain · (std · x + mean) + offset, normalised again, is gain · x + ((gain - 1) · mean + offset) / std.
    offset = ((gain - 1) * mean + offset) / std
    changed = tensor * gain[:, None, None] + offset[..., None, None]
    return changed.to(tensor.dtype)


def statistics(tensor: Tensor, decoder: Decoder) -> tuple[Tensor, Tensor]:
    """Mean and deviation [C], float32, that the decoder normalised by; checks that ``tensor`` is of that decoder."""
    checked(tensor, decoder)
    if decoder.normalize is None:
        zero = torch.zeros(decoder.channels.num_channels, device=tensor.device)
        return zero, zero + 1
    return _on_device(*(tuple(part.tolist()) for part in decoder.normalize), tensor.device)


@lru_cache(maxsize=64)
def _on_device(
    mean: tuple[float, ...], std: tuple[float, ...], device: torch.device
) -> tuple[Tensor, Tensor]:
    """Copied once: the host waits for a copy to a device, and with it for all that is launched there."""
    with torch.inference_mode(False):  # what is made in that mode could not be used outside it
        mean_there, std_there = (
            torch.tensor(part, dtype=torch.float32, device=device) for part in (mean, std)
        )
    return mean_there, std_there


def checked(tensor: Tensor, decoder: Decoder) -> None:
    """Refuse what is not [..., C, H/8, W/8] of floats with the decoder's channels.

    Raises
    ------
    ValueError
        The decoder gives pixels or two grids, or the tensor is not of its shape.
    TypeError
        The tensor holds integers.
    """
    if decoder.output != "dct" or decoder.chroma_size is not None:
        raise ValueError("photometric changes are of coefficients on one grid: no RGB output, no chroma_size")
    if not tensor.is_floating_point():
        raise TypeError(f"photometric changes need a floating-point tensor, not {tensor.dtype}")
    if tensor.ndim < 3 or tensor.shape[-3] != decoder.channels.num_channels:
        wanted = f"[..., {decoder.channels.num_channels}, H/8, W/8]"
        raise ValueError(f"a tensor of this decoder is {wanted}, not {list(tensor.shape)}")


def frequencies_of(decoder: Decoder) -> tuple[int, ...]:
    """The natural index of every channel, Y's then Cb's then Cr's."""
    selection = decoder.channels
    return selection.luma + selection.cb + selection.cr


def denormalised(tensor: Tensor, decoder: Decoder) -> Tensor:
    """Plain coefficients, float32 [..., C, H/8, W/8]."""
    mean, std = statistics(tensor, decoder)
    return tensor.float() * std[:, None, None] + mean[:, None, None]


def normalised(coefficients: Tensor, decoder: Decoder) -> Tensor:
    """The inverse of `denormalised`, but for the dtype."""
    mean, std = statistics(coefficients, decoder)
    return (coefficients - mean[:, None, None]) / std[:, None, None]
