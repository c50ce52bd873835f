"""The command ``fastdct``: look into files, index a folder, search it, judge it, measure, train."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from fastdct import __version__
from fastdct._extras import MissingExtraError
from fastdct.cli import codec, delete, evaluate, index, info, models, search, stats, table, train

_USER_ERRORS = (ValueError, OSError, KeyError, MissingExtraError)


def parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    top = argparse.ArgumentParser(
        prog="fastdct", description="Search images straight from the DCT coefficients of their JPEG files."
    )
    top.add_argument("--version", action="version", version=f"fastdct {__version__}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in (info, index, search, evaluate, table, delete, codec, stats, models, train):
        command.add_to(commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 0, 1 where nothing was done, 2 on an error, 130 when interrupted."""
    try:
        arguments = parser().parse_args(argv)
        status: int = arguments.run(arguments)
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # the reader of our output has gone, as in "fastdct search … | head -3"
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except _USER_ERRORS as error:
        print(f"fastdct: error: {_message(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("fastdct: interrupted", file=sys.stderr)
        return 130


def _message(error: Exception) -> str:
    if isinstance(error, KeyError):
        return str(error.args[0])
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error)
