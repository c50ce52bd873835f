"""Training DELG from labelled pictures to weights that can be shipped."""

from __future__ import annotations

from fastdct import models
from fastdct.models.delg import Delg
from fastdct.training.checkpoint import Checkpoint
from fastdct.training.config import TrainingConfig
from fastdct.training.metrics import MetricsLog
from fastdct.training.progress import NoProgress, Progress
from fastdct.training.run import Run
from fastdct.training.setup import fingerprint, read_data, resume, start


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
    data = read_data(config)
    data_digest = fingerprint(data)
    checkpoint = Checkpoint.read(config.output)
    if checkpoint is None:
        run = start(config, data, progress)
    else:
        checkpoint.check_same_run(config.to_dict(), data=data_digest, directory=config.output)
        run = resume(config, data, checkpoint)
    progress.started(len(run.sources.training), len(run.sources.validation), errors=run.errors)
    log = MetricsLog(config.output, next_epoch=run.next_epoch)
    while run.next_epoch < config.epochs:
        with progress.task(
            f"epoch {run.next_epoch + 1}/{config.epochs}", len(run.training_batches())
        ) as advance:
            metrics = run.train_epoch(advance)
        _checkpoint(run, data=data_digest).write(config.output)
        log.append(metrics)
        progress.epoch_ended(metrics)
    models.save(run.model, config.output, half=config.half)
    return run.model.eval()


def _checkpoint(run: Run, *, data: str) -> Checkpoint:
    return Checkpoint(
        next_epoch=run.next_epoch,
        training=run.config.to_dict(),
        network=run.model.config.to_dict(),
        data=data,
        errors=run.errors,
        model=run.model.state_dict(),
        loss=run.loss.state_dict(),
        optimizer=run.optimizer.state_dict(),
    )
