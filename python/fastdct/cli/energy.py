"""The energy of every frequency as a picture: SVG written by hand, as it takes a square a frequency and no library."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

_CELL, _GAP, _TOP = 36, 28, 44
_NAMES = {"luma": "Y", "cb": "Cb", "cr": "Cr"}
# Dark to light through blue, red and yellow, like the colour maps that keep their order in grey.
_COLOURS = ((13, 8, 70), (110, 20, 140), (205, 70, 85), (250, 160, 50), (250, 250, 160))


def draw(energy: Mapping[str, Sequence[float]]) -> str:
    """SVG of three 8×8 squares, one a component: row v, column u; colour and number are log10 of the mean square.

    Parameters
    ----------
    energy
        ``luma``, ``cb``, ``cr`` → mean square of the coefficient at natural index ``8 * v + u``, 64 each.
    """
    levels = {name: [math.log10(max(value, 1e-6)) for value in values] for name, values in energy.items()}
    everything = [level for values in levels.values() for level in values]
    low, high = min(everything), max(everything)
    side = 8 * _CELL
    width, height = len(levels) * (side + _GAP) + _GAP, side + _TOP + _GAP
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        'font-family="sans-serif" font-size="12" text-anchor="middle">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
    ]
    for place, (name, values) in enumerate(levels.items()):
        left = _GAP + place * (side + _GAP)
        label = f"{_NAMES[name]}: log10 of the mean square, u to the right, v down"
        lines.append(f'<text x="{left + side / 2:g}" y="{_TOP - 14}">{label}</text>')
        lines += _cells(values, left, low, high)
    return "\n".join([*lines, "</svg>", ""])


def _cells(levels: Sequence[float], left: int, low: float, high: float) -> Iterator[str]:
    for index, level in enumerate(levels):
        v, u = divmod(index, 8)
        x, y = left + u * _CELL, _TOP + v * _CELL
        share = (level - low) / (high - low) if high > low else 0.0
        yield f'<rect x="{x}" y="{y}" width="{_CELL - 1}" height="{_CELL - 1}" fill="{_colour(share)}"/>'
        ink = "black" if share > 0.6 else "white"
        yield f'<text x="{x + _CELL / 2:g}" y="{y + _CELL / 2 + 4:g}" fill="{ink}">{level:.1f}</text>'


def _colour(share: float) -> str:
    """The colour at ``share`` in [0, 1] of the way along the map."""
    place = share * (len(_COLOURS) - 1)
    first = min(int(place), len(_COLOURS) - 2)
    mixed = (
        round(one + (other - one) * (place - first))
        for one, other in zip(_COLOURS[first], _COLOURS[first + 1], strict=True)
    )
    return f"rgb({','.join(map(str, mixed))})"
