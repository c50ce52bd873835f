"""Drawings in SVG: a picture with its box, and two pictures with lines between verified matches."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdct.geometry import Box
from fastdct.retrieval.ranking import Hit

_HEIGHT = 400.0  # of a drawing, in its own units
_WIDEST = 900.0  # of one picture in a drawing
_GAP = 16.0


@dataclass(frozen=True)
class Shown:
    """A picture on a page.

    Attributes
    ----------
    name
        How it is called there.
    jpeg
        A small upright JPEG of it, or None where the file is not at hand.
    height, width
        Size of the original upright picture in pixels, in which keypoints and boxes are given.
    """

    name: str
    jpeg: bytes | None
    height: int
    width: int

    @property
    def url(self) -> str:
        """The JPEG as a data URL; empty where there is none."""
        return "" if self.jpeg is None else "data:image/jpeg;base64," + base64.b64encode(self.jpeg).decode()


def boxed(shown: Shown, box: Box | None) -> str:
    """An SVG of a picture, with ``box`` drawn on it."""
    scale = _scale(shown)
    width, height = shown.width * scale, shown.height * scale
    label = f"Query {shown.name}" + ("" if box is None else ", the searched part is marked with a box")
    outline = "" if box is None else _outline(_corners(box) * scale)
    return _svg(width, height, label, [_image(shown, 0, scale), outline])


def pair(query: Shown, candidate: Shown, hit: Hit, box: Box | None) -> str:
    """An SVG of query and candidate side by side, with a line for each inlier of ``hit``.

    The box, if any, is drawn on the query and, through the affine map that was found, on the candidate.
    """
    scales = _scale(query), _scale(candidate)
    left = query.width * scales[0] + _GAP
    height = max(query.height * scales[0], candidate.height * scales[1])
    parts = [_image(query, 0, scales[0]), _image(candidate, left, scales[1])]
    if box is not None and hit.model is not None:
        found = _corners(box) @ hit.model[:, :2].T + hit.model[:, 2]  # [4, 2]
        parts += [
            _outline(_corners(box) * scales[0]),
            _cut(candidate, left, scales[1], _outline(found * scales[1])),
        ]
    starts = hit.query_points * scales[0]  # [m, 2]
    stops = hit.points * scales[1] + [left, 0]  # [m, 2]
    parts += _lines(starts, stops)
    label = f"{len(starts)} matching points between {query.name} and {candidate.name}"
    return _svg(left + candidate.width * scales[1], height, label, parts)


def _scale(shown: Shown) -> float:
    return min(_HEIGHT / shown.height, _WIDEST / shown.width)


def _svg(width: float, height: float, label: str, parts: Iterable[str]) -> str:
    size = f'viewBox="0 0 {width:.1f} {height:.1f}" width="{width:.1f}" height="{height:.1f}"'
    opening = f'<svg {size} role="img" aria-label="{escape(label)}">'
    return "\n".join([opening, *filter(None, parts), "</svg>"])


def _image(shown: Shown, left: float, scale: float) -> str:
    width, height = shown.width * scale, shown.height * scale
    # A thumbnail's sides are whole blocks, so that its aspect is a little off: stretched to the true one.
    return (
        f'<image href="{shown.url}" x="{left:.1f}" y="0" width="{width:.1f}" height="{height:.1f}" '
        'preserveAspectRatio="none"/>'
    )


def _cut(shown: Shown, left: float, scale: float, drawing: str) -> str:
    """A drawing over a picture, cut off where the picture ends."""
    return f'<svg x="{left:.1f}" width="{shown.width * scale:.1f}" height="{shown.height * scale:.1f}">{drawing}</svg>'


def _corners(box: Box) -> NDArray[np.float64]:
    x1, y1, x2, y2 = box
    return np.array([(x1, y1), (x2, y1), (x2, y2), (x1, y2)], dtype=np.float64)


def _outline(points: NDArray[np.float64]) -> str:
    return f'<polygon class="box" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}"/>'


def _lines(starts: NDArray[np.floating[Any]], stops: NDArray[np.floating[Any]]) -> list[str]:
    """Lines with dots at both ends, coloured from top to bottom of the query so that they can be followed."""
    parts = []
    for place, row in enumerate(np.argsort(starts[:, 1], kind="stable")):
        (x1, y1), (x2, y2) = starts[row], stops[row]
        color = f"hsl({330 * place / max(len(starts), 1):.0f} 90% 60%)"
        parts.append(
            f'<line class="line" stroke="{color}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'
        )
        for x, y in ((x1, y1), (x2, y2)):
            parts.append(f'<circle class="dot" fill="{color}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>')
    return parts
