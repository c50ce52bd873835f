"""The options of a training run on a command line or in a file, taken from the fields of its config."""

from __future__ import annotations

import argparse
import dataclasses
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastdct.training.classify import ClassifyTraining
from fastdct.training.config import TrainingConfig
from fastdct.training.delg import DelgTraining
from fastdct.training.distillation import DistilTraining
from fastdct.training.loop import train
from fastdct.training.progress import TerminalProgress

TASKS: dict[str, type[TrainingConfig]] = {
    "classify": ClassifyTraining,
    "delg": DelgTraining,
    "distil": DistilTraining,
}
_TYPES: dict[str, Any] = {"int": int, "float": float, "str": str, "Path": Path}
# What a TOML value may be where an option is of this type.
_ACCEPTED: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (int, float),
    "str": (str,),
    "Path": (str,),
    "bool": (bool,),
}


def add_arguments(parser: argparse.ArgumentParser, kind: type[TrainingConfig]) -> None:
    """Add --config, and one option for each field of ``kind``: ``batch_size`` becomes ``--batch-size``.

    The namespace holds what was given, nothing else: what was not comes from the file or from the field.
    """
    parser.add_argument(
        "--config", type=Path, help="TOML file of options, named as here; those given here go before"
    )
    for field in dataclasses.fields(kind):
        flag = "--" + field.name.replace("_", "-")
        silent = field.default is dataclasses.MISSING or field.default is None or field.default is False
        shown = "" if silent else f" (default: {field.default})"
        given: dict[str, Any] = {"help": field.metadata["help"] + shown, "default": argparse.SUPPRESS}
        if field.type == "bool":
            parser.add_argument(flag, action=argparse.BooleanOptionalAction, **given)
        else:
            parser.add_argument(flag, type=_TYPES[_type(field)], **given)


def make_config(kind: type[TrainingConfig], arguments: argparse.Namespace) -> TrainingConfig:
    """The config that a command line, and the file that it may name, ask for.

    Raises
    ------
    ValueError
        The file is no TOML file or names an unknown option, a value is not accepted, or an option that is
        needed is given nowhere.
    OSError
        The file cannot be read.
    """
    fields = {field.name: field for field in dataclasses.fields(kind)}
    values = {} if arguments.config is None else _read(arguments.config, fields)
    values |= {name: value for name, value in vars(arguments).items() if name in fields}
    for name, field in fields.items():
        if field.default is dataclasses.MISSING and name not in values:
            raise ValueError(
                f"{name} is needed: give --{name} {name.upper()}, or {name} = … in a file after --config"
            )
    return kind(**values)


def run(kind: type[TrainingConfig], arguments: argparse.Namespace) -> None:
    """Train as the parsed options say, with a progress bar."""
    config = make_config(kind, arguments)
    train(config, progress=TerminalProgress())


def _read(file: Path, fields: Mapping[str, dataclasses.Field[Any]]) -> dict[str, Any]:
    """The options of a TOML file; words may be joined by hyphens or underscores."""
    try:
        with file.open("rb") as stream:
            table = tomllib.load(stream)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{file}: is no TOML file: {error}") from error
    values = {name.replace("-", "_"): value for name, value in table.items()}
    for name, value in values.items():
        if name not in fields:
            raise ValueError(f"{file}: there is no option {name!r}; there are {', '.join(fields)}")
        accepted = _ACCEPTED[_type(fields[name])]
        # A bool is an int to Python.
        if not isinstance(value, accepted) or (isinstance(value, bool) and bool not in accepted):
            raise ValueError(f"{file}: {name} must be of type {_type(fields[name])}, not {value!r}")
    return values


def _type(field: dataclasses.Field[Any]) -> str:
    return str(field.type).removesuffix(" | None")
