"""Training DELG from labelled pictures to weights that can be shipped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch

from fastdct import models
from fastdct.data import Labelled, image_folder, labels_csv
from fastdct.decoder import Decoder
from fastdct.models.config import DelgConfig
from fastdct.models.delg import Delg
from fastdct.training.batches import Samples, num_training_batches
from fastdct.training.cache import ImageCache
from fastdct.training.checkpoint import Checkpoint
from fastdct.training.config import TrainingConfig
from fastdct.training.losses import DelgLoss
from fastdct.training.metrics import MetricsLog
from fastdct.training.progress import NoProgress, Progress
from fastdct.training.run import Labels, Run, Sources, make_optimizer
from fastdct.training.split import stratified_split
from fastdct.training.survey import survey

_MIB = 1 << 20
_BUILDERS: dict[str, Callable[..., Delg]] = {
    "delg-small": models.delg_small,
    "delg-resnet50": models.delg_resnet50,
}


def train_delg(config: TrainingConfig, *, progress: Progress | None = None) -> Delg:
    """Train DELG and write model.safetensors and config.json to ``config.output``.

    Every epoch leaves a checkpoint and a line of metrics.jsonl there. A run that was stopped goes on from its
    last checkpoint when it is called again, and ends with the same bits as one that never stopped (on the
    same machine with the same number of threads). Files that cannot be decoded are left out and named by
    ``progress``.

    Parameters
    ----------
    config
        The run.
    progress
        Told about what happens; silent if not given.

    Returns
    -------
    Delg
        The trained network in eval mode, with channel statistics and attention threshold in its config.

    Raises
    ------
    ValueError
        The data cannot be read, hold fewer than two classes, or no file of them can be used.
    CheckpointError
        ``config.output`` holds a checkpoint of another run, or a damaged one.
    """
    progress = progress or NoProgress()
    config.output.mkdir(parents=True, exist_ok=True)
    data = _read_data(config)
    checkpoint = Checkpoint.read(config.output)
    if checkpoint is None:
        run = _start(config, data, progress)
    else:
        checkpoint.check_same_run(config.to_dict(), directory=config.output)
        run = _resume(config, data, checkpoint)
    progress.started(len(run.sources.training), len(run.sources.validation), errors=run.errors)
    log = MetricsLog(config.output, next_epoch=run.next_epoch)
    while run.next_epoch < config.epochs:
        with progress.task(f"epoch {run.next_epoch + 1}/{config.epochs}", _batches_per_epoch(run)) as advance:
            metrics = run.train_epoch(advance)
        _checkpoint(run).write(config.output)
        log.append(metrics)
        progress.epoch_ended(metrics)
    models.save(run.model, config.output, half=config.half)
    return run.model.eval()


def _batches_per_epoch(run: Run) -> int:
    return num_training_batches(len(run.sources.training), config=run.config)


def _read_data(config: TrainingConfig) -> Labelled:
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


def _start(config: TrainingConfig, data: Labelled, progress: Progress) -> Run:
    """Look at every file once, then build the network that the findings call for."""
    torch.manual_seed(config.seed)
    model = _build(config)
    cache = ImageCache(config.cache_mib * _MIB)
    decoder = Decoder(config.late_size or config.size, channels=model.config.channels)  # as training ends
    raw = Samples(data.sources, data.labels, decoder, cache)
    training, validation = stratified_split(data.labels, fraction=config.validation, seed=config.seed)
    errors: dict[int, str] = {}
    with progress.task("reading the data", len(data)) as advance:
        found = survey(raw, training, workers=config.workers, advance=advance)
        errors |= found.errors
        if validation:
            errors |= survey(raw, validation, workers=config.workers, advance=advance).errors
    if config.initial is None:  # else the network keeps the statistics that its weights were trained with
        model.config = replace(model.config, mean=found.mean, std=found.std)
    named = {str(data.sources[position]): text for position, text in errors.items()}
    return _assemble(config, data, model, cache=cache, errors=named)


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
    def usable(positions: Sequence[int]) -> Labels:
        pairs = [(data.sources[position], data.labels[position]) for position in positions]
        return [(path, label) for path, label in pairs if str(path) not in errors]

    training, validation = stratified_split(data.labels, fraction=config.validation, seed=config.seed)
    sources = Sources(usable(training), usable(validation), cache)
    loss = DelgLoss(
        embedding_dim=model.config.embedding_dim,
        local_dim=model.config.local_dim,
        num_classes=len(data.classes),
        margin=config.margin,
        scale=config.scale,
        attention_weight=config.attention_weight,
    )
    return Run(config, model, loss, make_optimizer(model, loss, config), sources, errors)


def _resume(config: TrainingConfig, data: Labelled, checkpoint: Checkpoint) -> Run:
    model = Delg(DelgConfig.from_dict(checkpoint.network))
    cache = ImageCache(config.cache_mib * _MIB)
    run = _assemble(config, data, model, cache=cache, errors=checkpoint.errors)
    run.model.load_state_dict(checkpoint.model)
    run.loss.load_state_dict(checkpoint.loss)
    run.optimizer.load_state_dict(checkpoint.optimizer)
    run.next_epoch = checkpoint.next_epoch
    return run


def _checkpoint(run: Run) -> Checkpoint:
    return Checkpoint(
        next_epoch=run.next_epoch,
        training=run.config.to_dict(),
        network=run.model.config.to_dict(),
        errors=run.errors,
        model=run.model.state_dict(),
        loss=run.loss.state_dict(),
        optimizer=run.optimizer.state_dict(),
    )
