"""Other readers of coefficients, from files, since none of them reads all of their forms from memory.

jpeglib 1.0.2, jpeg2dct 0.2.4: `pip install jpeglib jpeg2dct`.
torchjpeg 0.9.33: its wheel is for torch 2.4 only. For others unpack the source (`pip download --no-binary :all: --no-deps
torchjpeg`), `python setup.py build_ext --inplace`, and put its `src` on PYTHONPATH; it brings IJG libjpeg 9d.
dct_manip 0.2.3: from github.com/JeongsooP/RGB-no-more, folder dct_manip; its setup.py names a folder of the author's, which has
to become that of a libjpeg with the interface of version 7 or later (torchjpeg's does).
"""

import hashlib
import tempfile
from pathlib import Path

import numpy as np

VARIANTS = ("jpeglib", "jpeg2dct", "torchjpeg", "dct_manip")


def _jpeglib(path):
    import jpeglib

    image = jpeglib.read_dct(str(path))
    return [c for c in (image.Y, image.Cb, image.Cr) if c is not None]


def _jpeg2dct(path):
    from jpeg2dct.numpy import load

    return [c.reshape(*c.shape[:2], 8, 8) for c in load(str(path), normalized=False)]


def _torchjpeg(path):
    from torchjpeg.codec import read_coefficients

    _, _, luma, chroma = read_coefficients(str(path))
    return [c.numpy() for c in (*luma, *(() if chroma is None else chroma))]


def _dct_manip(path):
    import torch  # noqa: F401  whose libraries it needs
    from dct_manip import read_coefficients

    _, _, luma, chroma = read_coefficients(str(path))
    return [c.numpy() for c in (*luma, *chroma)]


class Reader:
    def __init__(self, files, variant):
        self.read = {
            "jpeglib": _jpeglib,
            "jpeg2dct": _jpeg2dct,
            "torchjpeg": _torchjpeg,
            "dct_manip": _dct_manip,
        }[variant]
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
