"""Batches for networks on pixels and on coefficients, from the bytes of files, in one thread."""

import functools

import cv2
import numpy as np
import simplejpeg
import torch
from torch import nn
from torch.nn import functional

import fastdct
from fastdct import models
from peers.windows import MEAN, STD, opencv_linear, reduced_linear

CENTRAL = (
    0.875  # side of the window as a share of the shorter side of the photo: Resize(256), CenterCrop(224)
)
_AGREEMENT = 0.15  # mean difference of normalised pixels: another window is far off, another filter is not


def window(data):
    """The central square of a photo in whole pixels: (x1, y1, x2, y2, flip)."""
    height, width = simplejpeg.decode_jpeg_header(data)[:2]
    side = round(CENTRAL * min(height, width))
    x1, y1 = (width - side) // 2, (height - side) // 2
    return x1, y1, x1 + side, y1 + side, False


def pixel_loader(reader):
    """Files → ([N, 3, 224, 224],) by simplejpeg and OpenCV, channels last."""

    def load(files, dtype=torch.float32):
        batch = torch.from_numpy(np.stack([reader(data, window(data), 224) for data in files]))
        return (batch.to(dtype=dtype, memory_format=torch.channels_last),)

    return load


def fastdct_loader(make_decoder):
    """Files → what `make_decoder(dtype=…, …)` makes of them, channels last."""
    decoders = {
        getattr(torch, dtype): make_decoder(dtype=dtype, layout="channels_last", num_threads=1)
        for dtype in ("float32", "bfloat16")
    }

    def load(files, dtype=torch.float32):
        boxes = [fastdct.Window(window(data)[:4]) for data in files]
        batch = decoders[dtype](files, windows=boxes)
        return (batch.tensor,) if batch.chroma is None else (batch.tensor, batch.chroma)

    return load


def coefficient_loader(network):
    """Files → what a network on coefficients takes."""
    return fastdct_loader(network.config.decoder)


FASTDCT_PIXELS = "fastdct"
PIXEL_LOADERS = {
    "simplejpeg + OpenCV": pixel_loader(opencv_linear),
    "simplejpeg, scaled decoding + OpenCV": pixel_loader(reduced_linear),
    FASTDCT_PIXELS: fastdct_loader(
        functools.partial(fastdct.Decoder, 224, output="rgb", normalize=(MEAN, STD))
    ),
}


def check(network, load, files):
    """Stop unless the coefficients, turned into pixels, show what the pixel pipeline shows."""
    two = network.config.input.chroma_size is not None
    channels = network.config.input.channels
    to_pixels = models.on_coefficients(
        nn.Identity(), mean=tuple(MEAN), std=tuple(STD), channels=channels, two_grids=two
    )
    (expected,) = PIXEL_LOADERS["simplejpeg + OpenCV"](files)
    found = functional.interpolate(to_pixels(*load(files)), size=224, mode="area")
    blurred = [functional.avg_pool2d(x, 4) for x in (found, expected)]  # a part of the frequencies blurs
    error = float((blurred[0] - blurred[1]).abs().mean())
    if error > _AGREEMENT:
        raise SystemExit(f"{network.config.name} is given another picture: off by {error:.2f}")
    return round(error, 4)


cv2.setNumThreads(1)
