"""Other readers of coefficients: jpeglib, jpeg2dct. They are checked on what they can read."""

import hashlib
import tempfile
from pathlib import Path

import numpy as np

VARIANTS = ("jpeglib", "jpeg2dct")


def _jpeglib(path):
    import jpeglib

    image = jpeglib.read_dct(str(path))
    return [c for c in (image.Y, image.Cb, image.Cr) if c is not None]


def _jpeg2dct(path):
    from jpeg2dct.numpy import load

    return [c.reshape(*c.shape[:2], 8, 8) for c in load(str(path), normalized=False)]


class Reader:
    def __init__(self, files, variant):
        self.read = {"jpeglib": _jpeglib, "jpeg2dct": _jpeg2dct}[variant]
        self.paths = []
        folder = Path(tempfile.mkdtemp())
        for index, file in enumerate(files):
            self.paths.append(folder / f"{index}.jpg")
            self.paths[-1].write_bytes(file)
        self.read(self.paths[0])

    def read_all(self):
        for path in self.paths:
            self.read(path)

    def digest(self):
        digest = hashlib.sha256()
        for path in self.paths:
            for component in self.read(path):
                digest.update(np.ascontiguousarray(component, dtype="<i2").tobytes())
        return digest.hexdigest()

    def mean_error(self):
        return 0.0
