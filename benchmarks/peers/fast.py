"""fastdct, one thread."""

import hashlib

import fastdct
from fastdct.frequencies import ZIGZAG

OPTIONS = {
    "read_batch": {},
    "read_batch, frequency-major": {"layout": "frequency"},
    "read_batch, first 24": {"layout": "frequency", "num_frequencies": 24},
    "read_batch, DC": {"layout": "frequency", "num_frequencies": 1},
    "read_batch, luma": {"luma_only": True},
    "read": None,
}
VARIANTS = tuple(OPTIONS)


def _blocks(coefficients):
    """[64, Hb, Wb] in zig-zag order → [Hb, Wb, 64] in natural order."""
    blocks = coefficients.transpose(1, 2, 0).copy()
    blocks[..., ZIGZAG] = coefficients.transpose(1, 2, 0)
    return blocks


class Reader:
    def __init__(self, files, variant):
        self.files = files
        self.options = OPTIONS[variant]
        self.batch = None

    def read_all(self):
        if self.options is None:
            self.batch = None
            for file in self.files:
                fastdct.read(file)
        else:
            self.batch = fastdct.read_batch(self.files, **{"num_threads": 1, **self.options}, out=self.batch)

    def digest(self):
        """Of everything, or None where less was asked for: then what there is must be a part of everything."""
        options = self.options or {}
        if options.get("num_frequencies", 64) < 64 or options.get("luma_only"):
            self._check_part(options)
            return None
        digest = hashlib.sha256()
        rows = (
            [fastdct.read(f) for f in self.files]
            if self.options is None
            else fastdct.read_batch(self.files, **options)
        )
        for row in rows:
            for component in row.components:
                planes = component.coefficients
                digest.update((_blocks(planes) if planes.ndim == 3 else planes).tobytes())
        return digest.hexdigest()

    def _check_part(self, options):
        everything = fastdct.read_batch(self.files, layout=options.get("layout", "block"))
        for part, whole in zip(fastdct.read_batch(self.files, **options), everything, strict=True):
            for ours, full in zip(part.components, whole.components, strict=False):
                if (ours.coefficients != full.coefficients[: len(ours.coefficients)]).any():
                    raise ValueError("a part of the coefficients differs from all of them")

    def mean_error(self):
        return 0.0
