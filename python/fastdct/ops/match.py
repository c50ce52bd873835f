"""Tentative matches: descriptors of one query against those of many candidate images."""

from __future__ import annotations

from dataclasses import dataclass, fields
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastdct.ops._arrays import Array, checked_offsets, is_tensor, like, real_matrix, shapes

_Floats = NDArray[np.float32]
_Indices = NDArray[np.int64]

_BLOCK_DISTANCES = 1 << 22
"""Distances held at once: 16 MiB of float32."""


@dataclass(frozen=True, repr=False, eq=False)
class Matches:
    """K matches between one query and P candidates: numpy arrays, or tensors if tensors came in.

    Attributes
    ----------
    query_index : int64 [K]
        Row of the query's descriptor, rising within a candidate.
    candidate_index : int64 [K]
        Row of the candidate's descriptor, counted from the first row of that candidate.
    offsets : int64 [P + 1]
        Candidate p has the matches ``offsets[p]`` up to ``offsets[p + 1]``.
    distance : float32 [K]
        Euclidean distance of the two descriptors.
    """

    query_index: Array
    candidate_index: Array
    offsets: Array
    distance: Array

    def __repr__(self) -> str:
        return shapes(self, tuple(field.name for field in fields(self)))


class _Pairs(NamedTuple):
    """Matches with one candidate."""

    query_index: _Indices  # [k]
    candidate_index: _Indices  # [k]
    distance: _Floats  # [k]


def match(
    query: Array,
    candidates: Array,
    offsets: Array,
    *,
    mutual: bool = True,
    max_ratio: float | None = None,
    max_distance: float | None = None,
) -> Matches:
    """Match each query descriptor to its nearest neighbour (Euclidean) in each candidate, by exhaustive search.

    The neighbour is chosen from |q|^2 + |c|^2 - 2 q.c in float32, so two that are equally near to within about 1e-6 of
    the squared norms may change places; equal values go to the first row. Distances that are returned or compared with
    a bound are computed from differences. Each candidate is matched by itself: the others do not change its matches.

    Parameters
    ----------
    query : float or integer [n, d]
        Descriptors of the query, computed in float32; n may be 0.
    candidates : float or integer [M, d]
        Descriptors of all candidates, one after another; not modified, like ``query``.
    offsets : integer [P + 1]
        Candidate p holds the rows ``offsets[p]`` up to ``offsets[p + 1]``, which may be none.
    mutual : bool
        Keep a match only if the query descriptor is also the nearest to the candidate's. Each descriptor is then in at
        most one match.
    max_ratio : float or None
        Lowe's ratio test (2004, section 7.1): keep a match only if its distance is at most this part of the distance to
        the second nearest in the same candidate, in (0, 1]. A candidate with one descriptor has no second: it passes.
    max_distance : float or None
        Keep a match only if its distance is at most this.

    Raises
    ------
    TypeError, ValueError
        An argument has another type, shape or range than stated; the message says which and what is accepted.
    """
    q = _descriptors(query, name="query")  # [n, d]
    c = _descriptors(candidates, name="candidates")  # [M, d]
    if q.shape[1] != c.shape[1]:
        raise ValueError(f"query and candidates must be equally wide, not {q.shape[1]} and {c.shape[1]}")
    parts = checked_offsets(offsets, num_rows=len(c), rows_of="candidates")
    if max_ratio is not None and not 0 < max_ratio <= 1:
        raise ValueError(f"max_ratio must be in (0, 1], or None, not {max_ratio}")
    if max_distance is not None and not max_distance >= 0:
        raise ValueError(f"max_distance must not be negative, or None, not {max_distance}")
    found = [
        _match_one(q, c[first:last], mutual=mutual, max_ratio=max_ratio, max_distance=max_distance)
        for first, last in pairwise(parts.tolist())
    ]
    counts = [len(pairs.query_index) for pairs in found]
    arrays = (
        _join([pairs.query_index for pairs in found], np.int64),
        _join([pairs.candidate_index for pairs in found], np.int64),
        np.cumsum([0, *counts], dtype=np.int64),
        _join([pairs.distance for pairs in found], np.float32),
    )
    tensors = any(map(is_tensor, (query, candidates, offsets)))
    return Matches(*(like(array, tensors=tensors) for array in arrays))


def _descriptors(value: Array, *, name: str) -> _Floats:
    matrix = real_matrix(value, name=name, dtype=np.float32)
    largest = float(np.abs(matrix).max(initial=0))
    if largest * largest * max(1, matrix.shape[1]) > float(np.finfo(np.float32).max) / 8:
        raise ValueError(
            f"{name} holds {largest}: squared distances overflow float32, scale the descriptors down"
        )
    return matrix


def _join(parts: list[NDArray[np.generic]], dtype: type[np.generic]) -> NDArray[np.generic]:
    return np.concatenate([np.empty(0, dtype), *parts])


def _match_one(
    q: _Floats, c: _Floats, *, mutual: bool, max_ratio: float | None, max_distance: float | None
) -> _Pairs:
    if len(q) == 0 or len(c) == 0:
        return _Pairs(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32))
    nearest, second, nearest_query = _neighbours(q, c)
    rows = np.arange(len(q))
    distance = _distances(q, c[nearest])  # [n]
    keep = np.ones(len(q), np.bool_)  # [n]
    if mutual:
        keep &= nearest_query[nearest] == rows
    if max_ratio is not None and len(c) > 1:
        keep &= distance <= max_ratio * _distances(q, c[second])
    if max_distance is not None:
        keep &= distance <= max_distance
    return _Pairs(rows[keep], nearest[keep], distance[keep].astype(np.float32))


def _neighbours(q: _Floats, c: _Floats) -> tuple[_Indices, _Indices, _Indices]:
    """Nearest and second nearest candidate row of each query row [n], nearest query row of each candidate row [m]."""
    q_squares = np.einsum("ij,ij->i", q, q)  # [n]
    c_squares = np.einsum("ij,ij->i", c, c)  # [m]
    nearest = np.empty(len(q), np.int64)
    second = np.empty(len(q), np.int64)
    nearest_query = np.zeros(len(c), np.int64)
    nearest_square = np.full(len(c), np.inf, np.float32)  # [m]
    columns = np.arange(len(c))
    rows_at_once = max(1, _BLOCK_DISTANCES // len(c))
    for first in range(0, len(q), rows_at_once):
        block = slice(first, first + rows_at_once)
        squares = q[block] @ c.T  # [b, m], first of products, then of squared distances
        squares *= -2
        squares += q_squares[block, None]
        squares += c_squares
        best = squares.argmin(axis=0)  # [m]
        closer = squares[best, columns] < nearest_square
        nearest_query[closer] = first + best[closer]
        nearest_square[closer] = squares[best, columns][closer]
        nearest[block] = squares.argmin(axis=1)
        squares[np.arange(len(squares)), nearest[block]] = np.inf
        second[block] = squares.argmin(axis=1)
    return nearest, second, nearest_query


def _distances(a: _Floats, b: _Floats) -> NDArray[np.float64]:
    """Distance of each row of ``a`` [n, d] to the same row of ``b`` [n, d]."""
    difference = a.astype(np.float64) - b
    distance: NDArray[np.float64] = np.sqrt(np.einsum("ij,ij->i", difference, difference))
    return distance
