"""What a training run tells the person who waits for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from fastdct._extras import require


class Progress(Protocol):
    """What :func:`fastdct.training.train` reports to."""

    def started(self, num_training: int, num_validation: int, *, errors: Mapping[str, str]) -> None:
        """Say how many pictures there are, and which files were left out and why."""

    def task(self, title: str, total: int) -> AbstractContextManager[Callable[[], None]]:
        """Begin a task of ``total`` steps; what is returned is called after each."""

    def epoch_ended(self, metrics: Mapping[str, float | None]) -> None:
        """Say how an epoch went: one line of metrics.jsonl."""


class NoProgress:
    """Says nothing."""

    def started(self, num_training: int, num_validation: int, *, errors: Mapping[str, str]) -> None:
        """Do nothing."""

    @contextmanager
    def task(self, title: str, total: int) -> Iterator[Callable[[], None]]:
        """Do nothing."""
        yield lambda: None

    def epoch_ended(self, metrics: Mapping[str, float | None]) -> None:
        """Do nothing."""


class TerminalProgress:
    """Progress bars and one line an epoch; needs rich (extra "cli")."""

    def __init__(self) -> None:
        require("rich", extra="cli")
        from rich.console import Console

        self._console = Console()

    def started(self, num_training: int, num_validation: int, *, errors: Mapping[str, str]) -> None:
        """Print the sizes and every file that was left out."""
        for path, error in errors.items():
            self._console.print(f"left out {path}: {error}", style="yellow", markup=False, soft_wrap=True)
        self._console.print(
            f"{num_training} pictures to train on, {num_validation} held out", highlight=False
        )

    @contextmanager
    def task(self, title: str, total: int) -> Iterator[Callable[[], None]]:
        """Show a bar with the time that is left."""
        from rich.progress import Progress as Bars

        with Bars(console=self._console, transient=True) as bars:
            task = bars.add_task(title, total=total)
            yield lambda: bars.advance(task)

    def epoch_ended(self, metrics: Mapping[str, float | None]) -> None:
        """Print the epoch's losses, accuracy and speed."""
        accuracy = metrics["validation_accuracy"]
        held_out = "" if accuracy is None else f"  held-out accuracy {accuracy:.3f}"
        parts = ", ".join(
            f"{name.removesuffix('_loss')} {value:.3f}"
            for name, value in metrics.items()
            if name.endswith("_loss")
        )
        self._console.print(
            f"epoch {metrics['epoch']:>3}  loss {metrics['loss']:.3f}{f'  ({parts})' if parts else ''}{held_out}"
            f"  {metrics['images_per_second']:.0f} images/s",
            highlight=False,
        )
