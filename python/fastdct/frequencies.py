"""Frequencies of an 8×8 block: the zig-zag order and the selections of channels that networks take.

A frequency is named by its natural index ``8 * v + u``: ``v`` counts vertical, ``u`` horizontal cycles.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np


def _zigzag_order() -> list[int]:
    # ITU-T T.81, figure 5: anti-diagonals v + u = s, walked downwards where s is odd, upwards where it is even.
    def key(index: int) -> tuple[int, int]:
        v, u = divmod(index, 8)
        return (v + u, v if (v + u) % 2 else u)

    return sorted(range(64), key=key)


ZIGZAG = np.array(_zigzag_order(), dtype=np.int64)
"""int64 [64]: the natural index that stands at each zig-zag position (ITU-T T.81, figure 5)."""
ZIGZAG.setflags(write=False)

_COMPONENTS = ("luma", "cb", "cr")

# The static selections of Xu et al., "Learning in the Frequency Domain" (CVPR 2020), as staircases:
# row v of the block holds its first n[v] horizontal frequencies.
_STAIRCASES: dict[int, tuple[tuple[int, ...], tuple[int, ...]]] = {
    24: ((4, 4, 4, 4), (2, 2)),
    32: ((5, 5, 5, 4, 3), (3, 2)),
    48: ((6, 6, 6, 6, 4, 4), (3, 3, 2)),
    64: ((7, 7, 6, 6, 6, 6, 6), (3, 3, 2, 2)),
    192: ((8,) * 8, (8,) * 8),
}


@dataclass(frozen=True)
class ChannelSelection:
    """Which frequencies of Y, Cb and Cr become channels, in the order of the channels.

    Attributes
    ----------
    name
        How the selection is spoken of, such as ``"static-64"``.
    luma, cb, cr
        Natural indices ``8 * v + u`` in 0..63, no index twice in one component. The channels of a tensor are
        those of ``luma``, then ``cb``, then ``cr``.
    """

    name: str
    luma: tuple[int, ...]
    cb: tuple[int, ...]
    cr: tuple[int, ...]

    def __post_init__(self) -> None:
        for component in _COMPONENTS:
            _check_indices(component, getattr(self, component))
        if self.num_channels == 0:
            raise ValueError(f"the selection {self.name!r} is empty; it needs at least one frequency")

    @property
    def counts(self) -> tuple[int, int, int]:
        """Number of channels taken from Y, Cb and Cr."""
        return len(self.luma), len(self.cb), len(self.cr)

    @property
    def num_channels(self) -> int:
        """Number of channels in all."""
        return sum(self.counts)

    def to_dict(self) -> dict[str, Any]:
        """Plain lists and strings, for a JSON file; `from_dict` reads them back."""
        return {"name": self.name, "luma": list(self.luma), "cb": list(self.cb), "cr": list(self.cr)}

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> ChannelSelection:
        """The selection that `to_dict` described.

        Raises
        ------
        ValueError
            A field is missing, or an index is outside 0..63 or stands twice.
        """
        missing = {"name", "luma", "cb", "cr"} - set(fields)
        if missing:
            raise ValueError(
                f"a channel selection needs the fields name, luma, cb, cr; missing: {sorted(missing)}"
            )
        return cls(str(fields["name"]), tuple(fields["luma"]), tuple(fields["cb"]), tuple(fields["cr"]))


def _check_indices(component: str, indices: tuple[int, ...]) -> None:
    wrong = [index for index in indices if not (isinstance(index, int | np.integer) and 0 <= index < 64)]
    if wrong:
        raise ValueError(f"{component} holds {wrong[0]!r}; a frequency is an integer 8 * v + u in 0..63")
    if len(set(indices)) != len(indices):
        raise ValueError(f"{component} names a frequency twice: {sorted(indices)}")


def _staircase(widths: Iterable[int]) -> tuple[int, ...]:
    return tuple(8 * v + u for v, width in enumerate(widths) for u in range(width))


def static(num_channels: int) -> ChannelSelection:
    """The published static selection of 24, 32, 48 or 64 channels, or all 192.

    The indices run row by row through the block, as in the authors' code; this is not the zig-zag order
    (Xu et al., CVPR 2020, section 3.3; 64 channels = 44 of Y, 10 each of Cb and Cr).

    Raises
    ------
    ValueError
        No static selection of that size was published.
    """
    if num_channels not in _STAIRCASES:
        known = ", ".join(map(str, sorted(_STAIRCASES)))
        raise ValueError(
            f"no static selection of {num_channels} channels is published; there are {known}. "
            "For other sizes use fbs(n), zigzag_first(num_luma, num_chroma) or explicit(...)"
        )
    luma, chroma = (_staircase(widths) for widths in _STAIRCASES[num_channels])
    return ChannelSelection(f"static-{num_channels}", luma, chroma, chroma)


def fbs(num_frequencies: int) -> ChannelSelection:
    """Frequency band selection: the ``n`` lowest zig-zag frequencies of every component, 3n channels.

    Source: Santos and Almeida, "The Good, the Bad, and the Ugly: Neural Networks Straight from JPEG" (2020).
    """
    indices = _first(num_frequencies)
    return ChannelSelection(f"fbs-{num_frequencies}", indices, indices, indices)


def zigzag_first(num_luma: int, num_chroma: int) -> ChannelSelection:
    """The first ``num_luma`` zig-zag frequencies of Y and the first ``num_chroma`` of Cb and of Cr.

    With (44, 10) this has as many channels as ``static(64)`` and other frequencies: the two are not
    interchangeable.
    """
    chroma = _first(num_chroma)
    return ChannelSelection(f"zigzag-{num_luma}-{num_chroma}", _first(num_luma), chroma, chroma)


def explicit(luma: Iterable[int], cb: Iterable[int], cr: Iterable[int]) -> ChannelSelection:
    """A selection of your own: natural indices ``8 * v + u``, in the order that the channels are to have."""
    return ChannelSelection("explicit", tuple(luma), tuple(cb), tuple(cr))


def strongest(scores: Mapping[str, Sequence[float]], num_channels: int) -> ChannelSelection:
    """The ``num_channels`` channels of the highest scores, whatever their components, in zig-zag order.

    Parameters
    ----------
    scores
        ``luma``, ``cb``, ``cr`` → 64 numbers in natural order: energies as ``fastdct stats`` measures them, or how often
        a gate looks at a channel. Of equal scores the lower frequency wins, and luma.

    Raises
    ------
    ValueError
        A component lacks or has not 64 scores, or ``num_channels`` is not in 1..192.
    """
    wrong = [name for name in _COMPONENTS if len(scores.get(name, ())) != 64]
    if wrong:
        raise ValueError(f"scores need 64 numbers each for luma, cb and cr; not so: {', '.join(wrong)}")
    if not 1 <= num_channels <= 192:
        raise ValueError(f"there are 192 channels; the strongest {num_channels} cannot be taken")
    ranked = sorted(
        ((position, component) for position in range(64) for component in _COMPONENTS),
        key=lambda place: -scores[place[1]][ZIGZAG[place[0]]],
    )
    kept = sorted(ranked[:num_channels])
    chosen = {
        name: tuple(int(ZIGZAG[position]) for position, component in kept if component == name)
        for name in _COMPONENTS
    }
    return ChannelSelection(f"strongest-{num_channels}", **chosen)


def from_statistics(file: str | os.PathLike[str], num_channels: int) -> ChannelSelection:
    """The ``num_channels`` channels of the largest energy in what ``fastdct stats -o`` wrote.

    Raises
    ------
    ValueError
        The file holds no such statistics, or ``num_channels`` is not in 1..192.
    """
    try:
        energy = json.loads(Path(file).read_text(encoding="utf-8"))["energy"]
        scores = {name: [float(value) for value in energy[name]] for name in _COMPONENTS}
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{os.fspath(file)} holds no energies of channels; write it by: fastdct stats PHOTOS -o FILE"
        ) from error
    return strongest(scores, num_channels)


def named(name: str) -> ChannelSelection:
    """The selection of a name: ``"static-64"`` or ``"64"``, ``"fbs-16"``, ``"zigzag-44-10"``.

    Raises
    ------
    ValueError
        No selection has that name.
    """
    kind, *numbers = name.split("-") if "-" in name else ("static", name)
    makers: dict[tuple[str, int], Callable[..., ChannelSelection]] = {
        ("static", 1): static,
        ("fbs", 1): fbs,
        ("zigzag", 2): zigzag_first,
    }
    maker = makers.get((kind, len(numbers)))
    if maker is None or not all(map(str.isdecimal, numbers)):
        raise ValueError(
            f"{name!r} names no selection; there are static-N (or N), fbs-N and zigzag-NUM_LUMA-NUM_CHROMA"
        )
    return maker(*map(int, numbers))


def _first(count: int) -> tuple[int, ...]:
    if not 0 <= count <= 64:
        raise ValueError(f"a block has 64 frequencies; the first {count} cannot be taken")
    return tuple(int(index) for index in ZIGZAG[:count])


def resolve(channels: int | ChannelSelection) -> ChannelSelection:
    """The selection meant by what a caller gave: a number names a static selection.

    Raises
    ------
    ValueError
        A number without a published static selection.
    TypeError
        Neither a number nor a `ChannelSelection`.
    """
    if isinstance(channels, ChannelSelection):
        return channels
    if isinstance(channels, int):
        return static(channels)
    raise TypeError(f"channels must be an int or a ChannelSelection, not {type(channels).__name__}")
