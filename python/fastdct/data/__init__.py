"""Datasets of JPEG files, and the loader that decodes them ahead of time."""

from fastdct._extras import require

require("torch", extra="torch")

# Imported after the check above, so that a missing torch is named with the command that installs it.
from fastdct.data.batch import LoadedBatch  # noqa: E402
from fastdct.data.labelled import Labelled, image_files, image_folder, labels_csv  # noqa: E402
from fastdct.data.landmarks import is_landmarks, landmarks_csv  # noqa: E402
from fastdct.data.loader import DctLoader  # noqa: E402
from fastdct.data.rows import Photometric  # noqa: E402
from fastdct.data.samples import Dataset, Sample, Sources  # noqa: E402
from fastdct.data.shards import TarShards, Turn  # noqa: E402
from fastdct.data.statistics import ChannelStatistics, Moments, measure  # noqa: E402
from fastdct.data.torch_datasets import DctDataset, DctStream  # noqa: E402

__all__ = [
    "ChannelStatistics",
    "Dataset",
    "DctDataset",
    "DctLoader",
    "DctStream",
    "Labelled",
    "LoadedBatch",
    "Moments",
    "Photometric",
    "Sample",
    "Sources",
    "TarShards",
    "Turn",
    "image_files",
    "image_folder",
    "is_landmarks",
    "labels_csv",
    "landmarks_csv",
    "measure",
]


def __dir__() -> list[str]:
    return __all__
