"""Batches as a device sees them, in memory of the host, and the device emulated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from fastdct import _C, _native
from fastdct._gpu.descriptors import PICTURE, PLANE

COLORS = {"grayscale": 0, "YCbCr": 1, "RGB": 2}


@dataclass
class DeviceBatch:
    """Coefficients int16 [blocks, 64], tables uint16 [tables, 64], planes and pictures as C++ has them."""

    coefficients: torch.Tensor
    quantization: torch.Tensor
    planes: np.ndarray
    pictures: np.ndarray


def device_batch(images):
    """The images as entropy decoding leaves them on a device."""
    blocks, tables, planes, pictures = [], [], [], []
    num_blocks = 0
    for row, image in enumerate(images):
        sampling = np.zeros((3, 2), np.int32)
        sampling[: len(image.components)] = [component.sampling for component in image.components]
        colors = COLORS.get(image.color_space, 3)
        pictures.append((image.height, image.width, image.orientation, colors, sampling, len(planes), row))
        for component in image.components:
            rows, cols = component.coefficients.shape[:2]
            planes.append((num_blocks, rows, cols, len(tables), 0))
            tables.append(component.quantization.reshape(64))
            blocks.append(component.coefficients.reshape(-1, 64))
            num_blocks += rows * cols
    return DeviceBatch(
        torch.from_numpy(np.concatenate(blocks)),
        torch.from_numpy(np.stack(tables).astype(np.int32)).to(torch.uint16),
        np.array(planes, PLANE),
        np.array(pictures, PICTURE),
    )


def resample(decoder, images, windows, *, workspace_bytes=1 << 20, seed=0, device="cpu"):
    """What `Decoder` gives for the images: tensor and chroma, made by the emulated device or, on "cuda", by a GPU."""
    batch = device_batch(images)
    plan = _C.ResamplePlan(
        decoder._assembly,
        batch.pictures,
        batch.planes,
        _native.native_windows(windows),
        workspace_bytes=workspace_bytes,
    )
    tensor, chroma = decoder.empty(len(images)), decoder.empty_chroma(len(images))
    parts = [part if part is None else torch.full_like(part, 77, device=device) for part in (tensor, chroma)]
    workspace = torch.full((plan.workspace_bytes + 4,), 255, dtype=torch.uint8, device=device)  # floats: NaN
    jobs, coefficients, quantization = (
        part.to(device) for part in (torch.from_numpy(plan.jobs), batch.coefficients, batch.quantization)
    )
    kernels, order = _kernels(device, seed)
    kernels.resample(
        plan.launches,
        jobs=jobs.data_ptr(),
        coefficients=coefficients.data_ptr(),
        quantization=quantization.data_ptr(),
        workspace=workspace.data_ptr(),
        tensor=parts[0].data_ptr(),
        chroma=0 if parts[1] is None else parts[1].data_ptr(),
        **order,
    )
    assert (workspace[plan.workspace_bytes :] == 255).all()
    return tuple(part if part is None else part.cpu() for part in parts)


def _kernels(device, seed):
    """Who computes, and in which order."""
    if device == "cpu":
        return _C.emulation, {"seed": seed}
    from fastdct import _cuda

    return _cuda, {"stream": torch.cuda.current_stream().cuda_stream}
