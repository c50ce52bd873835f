"""How a training run begins, or goes on: data, network and optimiser put together."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace

import torch

from fastdct import models
from fastdct.data import ChannelStatistics, Labelled, image_folder, labels_csv, measure
from fastdct.decoder import Decoder
from fastdct.models.config import DelgConfig
from fastdct.models.delg import Delg
from fastdct.training.batches import CachedFiles
from fastdct.training.cache import ImageCache
from fastdct.training.checkpoint import Checkpoint
from fastdct.training.config import TrainingConfig
from fastdct.training.losses import DelgLoss
from fastdct.training.progress import Progress
from fastdct.training.run import Run, Sources, make_optimizer
from fastdct.training.split import stratified_split

_MIB = 1 << 20
_BUILDERS: dict[str, Callable[..., Delg]] = {
    "delg-small": models.delg_small,
    "delg-resnet50": models.delg_resnet50,
}


def read_data(config: TrainingConfig) -> Labelled:
    """Read the labels.

    Raises
    ------
    ValueError
        They cannot be read, or name fewer than two classes.
    """
    if config.labels.is_dir():
        data = image_folder(config.labels)
    else:
        data = labels_csv(
            config.labels,
            root=config.root,
            path_column=config.path_column,
            label_column=config.label_column,
        )
    if len(data.classes) < 2:
        raise ValueError(
            f"{config.labels} holds only the class {data.classes[0]!r}; training needs at least two"
        )
    return data


def start(config: TrainingConfig, data: Labelled, progress: Progress) -> Run:
    """Look at every file once, then build the network that the findings call for."""
    torch.manual_seed(config.seed)
    model = _build(config)
    cache = ImageCache(config.cache_mib * _MIB)
    decoder = Decoder(config.late_size or config.size, channels=model.config.channels)  # as training ends
    sources = _sources(config, data, cache=cache, errors={})
    with progress.task("reading the data", len(data)) as advance:

        def look(dataset: CachedFiles) -> ChannelStatistics:
            return measure(
                dataset,
                decoder,
                num_threads=config.workers,
                advance=lambda count: [advance() for _ in range(count)],
            )

        found = look(sources.training)
        errors = found.errors | (look(sources.validation).errors if len(sources.validation) else {})
    if config.initial is None:  # else the network keeps the statistics that its weights were trained with
        mean, std = found.normalize
        model.config = replace(model.config, mean=mean, std=std)
    texts = {name: str(error) for name, error in errors.items()}
    return _assemble(config, data, model, cache=cache, errors=texts)


def _build(config: TrainingConfig) -> Delg:
    if config.initial is not None:
        model = models.load(config.initial)
        if model.config.channels.num_channels != config.channels:
            raise ValueError(
                f"{config.initial} takes {model.config.channels.num_channels} channels, not {config.channels}"
            )
        return model
    if config.model not in _BUILDERS:
        raise ValueError(f"there is no network {config.model!r}; there are {', '.join(_BUILDERS)}")
    return _BUILDERS[config.model](channels=config.channels)


def _assemble(
    config: TrainingConfig, data: Labelled, model: Delg, *, cache: ImageCache, errors: dict[str, str]
) -> Run:
    sources = _sources(config, data, cache=cache, errors=errors)
    loss = DelgLoss(
        embedding_dim=model.config.embedding_dim,
        local_dim=model.config.local_dim,
        num_classes=len(data.classes),
        margin=config.margin,
        scale=config.scale,
        attention_weight=config.attention_weight,
    )
    return Run(config, model, loss, make_optimizer(model, loss, config), sources, errors)


def _sources(config: TrainingConfig, data: Labelled, *, cache: ImageCache, errors: dict[str, str]) -> Sources:
    """The files of both parts but those with errors."""

    def usable(positions: Sequence[int]) -> CachedFiles:
        pairs = [(data.sources[position], data.labels[position]) for position in positions]
        return CachedFiles([(path, label) for path, label in pairs if str(path) not in errors], cache)

    training, validation = stratified_split(data.labels, fraction=config.validation, seed=config.seed)
    return Sources(usable(training), usable(validation))


def resume(config: TrainingConfig, data: Labelled, checkpoint: Checkpoint) -> Run:
    """Rebuild the run that left ``checkpoint``."""
    model = Delg(DelgConfig.from_dict(checkpoint.network))
    cache = ImageCache(config.cache_mib * _MIB)
    run = _assemble(config, data, model, cache=cache, errors=checkpoint.errors)
    run.model.load_state_dict(checkpoint.model)
    run.loss.load_state_dict(checkpoint.loss)
    run.optimizer.load_state_dict(checkpoint.optimizer)
    run.next_epoch = checkpoint.next_epoch
    return run


def fingerprint(data: Labelled) -> str:
    """Return a digest of files and labels: positions in a checkpoint mean nothing for other data."""
    lines = [f"{path}\t{data.classes[label]}" for path, label in zip(data.sources, data.labels, strict=True)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
