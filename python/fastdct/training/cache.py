"""Coefficients of files already read, kept within a bound of memory."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Lock

from fastdct.jpeg import JpegImage, read


class ImageCache:
    """Reads files, and keeps the first ones that fit into ``max_bytes``.

    Every epoch visits every file once, so that evicting the least recently used would evict each just before
    it is wanted again; what came first stays instead.
    """

    def __init__(self, max_bytes: int) -> None:
        self._images: dict[Path, JpegImage] = {}
        self._free = max_bytes
        self._lock = Lock()

    def read(self, path: str | os.PathLike[str]) -> JpegImage:
        """Return the image of a file; raises what :func:`fastdct.read` raises."""
        key = Path(path)
        if (cached := self._images.get(key)) is not None:
            return cached
        image = read(key)
        size = sum(component.coefficients.nbytes for component in image.components)
        with self._lock:
            if size <= self._free and key not in self._images:
                self._images[key] = image
                self._free -= size
        return image
