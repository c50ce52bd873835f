"""DCTNet's preprocessing (Xu et al., 2020), step by step as its authors' program has it (github.com/kaix90/DCTNet).

Decode with OpenCV, crop, resize, enlarge to twice the size, encode both at quality 100 and 4:2:0, read the coefficients of both:
Y of the first and Cb and Cr of the second lie on one grid. Their encoder is libjpeg-turbo's, called through another package. Their
reader, jpeg2dct, copies libjpeg's coefficients one by one and multiplies each by its step; here rows are copied whole, which takes
less, and at quality 100 every step is one.
"""

import ctypes
import functools

import cv2
import numpy as np
import simplejpeg
import torch

from peers.libjpeg import compile_library
from peers.windows import DCT_MEAN, DCT_STD, SELECTION

_CHOSEN = [torch.tensor(index) for index in (SELECTION.luma, SELECTION.cb, SELECTION.cr)]
_library = functools.cache(compile_library)


def _read(file, side):
    """Y [side/8, side/8, 64], Cb and Cr [side/16, side/16, 64], int16."""
    luma, chroma = (side // 8) ** 2 * 64, (side // 16) ** 2 * 64
    out = np.empty(luma + 2 * chroma, np.int16)
    count = _library().read_coefficients(
        file, ctypes.c_size_t(len(file)), out.ctypes.data_as(ctypes.c_void_p), 1
    )
    assert count == out.size
    parts = np.split(out, [luma, luma + chroma])
    return [
        part.reshape(n, n, 64) for part, n in zip(parts, (side // 8, side // 16, side // 16), strict=True)
    ]


def _transform(bgr):
    encoded = simplejpeg.encode_jpeg(
        bgr, quality=100, colorspace="BGR", colorsubsampling="420", fastdct=False
    )
    return _read(encoded, bgr.shape[0])


def dctnet(file, window, size):
    x1, y1, x2, y2, flip = window
    bgr = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_COLOR)[y1:y2, x1:x2]
    bgr = cv2.resize(bgr, (size, size), interpolation=cv2.INTER_LINEAR)
    if flip:
        bgr = cv2.flip(bgr, 1)
    larger = cv2.resize(bgr, (2 * size, 2 * size), interpolation=cv2.INTER_LINEAR)
    y, _, _ = _transform(bgr)
    _, cb, cr = _transform(larger)
    planes = [torch.from_numpy(part.transpose(2, 0, 1)).float() for part in (y, cb, cr)]
    tensor = torch.cat([plane[chosen] for plane, chosen in zip(planes, _CHOSEN, strict=True)])
    for channel, mean, std in zip(tensor, DCT_MEAN, DCT_STD, strict=True):
        channel.sub_(mean).div_(std)
    return tensor.numpy()
