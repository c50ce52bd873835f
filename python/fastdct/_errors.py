"""The error of everything that reads or writes JPEG files."""

from __future__ import annotations


class JpegError(ValueError):
    """A source that cannot be read, or an image that cannot be written.

    The message is ``<source name>: <cause>``; it survives pickling, so that worker processes can raise it.

    Attributes
    ----------
    source_name : str
        The path, or ``<bytes>``, ``<ndarray>``, ... for data in memory.
    cause : str
        What is wrong and, where there is something to do about it, what is accepted.
    """

    def __init__(self, source_name: str, cause: str) -> None:
        super().__init__(source_name, cause)
        self.source_name = source_name
        self.cause = cause

    def __str__(self) -> str:
        return f"{self.source_name}: {self.cause}"
