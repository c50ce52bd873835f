"""Non-maximum suppression: of features that see nearly the same part of a picture the best is kept."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def suppress(boxes: NDArray[np.float32], *, max_overlap: float, count: int) -> NDArray[np.int64]:
    """The places of the first ``count`` boxes that overlap no better one by more than ``max_overlap``.

    Parameters
    ----------
    boxes
        float32 [n, 4]: corners (x1, y1, x2, y2), best first.
    max_overlap
        Largest intersection over union with a box that is kept, in [0, 1].
    count
        How many to keep at most.
    """
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])  # [n]
    left = np.arange(len(boxes))
    kept: list[int] = []
    while len(left) and len(kept) < count:
        best, left = int(left[0]), left[1:]
        kept.append(best)
        sides = np.minimum(boxes[best, 2:], boxes[left, 2:]) - np.maximum(boxes[best, :2], boxes[left, :2])
        shared = np.maximum(sides, 0).prod(axis=1)
        left = left[shared <= max_overlap * (areas[best] + areas[left] - shared)]
    return np.array(kept, np.int64)
