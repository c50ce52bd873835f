"""The same data for torch's own DataLoader, where worker processes are wanted all the same."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from torch.utils.data import Dataset as TorchDataset
from torch.utils.data import IterableDataset, get_worker_info

from fastdct.data.labelled import Dataset, Sample
from fastdct.data.shards import TarShards, Turn
from fastdct.decoder import Decoder


class DctDataset(TorchDataset[Any]):
    """Decoded pictures by position: (tensor [C, H/8, W/8], label), or the tensor alone where labels are None.

    Random windows are drawn from torch's default generator, which `torch.utils.data.DataLoader` seeds anew for every
    worker and epoch. A picture that fails raises its `JpegError`; DataLoader passes its text on.
    """

    def __init__(self, dataset: Dataset, decoder: Decoder) -> None:
        self.dataset, self._decoder = dataset, _raising(decoder)

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, position: int) -> Any:
        return _decoded(self.dataset[position], self._decoder)


class DctStream(IterableDataset[Any]):
    """Decoded pictures of tar shards, which are shared out over ranks and over the workers of each.

    Attributes
    ----------
    epoch
        Set it before each pass to have another order; workers must not be persistent then.
    """

    def __init__(
        self,
        shards: TarShards,
        decoder: Decoder,
        *,
        rank: int = 0,
        num_replicas: int = 1,
        seed: int | None = None,
    ) -> None:
        self.shards, self._decoder = shards, _raising(decoder)
        self.rank, self.num_replicas, self.seed, self.epoch = rank, num_replicas, seed, 0

    def __iter__(self) -> Iterator[Any]:
        worker = get_worker_info()
        index, count = (0, 1) if worker is None else (worker.id, worker.num_workers)
        turn = Turn(self.epoch, self.rank * count + index, self.num_replicas * count, self.seed)
        for sample in self.shards.samples(turn):
            yield _decoded(sample, self._decoder)


def _raising(decoder: Decoder) -> Decoder:
    decoder = copy.copy(decoder)
    decoder.on_error, decoder.num_threads = "raise", 1
    return decoder


def _decoded(sample: Sample, decoder: Decoder) -> Any:
    tensor = decoder([sample.source]).tensor[0]
    return tensor if sample.label is None else (tensor, sample.label)
