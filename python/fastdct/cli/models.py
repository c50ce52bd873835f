"""``fastdct models``: every network by name, with what it costs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from fastdct._extras import require
from fastdct.cli.terminal import print_table

if TYPE_CHECKING:
    from fastdct.models import InputSpec

_COLUMNS = (
    "network",
    "input",
    "from",
    "multiply-adds / G",
    "parameters / M",
    "as Keras counts / M",
)


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("models", help="list networks, what they take and what they cost")
    command.add_argument(
        "pattern",
        metavar="PATTERN",
        nargs="?",
        default="*",
        help="names to list, such as 'resnet50-*' (default: all)",
    )
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Build the networks without weights, run them on empty tensors and count."""
    require("torch", extra="torch")
    rows = list(_rows(arguments.pattern))
    if not rows:
        print(f"fastdct: no network is named {arguments.pattern!r}", file=sys.stderr)
        return 1
    print_table(_COLUMNS, rows, left=3)
    return 0


def _rows(pattern: str) -> Iterator[tuple[str, ...]]:
    import torch

    from fastdct import models

    for name in models.names():
        if fnmatchcase(name, pattern):
            with torch.device("meta"):
                network = models.create(name)
            cost = models.complexity(network)
            millions = (f"{count / 1e6:.2f}" for count in (cost.parameters, cost.keras_parameters))
            yield name, *_described(network.config.input), f"{cost.multiply_adds / 1e9:.3f}", *millions


def _described(spec: InputSpec) -> tuple[str, str]:
    """The shapes of the tensors, and of the pixels that they are made from."""
    shapes = " + ".join("×".join(map(str, shape)) for shape in spec.shapes)
    return shapes, f"{spec.size}² {'pixels' if spec.channels is None else 'window'}"
