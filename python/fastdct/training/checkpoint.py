"""Checkpoints: everything a run needs to go on as if it had never stopped."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from fastdct._files import replacing
from fastdct.training.tensor_files import load_tensors

CHECKPOINT_FILE = "checkpoint.pt"
_VERSION = 3


class CheckpointError(ValueError):
    """A checkpoint that cannot be continued; the message names the file and the way out."""


@dataclass(frozen=True)
class Checkpoint:
    """The state between two epochs.

    Order and windows are drawn from (seed, epoch, position), so no random generator's state is part of it.

    Attributes
    ----------
    next_epoch
        Epochs done.
    training, network
        The training run's config, what the network is rebuilt from, both as plain dicts.
    data
        Digest of the files, their labels and which of them are held out.
    errors
        Files left out, by path, and why.
    objective, optimizer, average
        State dicts; ``average`` is None where none is kept.
    """

    next_epoch: int
    training: dict[str, Any]
    network: dict[str, Any]
    data: str
    errors: dict[str, str]
    objective: dict[str, Any]
    optimizer: dict[str, Any]
    average: dict[str, Any] | None

    def write(self, directory: Path) -> None:
        """Write to ``directory``; a crash leaves the checkpoint before this one."""
        with replacing(directory / CHECKPOINT_FILE) as file:
            torch.save({"version": _VERSION, **vars(self)}, file)

    @classmethod
    def read(cls, directory: Path) -> Checkpoint | None:
        """Return the checkpoint of ``directory``, None if it has none; it cannot run code.

        Raises
        ------
        CheckpointError
            It is damaged, or of another version.
        """
        file = directory / CHECKPOINT_FILE
        if not file.exists():
            return None
        try:
            values = load_tensors(file)
        except ValueError as error:
            raise CheckpointError(f"{file} is damaged; delete it to start anew: {error}") from error
        if not isinstance(values, dict) or values.pop("version", None) != _VERSION:
            raise CheckpointError(f"{file} is of another version of fastdct; delete it to start anew")
        return cls(**values)

    def check_same_run(
        self, training: dict[str, Any], *, defaults: dict[str, Any], data: str, directory: Path
    ) -> None:
        """Refuse to continue another run; threads, memory, storage and, unless the rate depends on it, epochs may change.

        An option that was added since the run began had its default.
        """
        free = {"workers", "cache_mib", "half", "output", "plot", "device"}
        if training["schedule"] != "cosine":
            free.add("epochs")
        began = {**defaults, **self.training}
        differ = [key for key in training if key not in free and began.get(key) != training[key]]
        if differ:
            changes = ", ".join(f"{key} was {began.get(key)!r}, is {training[key]!r}" for key in differ)
            raise CheckpointError(
                f"{directory} holds another run ({changes}); choose another output or delete it"
            )
        if self.data != data:
            raise CheckpointError(
                f"{directory} holds a run on other files, labels or split; choose another output or delete it"
            )
