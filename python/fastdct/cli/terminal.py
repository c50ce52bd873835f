"""Tables and progress: drawn by rich on a terminal, plain text in a pipe or a file."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from fastdct._extras import require


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 1) -> None:
    """Print rows under headings; the first ``left`` columns are aligned left, the others right."""
    if sys.stdout.isatty():
        _rich_table(columns, rows, left)
        return
    lines = [columns, *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    for line in lines:
        cells = [
            cell.ljust(width) if i < left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        print("  ".join(cells).rstrip())


def _rich_table(columns: Sequence[str], rows: Sequence[Sequence[str]], left: int) -> None:
    table = require("rich.table", extra="cli").Table(box=require("rich.box", extra="cli").SIMPLE_HEAD)
    for i, column in enumerate(columns):
        table.add_column(column, justify="left" if i < left else "right", overflow="fold")
    escape = require("rich.markup", extra="cli").escape
    for row in rows:
        table.add_row(*map(escape, row))
    require("rich.console", extra="cli").Console().print(table)


@contextmanager
def progress_bar(label: str, *, total: int) -> Iterator[Callable[[int], object]]:
    """A bar on the standard error stream, if that is a terminal; yields what advances it by a number of steps."""
    if not sys.stderr.isatty():
        yield lambda steps: None
        return
    progress = require("rich.progress", extra="cli")
    columns = (
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TimeRemainingColumn(),
    )
    console = require("rich.console", extra="cli").Console(stderr=True)
    with progress.Progress(*columns, console=console) as bar:
        task = bar.add_task(label, total=total)
        yield lambda steps: bar.advance(task, steps)
