"""Options as fields of a frozen record: help and accepted values stand beside each default."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any


@dataclasses.dataclass(frozen=True)
class Range:
    """The values that an option accepts; ``text`` completes "must be …"."""

    text: str
    holds: Callable[[Any], bool]


POSITIVE = Range("positive", lambda value: value > 0)
NOT_NEGATIVE = Range("at least 0", lambda value: value >= 0)
AT_LEAST_ONE = Range("at least 1", lambda value: value >= 1)
SHARE = Range("from 0 to 1", lambda value: 0 <= value <= 1)
POSITIVE_SHARE = Range("above 0 and at most 1", lambda value: 0 < value <= 1)
BELOW_ONE = Range("at least 0 and below 1", lambda value: 0 <= value < 1)
BLOCKS = Range("a positive multiple of 8", lambda value: value > 0 and value % 8 == 0)
BLOCKS_OR_NONE = Range("0 or a positive multiple of 8", lambda value: value >= 0 and value % 8 == 0)


def one_of(*words: str) -> Range:
    """The range of a few words."""
    listed = f"{', '.join(words[:-1])} or {words[-1]}"
    return Range(listed, lambda value: value in words)


def option(text: str, *, default: Any = dataclasses.MISSING, accepted: Range | None = None) -> Any:
    """A field with its help; without a default it must be given."""
    return dataclasses.field(default=default, metadata={"help": text, "accepted": accepted})


def check(record: Any) -> None:
    """Check every field of ``record``, so that a slip is found before hours of work and not after.

    Raises
    ------
    ValueError
        A value outside its range; the message names the field and what it accepts.
    """
    for field in dataclasses.fields(record):
        value, accepted = getattr(record, field.name), field.metadata["accepted"]
        if accepted is not None and not accepted.holds(value):
            raise ValueError(f"{field.name} must be {accepted.text}, not {value!r}")
