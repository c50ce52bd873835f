"""What training is fed with: random windows of cached files, and whole pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fastdct.data import DctLoader, Sample
from fastdct.decoder import Decoder
from fastdct.geometry import Compose, RandomHorizontalFlip, RandomResizedCrop
from fastdct.models.config import DelgConfig
from fastdct.photometric import ColorJitter
from fastdct.training.cache import ImageCache
from fastdct.training.config import TrainingConfig


@dataclass(frozen=True)
class CachedFiles:
    """Files and their classes, read through a cache."""

    files: Sequence[tuple[Path, int]]
    cache: ImageCache

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, position: int, /) -> Sample:
        path, label = self.files[position]
        return Sample(self.cache.read(path), label, str(path))


def training_batches(
    dataset: CachedFiles, *, config: TrainingConfig, network: DelgConfig, epoch: int
) -> DctLoader:
    """Random windows of every picture once, in an order drawn from (seed, epoch).

    A last batch that is not full is left out, unless it is the only one: batch normalisation estimates from it.
    """
    ratio = (1 / config.crop_aspect, config.crop_aspect)
    window = Compose(
        [RandomResizedCrop(scale=(config.crop_area, 1.0), ratio=ratio), RandomHorizontalFlip(config.flip)]
    )
    loader = DctLoader(
        dataset,
        Decoder(config.size_at(epoch), channels=network.channels, normalize=network.normalize, window=window),
        batch_size=min(config.batch_size, max(1, len(dataset))),
        photometric=ColorJitter(config.brightness, config.contrast, config.saturation),
        shuffle=True,
        drop_last=True,
        seed=config.seed,
        num_threads=config.workers,
    )
    loader.set_epoch(epoch)
    return loader


def whole_batches(
    dataset: CachedFiles, *, config: TrainingConfig, network: DelgConfig, epoch: int
) -> DctLoader:
    """All pictures whole, squeezed to the epoch's size, in their own order."""
    decoder = Decoder(config.size_at(epoch), channels=network.channels, normalize=network.normalize)
    return DctLoader(dataset, decoder, batch_size=config.batch_size, num_threads=config.workers)
