"""The files that readers are timed on: real photos, as they are re-encoded for a data set."""

import io
from pathlib import Path

from PIL import Image, ImageOps

THREADS_SET = "500x375 q90, many"

SETS = {  # name: (size, count, options of Pillow's encoder)
    "500x375 q75": ((500, 375), 24, {"quality": 75, "subsampling": "4:2:0"}),
    "500x375 q90": ((500, 375), 24, {"quality": 90, "subsampling": "4:2:0"}),
    "500x375 q95": ((500, 375), 24, {"quality": 95, "subsampling": "4:2:0"}),
    "500x375 q90 4:4:4": ((500, 375), 24, {"quality": 90, "subsampling": "4:4:4"}),
    "500x375 q90 progressive": ((500, 375), 24, {"quality": 90, "subsampling": "4:2:0", "progressive": True}),
    "500x375 q90 restarts": (
        (500, 375),
        24,
        {"quality": 90, "subsampling": "4:2:0", "restart_marker_rows": 1},
    ),
    THREADS_SET: ((500, 375), 384, {"quality": 90, "subsampling": "4:2:0"}),
    "12 MP q75": ((4000, 3000), 3, {"quality": 75, "subsampling": "4:2:0"}),
    "12 MP q90": ((4000, 3000), 3, {"quality": 90, "subsampling": "4:2:0"}),
}


def _large_photos(folder, count):
    """The `count` photos with the most pixels, no two of one folder while there are others."""
    sized = sorted(
        ((-(lambda s: s[0] * s[1])(Image.open(path).size), path) for path in Path(folder).rglob("*.jpg")),
        key=str,
    )
    sized.sort(key=lambda entry: entry[0])
    seen, first, later = set(), [], []
    for _, path in sized:
        (later if path.parent in seen else first).append(path)
        seen.add(path.parent)
    return (first + later)[:count]


def make_set(folder, name):
    """Distinct photos of `folder`, cropped to the shape and encoded: list of bytes."""
    size, count, options = SETS[name]
    files = []
    for path in _large_photos(folder, count):
        photo = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
        shape = size if photo.width >= photo.height else size[::-1]
        file = io.BytesIO()
        ImageOps.fit(photo, shape, Image.Resampling.LANCZOS).save(file, "JPEG", **options)
        files.append(file.getvalue())
    return files
