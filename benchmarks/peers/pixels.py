"""Readers of RGB: simplejpeg and Pillow."""

import io

import numpy as np
from PIL import Image

VARIANTS = ("simplejpeg RGB", "Pillow RGB")


def _pillow(file):
    return np.asarray(Image.open(io.BytesIO(file)).convert("RGB"))


class Reader:
    def __init__(self, files, variant):
        self.files = files
        if variant.startswith("simplejpeg"):
            import simplejpeg

            self.decode = simplejpeg.decode_jpeg
        else:
            self.decode = _pillow

    def read_all(self):
        for file in self.files:
            self.decode(file)

    def digest(self):
        return None

    def mean_error(self):
        file = self.files[0]
        return float(np.abs(self.decode(file).astype(int) - _pillow(file)).mean())
