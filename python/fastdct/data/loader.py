"""The loader: a dataset and a decoder to batches, made ahead of time by threads of this process."""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any, cast

import torch

from fastdct._devices import has_kernels
from fastdct.data.batch import BatchInWork, BatchMaker, Finished, LoadedBatch
from fastdct.data.device import on_device
from fastdct.data.device_batch import DeviceBatchMaker
from fastdct.data.plan import IndexedPlan, Plan, Schedule, StreamedPlan
from fastdct.data.rows import Photometric, RowMaker
from fastdct.data.samples import Dataset, Sources
from fastdct.data.shards import TarShards
from fastdct.decoder import Decoder, Picture
from fastdct.jpeg import JpegError

_NO_CUDA = (
    "device={device} and pin_memory={pin_memory} need a CUDA device, and torch sees none here; "
    "leave them out to load into ordinary memory"
)


class DctLoader:
    """Yields `LoadedBatch` after `LoadedBatch`, the next ones decoded meanwhile by native threads.

    No worker processes: the decoder runs without Python's lock, so that threads of this process do the work and
    nothing is pickled or copied. A row depends on (seed, epoch, position in the dataset) alone, not on threads,
    batches or ranks. Each pass is an epoch of its own, counted from 0; `set_epoch` chooses another.

    Parameters
    ----------
    dataset
        A `Dataset` such as `image_folder` and `labels_csv` make, `TarShards`, or a list of sources without labels.
        In a dataset of one's own, ``__getitem__`` is called from several threads at once.
    decoder
        Decodes; its `window` may be a random rule of `fastdct.geometry`. Its ``on_error``: ``"raise"`` ends the pass,
        ``"skip"`` leaves rows out, and batches of which none is left; ``"mask"`` leaves them zero.
    batch_size
        Rows of a batch.
    photometric
        A change of each decoded window, such as `fastdct.photometric.ColorJitter`.
    shuffle
        Another order in every epoch.
    drop_last
        Leave out what does not fill a batch, or is not enough for every rank. Otherwise the last batch may be smaller,
        and ranks are made even by repeating the first samples, as in torch's `DistributedSampler`.
    rank, num_replicas
        This process among those that share the data out. Of `TarShards` each reads shards of its own, which are *not*
        made even.
    seed
        Of order and of what is drawn; the same in all ranks.
    num_threads
        Threads that decode; the decoder's if not given.
    prefetch
        Batches that are made before they are asked for.
    device
        Where batches are wanted; by default where the decoder makes them. A CUDA device decodes them itself, beside
        what else it does; if fastdct was built without CUDA they are made in pinned memory and copied without blocking.
    pin_memory
        Make batches of the host in pinned memory; by default where they are copied to a CUDA device.

    Attributes
    ----------
    epoch
        The epoch of the pass that runs or comes next.
    errors
        What failed in the last pass so far: name of the picture → error.

    Raises
    ------
    ValueError
        The dataset is empty, a number is out of range, the decoder is on another device, there is no CUDA device for
        ``device`` or ``pin_memory``, or both are asked for where the device decodes.

    Examples
    --------
    >>> loader = DctLoader(image_folder("photos"), Decoder(448), batch_size=32, shuffle=True)  # doctest: +SKIP
    >>> for batch in loader:  # doctest: +SKIP
    ...     train(batch.tensor, batch.labels)
    """

    def __init__(
        self,
        dataset: Dataset | TarShards | Sequence[Picture],
        decoder: Decoder,
        *,
        batch_size: int,
        photometric: Photometric | None = None,
        shuffle: bool = False,
        drop_last: bool = False,
        rank: int = 0,
        num_replicas: int = 1,
        seed: int = 0,
        num_threads: int | None = None,
        prefetch: int = 2,
        device: torch.device | str | None = None,
        pin_memory: bool | None = None,
    ) -> None:
        self.num_threads = decoder.num_threads if num_threads is None else num_threads
        for name, value in (
            ("batch_size", batch_size),
            ("num_threads", self.num_threads),
            ("prefetch", prefetch),
        ):
            if value < 1:
                raise ValueError(f"{name} must be at least 1, not {value}")
        if not 0 <= rank < num_replicas:
            raise ValueError(f"rank {rank} is not one of {num_replicas} replicas; they are counted from 0")
        self._schedule = Schedule(batch_size, shuffle, drop_last, seed, rank, num_replicas)
        self._prefetch = prefetch
        self._plan = _plan(dataset, self._schedule, depth=prefetch)
        rows = RowMaker(self._plan, seed)
        self._device = torch.device(decoder.device if device is None else device)
        decoder = _placed(decoder, self._device, pin_memory=pin_memory)
        self._maker: BatchMaker | DeviceBatchMaker
        if decoder.device == "cpu":
            pinned = self._device.type == "cuda" if pin_memory is None else pin_memory
            self._maker = BatchMaker(rows, decoder, photometric, num_threads=self.num_threads, pinned=pinned)
        else:
            self._maker = DeviceBatchMaker(rows, decoder, photometric, num_threads=self.num_threads)
        self._on_error = decoder.on_error
        self.errors: dict[str, JpegError] = {}
        self.epoch = 0
        self._done = 0  # batches of this epoch that have been handed out
        self._resumed = False

    def __len__(self) -> int:
        """Batches of an epoch in this process.

        Raises
        ------
        TypeError
            The dataset is a stream.
        """
        count = self._plan.num_batches()
        if count is None:
            raise TypeError("the number of batches of tar shards is not known before they are read")
        return count

    def set_epoch(self, epoch: int) -> None:
        """Let the next pass be this epoch. The position of a resumed loader stays, if it is in this epoch."""
        if epoch != self.epoch:
            self.epoch, self._resumed = epoch, False

    def state_dict(self) -> dict[str, Any]:
        """Where the loader is: everything that it has handed out is done, everything else is not."""
        epoch, done = self.epoch, self._done
        if done == self._plan.num_batches():
            epoch, done = epoch + 1, 0
        return {"epoch": epoch, "batches": done, **self._identity()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where another loader was: the next pass begins after its last batch, and has the same rows.

        Raises
        ------
        ValueError
            The other loader cut its epochs differently.
        """
        for name, value in self._identity().items():
            if state.get(name) != value:
                raise ValueError(
                    f"the state is of a loader with {name} {state.get(name)!r}, this one has {value!r}; "
                    "a position means nothing there"
                )
        self.epoch, self._done, self._resumed = state["epoch"], state["batches"], True

    def _identity(self) -> dict[str, Any]:
        """What positions depend on; the rank is not among it, so that all ranks have one state."""
        identity = dataclasses.asdict(self._schedule)
        del identity["rank"]
        return {**identity, "num_batches": self._plan.num_batches()}

    def __iter__(self) -> Iterator[LoadedBatch]:
        if not self._resumed:
            self._done = 0
        self._resumed = False
        self.errors = {}
        with (
            closing(self._finished(self._done)) as batches,
            closing(self._moved(batches)) as moved,
        ):
            for batch, errors in moved:
                self._done += 1
                self.errors |= errors
                if len(batch.tensor):
                    yield batch
        self.epoch, self._done = self.epoch + 1, 0

    def _finished(self, first: int) -> Generator[Finished, None, None]:
        """The batches from number ``first`` on, in order, ``prefetch`` of them in work."""
        entries = self._plan.batches(self.epoch, first=first)
        in_work: deque[BatchInWork] = deque()
        pool = ThreadPoolExecutor(self.num_threads, thread_name_prefix="fastdct-decode")
        try:
            for batch in self._begun(entries, pool):
                in_work.append(batch)
                if len(in_work) > self._prefetch:
                    yield in_work.popleft().finish(self._on_error)
            while in_work:
                yield in_work.popleft().finish(self._on_error)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
            entries.close()

    def _moved(self, batches: Generator[Finished, None, None]) -> Generator[Finished, None, None]:
        return batches if isinstance(self._maker, DeviceBatchMaker) else on_device(batches, self._device)

    def _begun(self, entries: Iterable[Sequence[Any]], pool: ThreadPoolExecutor) -> Iterator[BatchInWork]:
        for some in entries:
            yield self._maker.begin(some, epoch=self.epoch, pool=pool)


def _placed(decoder: Decoder, device: torch.device, *, pin_memory: bool | None) -> Decoder:
    """The decoder where batches are wanted, if fastdct can decode there."""
    own = torch.device(decoder.device)
    if own.type != "cpu" and (device.type != own.type or device.index not in (None, own.index)):
        raise ValueError(f"the decoder makes tensors on {own}, not {device}; leave device out")
    if own.type == "cpu":
        if (device.type == "cuda" or pin_memory) and not torch.cuda.is_available():
            raise ValueError(_NO_CUDA.format(device=device, pin_memory=pin_memory))
        if device.type != "cuda" or not has_kernels():
            return decoder
    if pin_memory:
        raise ValueError("batches that a device decodes are there at once, not pinned; leave pin_memory out")
    return decoder if own.type == "cuda" else decoder.on(str(device))


def _plan(dataset: Dataset | TarShards | Sequence[Picture], schedule: Schedule, *, depth: int) -> Plan:
    if isinstance(dataset, TarShards):
        return StreamedPlan(dataset, schedule, depth=depth)
    if isinstance(dataset, list | tuple):
        dataset = Sources(dataset)
    return IndexedPlan(cast(Dataset, dataset), schedule)
