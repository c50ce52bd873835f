"""What training is fed with: random windows of cached files, and fixed windows of those held out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fastdct.data import DctLoader, Sample
from fastdct.decoder import Decoder
from fastdct.photometric import ColorJitter
from fastdct.training.cache import ImageCache
from fastdct.training.config import TrainingConfig
from fastdct.training.distributed import Ranks
from fastdct.training.split import balanced


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

    def balanced(self, *, seed: int, epoch: int) -> CachedFiles:
        """As many files, of every class equally many, drawn from (seed, epoch)."""
        positions = balanced([label for _, label in self.files], seed=seed, epoch=epoch)
        return CachedFiles([self.files[position] for position in positions], self.cache)


def training_batches(
    dataset: CachedFiles, decoder: Decoder, *, config: TrainingConfig, epoch: int, ranks: Ranks
) -> DctLoader:
    """Windows of every picture once, in an order drawn from (seed, epoch).

    Batches of one number in all processes make the batch that one process alone would have. A last batch that is not
    full is left out, unless it is the only one: batch normalisation estimates from it.

    Raises
    ------
    ValueError
        Processes cannot share the batch evenly.
    """
    if config.batch_size % ranks.count or len(dataset) < ranks.count:
        raise ValueError(
            f"a batch of {config.batch_size} from {len(dataset)} pictures cannot be shared by {ranks.count} "
            "processes; give a multiple of their number"
        )
    if config.balanced:
        dataset = dataset.balanced(seed=config.seed, epoch=epoch)
    loader = DctLoader(
        dataset,
        decoder,
        batch_size=min(config.batch_size, len(dataset)) // ranks.count,
        photometric=ColorJitter(config.brightness, config.contrast, config.saturation),
        shuffle=True,
        drop_last=True,
        rank=ranks.rank,
        num_replicas=ranks.count,
        seed=config.seed,
        num_threads=config.workers,
        device=ranks.device,
    )
    loader.set_epoch(epoch)
    return loader


def validation_batches(
    dataset: CachedFiles, decoder: Decoder, *, config: TrainingConfig, ranks: Ranks
) -> DctLoader:
    """All pictures in their own order.

    Of several processes the last ones see some pictures again, so that all have equally many.
    """
    return DctLoader(
        dataset,
        decoder,
        batch_size=-(-config.batch_size // ranks.count),
        rank=ranks.rank,
        num_replicas=ranks.count,
        num_threads=config.workers,
        device=ranks.device,
    )
