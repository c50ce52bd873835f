"""``fastdct train classify``, ``delg`` and ``distil``: train a model on your own pictures."""

from __future__ import annotations

import argparse
from typing import Any


class _TrainingParser(argparse.ArgumentParser):
    """Takes the options of the training loop when it is used: they need torch, and other commands do not."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        from fastdct.training import command

        command.add_arguments(self, command.TASKS[self.get_default("task")])
        return super().parse_known_args(args, namespace)


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    train = commands.add_parser("train", help="train a model on labelled pictures")
    kinds = train.add_subparsers(title="models", metavar="MODEL", required=True, parser_class=_TrainingParser)
    for task, text in (
        ("classify", "a classifier on DCT or RGB input"),
        ("delg", "global and local features: DELG on DCT input"),
        ("distil", "the same from a network on pixels that knows more: distillation"),
    ):
        kinds.add_parser(task, help=text).set_defaults(task=task, run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from fastdct.training import command

    command.run(command.TASKS[arguments.task], arguments)
    return 0
