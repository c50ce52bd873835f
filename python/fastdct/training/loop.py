"""Training from labelled pictures to weights that can be used."""

from __future__ import annotations

from torch import nn

from fastdct.training import plot
from fastdct.training.checkpoint import Checkpoint
from fastdct.training.config import TrainingConfig
from fastdct.training.data import read_data
from fastdct.training.distributed import Ranks, joined
from fastdct.training.metrics import MetricsLog
from fastdct.training.progress import NoProgress, Progress
from fastdct.training.run import Run
from fastdct.training.setup import resume, start, whole_batches


def train(config: TrainingConfig, *, progress: Progress | None = None) -> nn.Module:
    """Train a network and write model.safetensors and config.json to ``config.output``.

    Every epoch leaves a checkpoint and a line of metrics.jsonl there. A run that was stopped goes on from its
    last checkpoint when it is called again, and ends with the same bits as one that never stopped (on the
    same machine with the same number of threads). Files that cannot be decoded are left out and named by
    ``progress``. Started by torchrun, all its processes train one network.

    Parameters
    ----------
    config
        The run: a `ClassifyTraining`, a `DelgTraining` or a `DistilTraining`.
    progress
        Told about what happens; silent if not given, and in all processes but the first.

    Returns
    -------
    nn.Module
        The trained network in eval mode, with what it needs to be used in its config. Of several processes the first
        one's is what was written; the others' lack what is fitted after the last epoch.

    Raises
    ------
    ValueError
        The data cannot be read, hold fewer than two classes, or no file of them can be used.
    CheckpointError
        ``config.output`` holds a checkpoint of another run, or a damaged one.
    """
    if config.plot:
        plot.require_library()
    config.output.mkdir(parents=True, exist_ok=True)
    with joined(config.device) as ranks:
        run = _train(config, ranks, progress if progress is not None and ranks.first else NoProgress())
    return run.result.model.eval()


def _train(config: TrainingConfig, ranks: Ranks, progress: Progress) -> Run:
    data = read_data(config)
    checkpoint = Checkpoint.read(config.output)
    if checkpoint is None:
        run = start(config, data, ranks=ranks, progress=progress)
    else:
        checkpoint.check_same_run(
            config.to_dict(), defaults=config.defaults(), data=data.fingerprint(), directory=config.output
        )
        run = resume(config, data, checkpoint, ranks=ranks)
    files = run.files
    progress.started(len(files.training), len(files.validation), errors=files.errors)
    log = MetricsLog(config.output, next_epoch=run.next_epoch) if ranks.first else None
    while run.next_epoch < config.epochs:
        title = f"epoch {run.next_epoch + 1}/{config.epochs}"
        with progress.task(title, len(run.training_batches())) as advance:
            metrics = run.train_epoch(advance)
        if log is not None:
            _checkpoint(run, data=data.fingerprint()).write(config.output)
            log.append(metrics)
            if config.plot:
                plot.draw(config.output)
        progress.epoch_ended(metrics)
    if ranks.first:
        run.result.eval()
        run.result.finish(lambda: whole_batches(files, config=config, objective=run.result))
        run.result.save(config.output, half=config.half)
    return run


def _checkpoint(run: Run, *, data: str) -> Checkpoint:
    return Checkpoint(
        next_epoch=run.next_epoch,
        training=run.config.to_dict(),
        network=run.objective.description(),
        data=data,
        errors=run.files.errors,
        objective=run.objective.state_dict(),
        optimizer=run.optimizer.state_dict(),
        average=None if run.average is None else run.average.state_dict(),
    )
