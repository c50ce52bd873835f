"""Structures of the C++ core as numpy sees them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PICTURE = np.dtype(
    [
        *((name, "<i4") for name in ("height", "width", "orientation", "colors")),
        ("sampling", "<i4", (3, 2)),
        ("first_plane", "<u4"),
        ("row", "<u4"),
    ]
)
"""A picture on a device: csrc/dct/device/picture.h."""

PLANE = np.dtype(
    [
        ("first_block", "<u8"),
        *((name, "<u4") for name in ("num_rows", "num_cols", "quantization", "reserved")),
    ]
)
"""A component of a picture on a device: csrc/common/device_plane.h."""


@dataclass(frozen=True)
class Descriptors:
    """What a device is told of pictures whose blocks it has.

    Attributes
    ----------
    pictures
        `PICTURE` [N].
    planes
        `PLANE` [P].
    tables
        Quantization, uint16 [T, 64], natural order.
    """

    pictures: NDArray[np.void]
    planes: NDArray[np.void]
    tables: NDArray[np.uint16]


def joined(parts: Sequence[Descriptors]) -> Descriptors:
    """Several as one: pictures find their planes, and planes their tables, behind those of the parts before."""
    pictures, planes, tables = [np.empty(0, PICTURE)], [np.empty(0, PLANE)], [np.empty((0, 64), np.uint16)]
    num_planes = num_tables = 0
    for part in parts:
        pictures.append(part.pictures.copy())
        pictures[-1]["first_plane"] += np.uint32(num_planes)
        planes.append(part.planes.copy())
        planes[-1]["quantization"] += np.uint32(num_tables)
        tables.append(part.tables)
        num_planes, num_tables = num_planes + len(part.planes), num_tables + len(part.tables)
    return Descriptors(np.concatenate(pictures), np.concatenate(planes), np.concatenate(tables))
