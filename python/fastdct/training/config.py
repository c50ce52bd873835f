"""What a training run does: every choice in one frozen record."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


def _option(default: Any, text: str) -> Any:
    return dataclasses.field(default=default, metadata={"help": text})


_RANGES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "a positive multiple of 8": (lambda value: value > 0 and value % 8 == 0, "size"),
    "0 or a positive multiple of 8": (lambda value: value >= 0 and value % 8 == 0, "late_size"),
    "float32 or bfloat16": (lambda value: value in ("float32", "bfloat16"), "precision"),
    "above 0 and at most 1": (lambda value: 0 < value <= 1, "crop_area"),
    "from 0 to 1": (lambda value: 0 <= value <= 1, "flip brightness contrast saturation"),
    "at least 0 and below 1": (lambda value: 0 <= value < 1, "validation"),
    "at least 1": (lambda value: value >= 1, "crop_aspect epochs batch_size step_epochs workers"),
    "positive": (lambda value: value > 0, "learning_rate clip_norm scale"),
    "at least 0": (
        lambda value: value >= 0,
        "late_from momentum scale_rate weight_decay margin attention_weight cache_mib seed",
    ),
}


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """A training run of DELG; the defaults are the source's schedule.

    Optimiser, schedule, margin, scale and loss weight: Temburwar et al., section 4.4. Crop and gradient
    clipping, which it leaves open: the DELG authors' program (area 0.08 to 1, aspect 3/4 to 4/3, no flip,
    norm 10). The scale learns more slowly than the rest: at the same rate, in a network that starts from nothing,
    it falls from 30 below 0 within two epochs, because a small scale is the quickest way to a smaller loss.
    Small windows first and large ones late save most of the time (Touvron et al., "Fixing the train-test
    resolution discrepancy", NeurIPS 2019, section 4).

    Raises
    ------
    ValueError
        A value outside its range.
    """

    labels: Path = dataclasses.field(
        metadata={
            "help": "CSV table of paths and labels, or a folder with one folder of JPEGs for each class"
        }
    )
    output: Path = dataclasses.field(
        metadata={"help": "folder for weights, metrics and checkpoint; a run found there is continued"}
    )
    root: Path | None = dataclasses.field(
        default=None,
        metadata={"help": "folder that the table's paths are relative to (default: the table's own)"},
    )
    path_column: str = _option("path", "column of the table that holds paths")
    label_column: str = _option("label", "column of the table that holds labels")
    model: str = _option("delg-small", "network: delg-small or delg-resnet50")
    initial: str | None = _option(
        None, "start from these weights: a folder, or delg-small for the packaged ones"
    )
    channels: int = _option(64, "DCT channels of the input: 24, 32, 48, 64 or 192")
    size: int = _option(448, "side of the square window in pixels, a multiple of 8")
    late_size: int = _option(0, "side of the window from the epoch late-from on; 0: as before")
    late_from: int = _option(0, "first epoch, counted from 0, with windows of late-size")
    crop_area: float = _option(0.08, "smallest part of a picture's area that a training window covers")
    crop_aspect: float = _option(1.3333, "largest aspect (and 1 / smallest) of a training window")
    flip: float = _option(0.0, "chance of mirroring a training window")
    brightness: float = _option(0.0, "largest random relative change of brightness")
    contrast: float = _option(0.0, "largest random relative change of contrast")
    saturation: float = _option(0.0, "largest random relative change of saturation")
    epochs: int = _option(40, "epochs to train")
    batch_size: int = _option(32, "windows in a batch")
    learning_rate: float = _option(0.1, "learning rate of the first epochs")
    step_epochs: int = _option(10, "epochs after which the learning rate is divided by 10, again and again")
    momentum: float = _option(0.9, "momentum of stochastic gradient descent")
    weight_decay: float = _option(1e-4, "weight decay")
    clip_norm: float = _option(10.0, "largest norm of the gradient")
    margin: float = _option(0.15, "angular margin of ArcFace in radians")
    scale: float = _option(30.0, "initial scale of ArcFace, learned from there")
    scale_rate: float = _option(0.01, "learning rate of the scale as a share of the others")
    attention_weight: float = _option(1.0, "weight beta of the attention loss")
    validation: float = _option(0.2, "share of every class held out to measure accuracy")
    precision: str = _option("float32", "arithmetic of convolutions: float32 or bfloat16")
    workers: int = _option(1, "threads that decode ahead")
    cache_mib: int = _option(
        1024, "memory for the coefficients of files already read, in MiB; 0 reads them anew"
    )
    half: bool = _option(False, "store the trained matrices in float16")
    seed: int = _option(0, "seed of initial weights, order and windows")

    def __post_init__(self) -> None:
        """Check ranges, so that a slip is found before hours of work and not after."""
        for name in ("labels", "output", "root"):  # callers may give plain strings
            value = getattr(self, name)
            object.__setattr__(self, name, None if value is None else Path(value))
        for accepted, (holds, names) in _RANGES.items():
            for name in names.split():
                if not holds(getattr(self, name)):
                    raise ValueError(f"{name} must be {accepted}, not {getattr(self, name)!r}")

    def size_at(self, epoch: int) -> int:
        """Return the side of an epoch's windows in pixels."""
        return self.late_size if self.late_size and epoch >= self.late_from else self.size

    def learning_rate_at(self, epoch: int) -> float:
        """Return the learning rate of an epoch, counted from 0."""
        return float(self.learning_rate * 0.1 ** (epoch // self.step_epochs))

    def to_dict(self) -> dict[str, Any]:
        """Return plain numbers and strings, as checkpoints hold them."""
        values = dataclasses.asdict(self)
        return {key: str(value) if isinstance(value, Path) else value for key, value in values.items()}
