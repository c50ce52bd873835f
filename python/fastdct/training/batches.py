"""Batches of decoded windows: shuffled, reproducible, made ahead of time by background threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fastdct.decoder import Decoder
from fastdct.geometry import RandomResizedCrop, Window
from fastdct.jpeg import JpegImage
from fastdct.training.augmentation import PhotometricJitter
from fastdct.training.cache import ImageCache
from fastdct.training.config import TrainingConfig

_FIRST_TURNED = 5  # EXIF orientations 5 to 8 exchange height and width

Decode = Callable[[int], NDArray[np.float32]]  # position in the data -> [C, H/8, W/8]


class LabelledBatch(NamedTuple):
    """Windows and the classes they show."""

    tensor: Tensor  # float32 [N, C, H/8, W/8]
    labels: Tensor  # int64 [N]


@dataclass(frozen=True)
class Samples:
    """Labelled files and what reads them."""

    sources: Sequence[Path]
    labels: Sequence[int]
    decoder: Decoder
    cache: ImageCache

    def __len__(self) -> int:
        return len(self.sources)

    def whole(self, position: int) -> NDArray[np.float32]:
        """Decode the whole picture, squeezed to the decoder's size: [C, H/8, W/8]."""
        return self.decoder.decode(self.cache.read(self.sources[position]))

    def random(self, position: int, *, config: TrainingConfig, epoch: int) -> NDArray[np.float32]:
        """Decode the training window of a picture in an epoch: [C, H/8, W/8].

        It depends on (seed, epoch, position) alone: not on threads, on batches, or on what was drawn before.
        """
        image = self.cache.read(self.sources[position])
        crop_seed, jitter_seed = np.random.SeedSequence((config.seed, epoch, position)).generate_state(
            2, np.uint64
        )
        window = _random_window(image, config=config, seed=int(crop_seed))
        decoded = self.decoder.decode(image, window=window)
        jitter = PhotometricJitter(config.brightness, config.contrast, config.saturation)
        return jitter(decoded, self.decoder, np.random.default_rng(int(jitter_seed)))


def _random_window(image: JpegImage, *, config: TrainingConfig, seed: int) -> Window:
    turned = image.orientation >= _FIRST_TURNED
    size = (image.width, image.height) if turned else (image.height, image.width)  # upright
    ratio = (1 / config.crop_aspect, config.crop_aspect)
    rule = RandomResizedCrop(scale=(config.crop_area, 1.0), ratio=ratio, flip=config.flip, seed=seed)
    return rule(*size)


def training_batches(samples: Samples, *, config: TrainingConfig, epoch: int) -> Iterator[LabelledBatch]:
    """Yield an epoch's batches: every picture once, in an order drawn from (seed, epoch).

    A last batch that is not full is left out, unless it is the only one: batch normalisation estimates from
    it.
    """
    order = np.random.default_rng((config.seed, epoch)).permutation(len(samples)).tolist()
    if len(order) > config.batch_size:
        order = order[: len(order) // config.batch_size * config.batch_size]

    def decode(position: int) -> NDArray[np.float32]:
        return samples.random(position, config=config, epoch=epoch)

    yield from _decoded_ahead(samples, order, decode=decode, config=config)


def whole_batches(samples: Samples, *, config: TrainingConfig) -> Iterator[LabelledBatch]:
    """Yield all pictures whole, in their own order."""
    yield from _decoded_ahead(samples, range(len(samples)), decode=samples.whole, config=config)


def num_training_batches(num_samples: int, *, config: TrainingConfig) -> int:
    """Return how many batches :func:`training_batches` yields."""
    return max(1, num_samples // config.batch_size)


def _decoded_ahead(
    samples: Samples, order: Sequence[int], *, decode: Decode, config: TrainingConfig
) -> Iterator[LabelledBatch]:
    """Yield batches in order while ``config.workers`` threads decode the next ones."""

    def batch(positions: Sequence[int]) -> LabelledBatch:
        windows = np.stack([decode(position) for position in positions])
        labels = torch.tensor([samples.labels[position] for position in positions])
        return LabelledBatch(torch.from_numpy(windows), labels)

    pending: deque[Future[LabelledBatch]] = deque()
    pool = ThreadPoolExecutor(config.workers, thread_name_prefix="fastdct-decode")
    try:
        for start in range(0, len(order), config.batch_size):
            pending.append(pool.submit(batch, order[start : start + config.batch_size]))
            if len(pending) > config.workers + 1:  # one batch ready beside those being made
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
