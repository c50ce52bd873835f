"""How a training run begins, or goes on: data, network and optimiser put together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch

from fastdct.data import DctLoader, measure
from fastdct.decoder import Decoder
from fastdct.geometry import Resize
from fastdct.jpeg import JpegError
from fastdct.models import InputSpec
from fastdct.training.average import Average
from fastdct.training.batch_norm import share_batch_norm
from fastdct.training.batches import CachedFiles, validation_batches
from fastdct.training.cache import ImageCache
from fastdct.training.checkpoint import Checkpoint
from fastdct.training.config import TrainingConfig
from fastdct.training.data import TrainingData
from fastdct.training.distributed import Ranks
from fastdct.training.objective import Objective, Statistics
from fastdct.training.progress import Progress
from fastdct.training.run import Files, Run
from fastdct.training.schedule import make_optimizer

_MIB = 1 << 20


def start(config: TrainingConfig, data: TrainingData, *, ranks: Ranks, progress: Progress) -> Run:
    """Build the network; the first process looks at every file once and tells the others what it found."""
    torch.manual_seed(config.seed)
    objective = config.objective(data.labelled.classes)
    cache = ImageCache(config.cache_mib * _MIB)
    found: Any = None
    if ranks.first:
        found = _look(config, _files(data, cache, {}), spec=objective.input, progress=progress)
    statistics, errors = ranks.told(found)
    if not objective.keeps_statistics:
        objective.set_statistics(statistics)
    files = _files(data, cache, errors)
    if ranks.first:  # the others are told when the processes join
        objective.prepare(lambda: whole_batches(files, config=config, objective=objective))
    return _assemble(config, objective, files, ranks)


def whole_batches(files: Files, *, config: TrainingConfig, objective: Objective) -> DctLoader:
    """The training pictures, whole, on the device where the objective is."""
    device = next(objective.parameters()).device
    decoder = objective.decoder(config.size, window=Resize())
    return validation_batches(files.training, decoder, config=config, ranks=Ranks(0, 1, device))


def resume(config: TrainingConfig, data: TrainingData, checkpoint: Checkpoint, *, ranks: Ranks) -> Run:
    """Rebuild the run that left ``checkpoint``."""
    objective = config.objective(data.labelled.classes, checkpoint.network)
    files = _files(data, ImageCache(config.cache_mib * _MIB), checkpoint.errors)
    run = _assemble(config, objective, files, ranks)
    run.objective.load_state_dict(checkpoint.objective)
    run.optimizer.load_state_dict(checkpoint.optimizer)
    if run.average is not None and checkpoint.average is not None:
        run.average.load_state_dict(checkpoint.average)
    run.next_epoch = checkpoint.next_epoch
    return run


def _look(
    config: TrainingConfig, files: Files, *, spec: InputSpec, progress: Progress
) -> tuple[Statistics, dict[str, str]]:
    """The statistics of whole pictures, as training ends with them, and the files that cannot be decoded."""
    size = config.late_size or config.size
    decoder = replace(spec, chroma_size=None).decoder(size, dtype="float32", on_error="mask")  # one grid
    with progress.task("reading the data", len(files.training) + len(files.validation)) as advance:

        def several(count: int) -> None:
            for _ in range(count):
                advance()

        found = measure(files.training, decoder, num_threads=config.workers, advance=several)
        errors = found.errors | _unreadable(files.validation, decoder, config=config, advance=several)
    return found.normalize, {name: str(error) for name, error in errors.items()}


def _unreadable(
    files: CachedFiles, decoder: Decoder, *, config: TrainingConfig, advance: Callable[[int], object]
) -> dict[str, JpegError]:
    """The errors of files by name; it may be all of them."""
    if not len(files):
        return {}
    loader = DctLoader(files, decoder, batch_size=config.batch_size, num_threads=config.workers)
    for batch in loader:
        advance(len(batch.tensor))
    return loader.errors


def _assemble(config: TrainingConfig, objective: Objective, files: Files, ranks: Ranks) -> Run:
    if config.sync_batch_norm:
        share_batch_norm(objective, ranks)
    # Channels last: a step of ResNet-18 at 128 px takes .84 to .89 of the time on pixels, .78 to .89 on coefficients (float32
    # to bfloat16, one thread of a Xeon with AMX); only narrow networks in float32 (fbs) lose, by 5 to 7 %.
    objective.to(device=ranks.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = Average(objective, decay=config.ema) if config.ema else None
    return Run(config, objective, make_optimizer(objective, config), average, files, ranks)


def _files(data: TrainingData, cache: ImageCache, errors: dict[str, str]) -> Files:
    """The files of both parts but those with errors."""

    def usable(positions: Sequence[int]) -> CachedFiles:
        labelled = data.labelled
        pairs = [(labelled.sources[position], labelled.labels[position]) for position in positions]
        return CachedFiles([(path, label) for path, label in pairs if str(path) not in errors], cache)

    return Files(usable(data.training), usable(data.validation), len(data.labelled.classes), errors)
