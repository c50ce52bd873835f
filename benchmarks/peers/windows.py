"""A window of a photo as a network's input: fastdct and the pipelines that people run instead.

Every way is a function (file, window) → float32 array [C, h, w], normalised; a window is (x1, y1, x2, y2, flip) in whole pixels.
Pixels are normalised by a table for each channel, the fastest way that OpenCV has.
"""

import functools
import io

import cv2
import numpy as np
import simplejpeg
import torch
from PIL import Image

import fastdct
from fastdct import frequencies
from fastdct.reference.axis import DCT

cv2.setNumThreads(1)
MEAN = np.array([123.675, 116.28, 103.53], np.float32)
STD = np.array([58.395, 57.12, 57.375], np.float32)
TABLES = [((np.arange(256) - m) / s).astype(np.float32) for m, s in zip(MEAN, STD, strict=True)]
SELECTION = frequencies.static(64)
DCT_MEAN, DCT_STD = np.zeros(64, np.float32), np.full(64, 50, np.float32)


def normalise(rgb, flip):
    """uint8 [n, n, 3] to float32 [3, n, n]."""
    if flip:
        rgb = cv2.flip(rgb, 1)
    out = np.empty((3, *rgb.shape[:2]), np.float32)
    for channel, table in enumerate(TABLES):
        cv2.LUT(cv2.extractChannel(rgb, channel), table, dst=out[channel])
    return out


def opencv_linear(file, window, size):
    x1, y1, x2, y2, flip = window
    rgb = simplejpeg.decode_jpeg(file, "RGB")
    return normalise(cv2.resize(rgb[y1:y2, x1:x2], (size, size), interpolation=cv2.INTER_LINEAR), flip)


def reduced_linear(file, window, size):
    """libjpeg-turbo's scaled inverse DCT, at the smallest of its scales at which the window is not smaller than the output."""
    height, width = simplejpeg.decode_jpeg_header(file)[:2]
    x1, y1, x2, y2, flip = window
    least = size / min(x2 - x1, y2 - y1)
    smallest = {
        "min_height": int(np.ceil(least * height)),
        "min_width": int(np.ceil(least * width)),
        "min_factor": 1,
    }
    rgb = (
        simplejpeg.decode_jpeg(file, "RGB", **smallest) if least < 1 else simplejpeg.decode_jpeg(file, "RGB")
    )
    fx, fy = rgb.shape[1] / width, rgb.shape[0] / height
    part = rgb[round(y1 * fy) : round(y2 * fy), round(x1 * fx) : round(x2 * fx)]
    return normalise(cv2.resize(part, (size, size), interpolation=cv2.INTER_LINEAR), flip)


def pillow_bilinear(file, window, size):
    rgb = Image.fromarray(simplejpeg.decode_jpeg(file, "RGB"))
    return normalise(
        np.asarray(rgb.resize((size, size), Image.Resampling.BILINEAR, box=window[:4])), window[4]
    )


def pillow_draft(file, window, size):
    image = Image.open(io.BytesIO(file))
    width = image.width
    scale = size / min(window[2] - window[0], window[3] - window[1])
    image.draft("RGB", (round(image.width * scale), round(image.height * scale)))
    box = [corner * image.width / width for corner in window[:4]]
    return normalise(np.asarray(image.resize((size, size), Image.Resampling.BILINEAR, box=box)), window[4])


def select(planes, flip):
    """Dequantised [3][h, w, 8, 8] float32 to the normalised channels."""
    chosen = (SELECTION.luma, SELECTION.cb, SELECTION.cr)
    parts = [
        plane.reshape(*plane.shape[:2], 64)[..., list(index)]
        for plane, index in zip(planes, chosen, strict=True)
    ]
    out = torch.cat([torch.as_tensor(part).permute(2, 0, 1) for part in parts]).numpy()
    if flip:
        odd = [index % 2 for indices in chosen for index in indices]
        out = out[:, :, ::-1] * np.where(odd, -1, 1).astype(np.float32)[:, None, None]
    return (out - DCT_MEAN[:, None, None]) / DCT_STD[:, None, None]


@functools.lru_cache(maxsize=256)
def _resizing(blocks, size):
    """Compose blocks to one large DCT, cut off or add high frequencies, take it apart: float32 [8 size, 8 blocks]."""

    def large(n):
        k, x = np.mgrid[:n, :n]
        matrix = np.cos((2 * x + 1) * k * np.pi / (2 * n)) * np.sqrt(2 / n)
        matrix[0] /= np.sqrt(2)
        return matrix

    kept = 8 * min(blocks, size)
    composed = large(8 * blocks)[:kept] @ np.kron(np.eye(blocks), DCT.T)
    scale = np.sqrt(size / blocks)
    return torch.from_numpy(
        (scale * np.kron(np.eye(size), DCT) @ large(8 * size).T[:, :kept] @ composed).astype(np.float32)
    )


def rgb_no_more(file, window, size):
    """RGB-no-more (Park and Johnson, 2023): read, dequantise, crop whole blocks, resize by block composition; steps re-made."""
    image = fastdct.read(file)
    planes = []
    for component in image.components:
        blocks = torch.from_numpy(component.coefficients) * torch.from_numpy(
            component.quantization.astype(np.float32)
        )
        down, across = blocks.shape[0] / image.height, blocks.shape[1] / image.width
        y1, y2 = int(window[1] * down), max(int(np.ceil(window[3] * down)), int(window[1] * down) + 1)
        x1, x2 = int(window[0] * across), max(int(np.ceil(window[2] * across)), int(window[0] * across) + 1)
        part = blocks[y1:y2, x1:x2]
        h, w = part.shape[:2]
        flat = part.permute(0, 2, 1, 3).reshape(8 * h, 8 * w)
        resized = _resizing(h, size // 8) @ flat @ _resizing(w, size // 8).T
        planes.append(resized.reshape(size // 8, 8, size // 8, 8).permute(0, 2, 1, 3))
    return select(planes, window[4])


class Fastdct:
    """One batch in one call, into memory that is used again, as a loader does."""

    def __init__(self, files, windows, size, **settings):
        self.files = files
        self.windows = [fastdct.Window(tuple(map(float, window[:4])), bool(window[4])) for window in windows]
        self.decoder = fastdct.Decoder(size, normalize=(DCT_MEAN, DCT_STD), num_threads=1, **settings)
        self.out = self.decoder(self.files, windows=self.windows).tensor

    def run(self):
        return self.decoder(self.files, windows=self.windows, out=self.out).tensor
