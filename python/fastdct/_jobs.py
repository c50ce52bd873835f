"""Sources made ready for the core: opened, their windows known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from fastdct import _C
from fastdct._pictures import Picture, decode_rgb, open_source, padded_picture, picture_name
from fastdct.geometry import CenterCrop, Resize, Rule, Window
from fastdct.jpeg import JpegError


class Job(NamedTuple):
    """One source on its way into a row of a batch."""

    row: int
    name: str
    source: Any
    window: Window


@dataclass(frozen=True)
class FixedWindow:
    """The rule that is one window for every picture."""

    window: Window

    def __call__(self, height: int, width: int) -> Window:
        """The window."""
        return self.window


# Rules that nothing is drawn by: of a batch of photos of some sizes, each window is found once. Applying a rule took a third
# of the time in which the host makes a picture ready for a device.
_SAME_FOR_SAME_SIZES = (FixedWindow, Resize, CenterCrop)


@dataclass(frozen=True)
class JobMaker:
    """Opens sources. ``rule`` makes the windows of those that come without one."""

    rule: Rule
    upright: bool
    max_pixels: int

    def jobs(
        self, sources: Sequence[Picture], windows: Sequence[Window | Rule] | None, *, stop_at_error: bool
    ) -> tuple[list[Job], dict[int, JpegError]]:
        """A job of each source, and the errors of those that cannot be opened.

        Raises
        ------
        JpegError
            A source cannot be opened, with ``stop_at_error``.
        ValueError
            A window lies outside its picture.
        """
        jobs: list[Job] = []
        errors: dict[int, JpegError] = {}
        rule = lru_cache(self.rule) if isinstance(self.rule, _SAME_FOR_SAME_SIZES) else self.rule
        for index, source in enumerate(sources):
            try:
                jobs.append(self.job(index, source, rule if windows is None else windows[index]))
            except JpegError as error:
                if stop_at_error:
                    raise
                errors[index] = error
        return jobs, errors

    def job(self, row: int, source: Picture, window: Window | Rule | None = None) -> Job:
        """The job of one source, its window by ``rule`` if none is given; raises as `jobs` does."""
        native, (height, width) = open_source(source, upright=self.upright, max_pixels=self.max_pixels)
        rule, name = window or self.rule, picture_name(source)
        chosen = (rule if isinstance(rule, Window) else rule(height, width)).clipped(height, width)
        if chosen.reaches_beyond(height, width):
            native, chosen = self._pad(native, (height, width), chosen, name)
        return Job(row, name, native, chosen)

    def _pad(self, native: Any, size: tuple[int, int], window: Window, name: str) -> tuple[Any, Window]:
        x1, y1, x2, y2 = window.box
        if max((x2 - x1) * (y2 - y1), size[0] * size[1]) > self.max_pixels:
            raise JpegError(name, f"a padded window {window.box} of more than max_pixels={self.max_pixels}")
        try:
            rgb = decode_rgb(native, size, upright=self.upright, max_pixels=self.max_pixels)
        except _C.JpegError as error:
            raise JpegError(name, str(error)) from None
        return padded_picture(rgb, window)
