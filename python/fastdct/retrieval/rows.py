"""Rows of the index's table: the Arrow schema, and features in and out of it.

Local features are flat lists, so that a column of many images is one contiguous buffer: keypoints are
x, y, x, y, …; descriptors are float16, whose rounding (2^-11) is far below the noise of a match, or packed bits.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np

from fastdct._extras import require
from fastdct.retrieval.features import Features, FeatureSpec, LocalFeatures

FORMAT = 2
KEY = b"fastdct"
LOCAL = ("name", "height", "width", "keypoints", "scales", "scores", "descriptors")


@dataclass(frozen=True, eq=False)
class Record:
    """One image to be stored.

    Attributes
    ----------
    name
        The image's key in the index: its path relative to the indexed folder, with forward slashes.
    features
        Its features.
    orientation
        EXIF orientation of the file, 1 to 8; the features are those of the upright picture.
    file_size, mtime_ns
        Size in bytes and time of last change of the file when it was read, by which a later run sees that it
        need not read it again.
    """

    name: str
    features: Features
    orientation: int = 1
    file_size: int = 0
    mtime_ns: int = 0


class About(NamedTuple):
    """What an index says of itself: the spec, the indexed folder, the origin of the weights, the local codec's bytes."""

    spec: FeatureSpec
    root: str = ""
    weights: str = ""
    codec: bytes = b""


def schema(about: About) -> Any:
    """The Arrow schema of an index; its metadata says all that `read_about` returns."""
    pa = require("pyarrow", extra="index")
    fields = {
        "name": pa.string(),
        "height": pa.int32(),
        "width": pa.int32(),
        "orientation": pa.int8(),
        "file_size": pa.int64(),
        "mtime_ns": pa.int64(),
        "global_descriptor": pa.list_(pa.float32(), about.spec.global_dim),
        "keypoints": pa.list_(pa.float32()),
        "scales": pa.list_(pa.float32()),
        "scores": pa.list_(pa.float32()),
        "descriptors": pa.list_(pa.uint8() if about.spec.binary else pa.float16()),
    }
    written = {**about._asdict(), "format": FORMAT, "spec": asdict(about.spec)}
    written["codec"] = b64encode(about.codec).decode()
    columns = [pa.field(name, kind, nullable=False) for name, kind in fields.items()]
    return pa.schema(columns, metadata={KEY: json.dumps(written).encode()})


def read_about(metadata: dict[bytes, bytes] | None) -> About:
    """What `schema` was given.

    Raises
    ------
    ValueError
        The table is not one of fastdct, or of a format that this version does not know.
    """
    if not metadata or KEY not in metadata:
        raise ValueError("its table was not written by fastdct")
    about = json.loads(metadata[KEY])
    if about["format"] != FORMAT:
        raise ValueError(
            f"its format is {about['format']}, this version of fastdct reads format {FORMAT}: index the images again"
        )
    spec, codec = FeatureSpec.from_dict(about["spec"]), b64decode(about["codec"])
    return About(spec, str(about["root"]), str(about["weights"]), codec)


def to_table(records: Sequence[Record], spec: FeatureSpec) -> Any:
    """An Arrow table of one row a record.

    Raises
    ------
    ValueError
        Two records share a name, or a record's descriptors have not the lengths of ``spec``.
    """
    pa = require("pyarrow", extra="index")
    _check(records, spec)
    local = LocalFeatures.of([(record.name, record.features) for record in records])

    def flat(values: Any) -> Any:  # [M, k] or [M] -> list column of one entry an image
        width = values.shape[1] if values.ndim == 2 else 1
        return pa.ListArray.from_arrays(pa.array(local.offsets * width, pa.int32()), pa.array(values.ravel()))

    vectors = np.concatenate([record.features.global_descriptor for record in records])
    columns = {
        "name": pa.array(local.names, pa.string()),
        "height": pa.array(local.sizes[:, 0], pa.int32()),
        "width": pa.array(local.sizes[:, 1], pa.int32()),
        "orientation": pa.array([record.orientation for record in records], pa.int8()),
        "file_size": pa.array([record.file_size for record in records], pa.int64()),
        "mtime_ns": pa.array([record.mtime_ns for record in records], pa.int64()),
        "global_descriptor": pa.FixedSizeListArray.from_arrays(pa.array(vectors), spec.global_dim),
        "keypoints": flat(local.keypoints),
        "scales": flat(local.scales),
        "scores": flat(local.scores),
        "descriptors": flat(local.descriptors if spec.binary else local.descriptors.astype(np.float16)),
    }
    return pa.table(columns, schema=schema(About(spec)))


def _check(records: Sequence[Record], spec: FeatureSpec) -> None:
    names = [record.name for record in records]
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice!r} stands twice in one call of add(); a name can be stored once")
    expected = (spec.global_dim, spec.local_dim)
    for record in records:
        dims = (len(record.features.global_descriptor), record.features.descriptors.shape[1])
        if dims != expected:
            raise ValueError(
                f"{record.name!r} has descriptors of {dims[0]} + {dims[1]} dimensions; "
                f"this index holds {expected[0]} + {expected[1]}: it was made with {spec}"
            )
        if (record.features.descriptors.dtype == np.uint8) != spec.binary:
            stored = "packed bits" if spec.binary else "numbers"
            raise ValueError(
                f"{record.name!r} has local descriptors {record.features.descriptors.dtype}; this index holds {stored}"
            )


def global_descriptors(table: Any, spec: FeatureSpec) -> Any:
    """float32 [N, D]: the column of global descriptors, contiguous."""
    column = table["global_descriptor"].combine_chunks()
    return np.ascontiguousarray(column.flatten().to_numpy(zero_copy_only=False).reshape(-1, spec.global_dim))


def local_features(table: Any, spec: FeatureSpec) -> LocalFeatures:
    """The local features of all rows of ``table``, which has the columns of `LOCAL`."""

    def values(name: str) -> Any:
        return table[name].combine_chunks().flatten().to_numpy(zero_copy_only=False)

    scores = table["scores"].combine_chunks()
    lengths = np.diff(scores.offsets.to_numpy())
    return LocalFeatures(
        names=tuple(table["name"].to_pylist()),
        offsets=np.cumsum([0, *lengths], dtype=np.int64),
        keypoints=values("keypoints").reshape(-1, 2),
        scales=values("scales"),
        scores=values("scores"),
        descriptors=values("descriptors").reshape(-1, spec.local_dim),
        sizes=np.stack([table["height"].to_numpy(), table["width"].to_numpy()], axis=1).astype(np.int64),
    )
