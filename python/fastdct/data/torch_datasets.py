"""The same data for torch's own DataLoader, where worker processes are wanted all the same."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from torch.utils.data import Dataset as TorchDataset
from torch.utils.data import IterableDataset, get_worker_info

from fastdct.data.rows import Photometric
from fastdct.data.samples import Dataset, Sample
from fastdct.data.shards import TarShards, Turn
from fastdct.decoder import Decoder


class DctDataset(TorchDataset[Any]):
    """Decoded pictures by position: (tensor [C, H/8, W/8], label), or the tensor alone where labels are None.

    Random windows and changes are drawn from torch's default generator, which `torch.utils.data.DataLoader` seeds anew
    for every worker and epoch. A picture that fails raises its `JpegError`; DataLoader passes its text on.
    """

    def __init__(self, dataset: Dataset, decoder: Decoder, *, photometric: Photometric | None = None) -> None:
        self.dataset, self._decode = dataset, _Decode(decoder, photometric)

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, position: int) -> Any:
        return self._decode(self.dataset[position])


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
        photometric: Photometric | None = None,
        rank: int = 0,
        num_replicas: int = 1,
        seed: int | None = None,
    ) -> None:
        self.shards, self._decode = shards, _Decode(decoder, photometric)
        self.rank, self.num_replicas, self.seed, self.epoch = rank, num_replicas, seed, 0

    def __iter__(self) -> Iterator[Any]:
        worker = get_worker_info()
        index, count = (0, 1) if worker is None else (worker.id, worker.num_workers)
        turn = Turn(self.epoch, self.rank * count + index, self.num_replicas * count, self.seed)
        for sample in self.shards.samples(turn):
            yield self._decode(sample)


class _Decode:
    """A sample to what the datasets give of it, by one thread, raising what fails."""

    def __init__(self, decoder: Decoder, photometric: Photometric | None) -> None:
        self._decoder, self._photometric = copy.copy(decoder), photometric
        self._decoder.on_error, self._decoder.num_threads = "raise", 1

    def __call__(self, sample: Sample) -> Any:
        tensor = self._decoder([sample.source]).tensor[0]  # [C, H/8, W/8]
        if self._photometric is not None:
            tensor = self._photometric(tensor, self._decoder, generator=None)
        return tensor if sample.label is None else (tensor, sample.label)
