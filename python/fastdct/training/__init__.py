"""Losses and the loop that train the models."""

from fastdct._extras import require

for _module in ("torch", "safetensors"):
    require(_module, extra="torch")

# Imported after the check above, so that a missing torch is named with the command that installs it.
from fastdct.training.checkpoint import CheckpointError  # noqa: E402
from fastdct.training.classify import ClassifyTraining  # noqa: E402
from fastdct.training.delg import DelgTraining  # noqa: E402
from fastdct.training.distillation import DistilTraining  # noqa: E402
from fastdct.training.loop import train  # noqa: E402
from fastdct.training.losses import DelgLoss  # noqa: E402
from fastdct.training.margins import ArcFace, CurricularFace  # noqa: E402
from fastdct.training.progress import TerminalProgress  # noqa: E402

__all__ = [
    "ArcFace",
    "CheckpointError",
    "ClassifyTraining",
    "CurricularFace",
    "DelgLoss",
    "DelgTraining",
    "DistilTraining",
    "TerminalProgress",
    "train",
]
