"""The labelled pictures of a run: read, and split into those to train on and those held out."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from fastdct.data import Labelled, image_folder, is_landmarks, labels_csv, landmarks_csv
from fastdct.training.config import TrainingConfig
from fastdct.training.split import stratified_split


@dataclass(frozen=True)
class TrainingData:
    """Labelled pictures, and the positions of both parts."""

    labelled: Labelled
    training: Sequence[int]
    validation: Sequence[int]

    def fingerprint(self) -> str:
        """Return a digest of files, labels and split: a run that goes on with others may have seen what it is judged by."""
        data, held_out = self.labelled, frozenset(self.validation)
        lines = [
            f"{path}\t{data.classes[label]}\t{position in held_out}"
            for position, (path, label) in enumerate(zip(data.sources, data.labels, strict=True))
        ]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def read_data(config: TrainingConfig) -> TrainingData:
    """Read the labels, and hold out what the table says, else a share of every class.

    Raises
    ------
    ValueError
        They cannot be read, name fewer than two classes, or hold out a class that there is nothing to train on of.
    """
    if config.split_column is None:
        labelled = _all(config)
        training, validation = stratified_split(labelled.labels, fraction=config.validation, seed=config.seed)
        data = TrainingData(labelled, training, validation)
    else:
        data = _split_by_column(config)
    classes = data.labelled.classes
    if len(classes) < 2:
        raise ValueError(f"{config.labels} holds only the class {classes[0]!r}; training needs at least two")
    return data


def _all(config: TrainingConfig) -> Labelled:
    if config.labels.is_dir():
        return image_folder(config.labels)
    if is_landmarks(config.labels):
        return landmarks_csv(config.labels, root=config.root)
    return _table(config)


def _table(config: TrainingConfig, where: dict[str, str] | None = None) -> Labelled:
    return labels_csv(
        config.labels,
        root=config.root,
        path_column=config.path_column,
        label_column=config.label_column,
        where=where,
    )


def _split_by_column(config: TrainingConfig) -> TrainingData:
    if config.labels.is_dir():
        raise ValueError(f"{config.labels} is a folder; split-column is for tables")
    assert config.split_column is not None
    training, validation = (_table(config, {config.split_column: word}) for word in ("train", "val"))
    place = {name: index for index, name in enumerate(training.classes)}
    if unknown := [name for name in validation.classes if name not in place]:
        raise ValueError(f"{config.labels}: no picture of {unknown[0]!r} to train on, only such to hold out")
    labels = tuple(place[validation.classes[label]] for label in validation.labels)
    joined = Labelled(training.sources + validation.sources, training.labels + labels, training.classes)
    count = len(training)
    return TrainingData(joined, range(count), range(count, len(joined)))
