"""An iterator run ahead of its consumer by a thread of its own."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class _End:
    """What follows the last item: why there are no more, if that is an error."""

    error: BaseException | None


class ReadAhead(Generic[T]):
    """The items of an iterator, up to ``depth`` of them fetched before they are asked for.

    An error of the iterator is raised where its item would have come. `close` stops the thread and waits for it.
    """

    def __init__(self, items: Iterator[T], *, depth: int) -> None:
        self._items = items
        self._queue: queue.Queue[T | _End] = queue.Queue(depth)
        self._closed = threading.Event()
        # A daemon: a consumer that was left without being closed must not keep the process from exiting.
        self._thread = threading.Thread(target=self._fetch, name="fastdct-read", daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[T]:
        while not isinstance(item := self._queue.get(), _End):
            yield item
        if item.error is not None:
            raise item.error

    def close(self) -> None:
        """Stop fetching."""
        self._closed.set()
        while self._thread.is_alive():
            try:  # the thread may be waiting for room
                self._queue.get_nowait()
            except queue.Empty:
                self._thread.join(0.01)

    def _fetch(self) -> None:
        try:
            for item in self._items:
                self._queue.put(item)
                if self._closed.is_set():
                    return
            self._queue.put(_End(None))
        except BaseException as error:  # raised again in the consumer, whatever it is
            self._queue.put(_End(error))
