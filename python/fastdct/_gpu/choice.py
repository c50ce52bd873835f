"""Which of two ways is faster here, found by going both."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

Way = Literal["cpu", "cuda"]
"""Where Huffman codes are decoded."""

# The first turn of each warms up: memory is allocated, kernels are loaded.
_TRIALS: tuple[Way, ...] = ("cuda", "cpu", "cuda", "cpu")
_FEWEST_SOURCES = 32  # fewer say little, and are soon done either way


@dataclass
class Turn:
    """One call: its way, and how many blocks of coefficients it has decoded."""

    way: Way
    num_blocks: int = 0


class Choice:
    """Tries both ways on the first calls of some size, then keeps to the faster one."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._rates: list[float] = []  # of the trials: blocks a second

    @contextmanager
    def turn(
        self, wanted: Way | Literal["auto"], num_sources: int, *, finish: Callable[[], None]
    ) -> Iterator[Turn]:
        """A call of ``num_sources``. If it is a trial, ``finish`` waits until the device has done it."""
        decided = len(self._rates) == len(_TRIALS)
        if wanted != "auto":
            yield Turn(wanted)
        elif decided or num_sources < _FEWEST_SOURCES:
            yield Turn(self._faster() if decided else "cpu")
        else:
            turn, start = Turn(_TRIALS[len(self._rates)]), self._clock()
            yield turn
            finish()
            self._rates.append(turn.num_blocks / max(self._clock() - start, 1e-9))

    def _faster(self) -> Way:
        return max(zip(self._rates[2:], _TRIALS[2:], strict=True))[1]
