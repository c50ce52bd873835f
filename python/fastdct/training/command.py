"""The options of a training run on a command line, taken from the fields of its config."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import Any

from fastdct.training.config import TrainingConfig
from fastdct.training.loop import train_delg
from fastdct.training.progress import TerminalProgress

_TYPES: dict[str, Any] = {"int": int, "float": float, "str": str, "Path": Path}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add one option for each field of :class:`TrainingConfig`: ``batch_size`` becomes ``--batch-size``."""
    for field in dataclasses.fields(TrainingConfig):
        flag = "--" + field.name.replace("_", "-")
        required = field.default is dataclasses.MISSING
        shown = "" if required or field.default in (None, False) else f" (default: {field.default})"
        text = field.metadata["help"] + shown
        if field.type == "bool":
            parser.add_argument(flag, action="store_true", help=text)
        else:
            kind = _TYPES[str(field.type).removesuffix(" | None")]
            default = None if required else field.default
            parser.add_argument(flag, type=kind, required=required, default=default, help=text)


def run(arguments: argparse.Namespace) -> None:
    """Train as the parsed options say, with a progress bar."""
    names = [field.name for field in dataclasses.fields(TrainingConfig)]
    config = TrainingConfig(**{name: getattr(arguments, name) for name in names})
    train_delg(config, progress=TerminalProgress())
    print(f"wrote {config.output}")
