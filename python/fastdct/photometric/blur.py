"""Gaussian blur as an operator on coefficients."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor
from torch.nn.functional import pad

from fastdct.decoder import Decoder
from fastdct.photometric.channels import denormalised, frequencies_of, normalised
from fastdct.reference.axis import DCT


def gaussian_blur(tensor: Tensor, kernel_size: int, sigma: float, decoder: Decoder) -> Tensor:
    """Blur a window with torchvision's kernel and border.

    Exactly D · B · Dᵀ along each axis, D the block-diagonal DCT and B the convolution of samples with the sampled,
    normalised Gaussian, mirrored at the border without repeating the last sample. Frequencies that the decoder leaves
    out are taken for 0, and left out again. The operators are dense: at 448² the blur costs more than the decode.

    Parameters
    ----------
    kernel_size
        Odd number of samples, less than twice the shorter side.
    sigma
        Deviation in samples of the output.

    Raises
    ------
    ValueError
        The kernel is even or too large, or ``sigma`` is not positive.
    """
    rows, columns = 8 * tensor.shape[-2], 8 * tensor.shape[-1]
    if kernel_size < 1 or kernel_size % 2 == 0 or kernel_size // 2 >= min(rows, columns):
        raise ValueError(
            f"kernel_size is odd and less than twice the shorter side, {min(rows, columns)}, not {kernel_size}"
        )
    if not sigma > 0:
        raise ValueError(f"sigma must be positive, not {sigma}")
    planes = _to_planes(denormalised(tensor, decoder), decoder)  # [..., 3, H, W]
    vertical, horizontal = (_operator(size, kernel_size, sigma).to(planes.device) for size in (rows, columns))
    blurred = _from_planes(vertical @ planes @ horizontal.T, decoder)
    return normalised(blurred, decoder).to(tensor.dtype)


@lru_cache(maxsize=16)
def _operator(size: int, kernel_size: int, sigma: float) -> Tensor:
    """D · B · Dᵀ, float32 [size, size]."""
    radius = kernel_size // 2
    distances = torch.arange(-radius, radius + 1, dtype=torch.float64)
    kernel = torch.exp(-0.5 * (distances / sigma) ** 2)
    kernel /= kernel.sum()
    samples = torch.eye(size, dtype=torch.float64)
    padded = pad(samples[None], (radius, radius), mode="reflect")  # each row is one sample's impulse
    blur = torch.nn.functional.conv1d(padded.transpose(0, 1), kernel[None, None])[:, 0].T  # [output, input]
    dct = torch.kron(torch.eye(size // 8, dtype=torch.float64), torch.from_numpy(DCT.copy()))
    operator: Tensor = dct @ blur @ dct.T
    return operator.float()


def _to_planes(coefficients: Tensor, decoder: Decoder) -> Tensor:
    """[..., C, H/8, W/8] to coefficient planes [..., 3, H, W], zero where no channel is."""
    *batch, _, rows, columns = coefficients.shape
    blocks = coefficients.new_zeros((*batch, 3 * 64, rows, columns))
    blocks[..., _places(decoder), :, :] = coefficients
    blocks = blocks.reshape(*batch, 3, 8, 8, rows, columns)  # [..., 3, v, u, H/8, W/8]
    return blocks.movedim((-4, -3), (-3, -1)).reshape(*batch, 3, 8 * rows, 8 * columns)


def _from_planes(planes: Tensor, decoder: Decoder) -> Tensor:
    """The inverse of `_to_planes`."""
    *batch, _, height, width = planes.shape
    blocks = planes.reshape(*batch, 3, height // 8, 8, width // 8, 8)  # [..., 3, H/8, v, W/8, u]
    blocks = blocks.movedim((-3, -1), (-4, -3)).reshape(*batch, 3 * 64, height // 8, width // 8)
    return blocks[..., _places(decoder), :, :]


def _places(decoder: Decoder) -> list[int]:
    """Position of every channel among all 192: 64 · component + natural index."""
    counts = decoder.channels.counts
    components = [component for component in range(3) for _ in range(counts[component])]
    return [
        64 * component + index for component, index in zip(components, frequencies_of(decoder), strict=True)
    ]
