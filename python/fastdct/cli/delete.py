"""``fastdct delete INDEX NAME…``: take images out of an index."""

from __future__ import annotations

import argparse

from fastdct.cli.arguments import add_index


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("delete", help="take images out of an index")
    add_index(command)
    command.add_argument("names", nargs="+", metavar="NAME", help="as a search lists it")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Delete all of the images, or none if one is unknown."""
    from fastdct.retrieval import Index

    index = Index.open(arguments.index)
    index.delete(arguments.names)
    print(f"deleted {len(set(arguments.names))}, {len(index)} images in {index.path}")
    return 0
