"""Tentative matches: descriptors of one query against those of many candidate images."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdct import _C
from fastdct.ops._arrays import (
    Array,
    as_tensor,
    bounded_integer,
    checked_offsets,
    is_tensor,
    matrix,
    on_gpu,
    shapes,
)

METRICS = ("euclidean", "inner_product", "hamming")


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
        Distance of the two descriptors, as the metric defines it.
    """

    query_index: Array
    candidate_index: Array
    offsets: Array
    distance: Array

    def __repr__(self) -> str:
        return shapes(self, tuple(field.name for field in fields(self)))


def match(
    query: Array,
    candidates: Array,
    offsets: Array,
    *,
    metric: str = "euclidean",
    mutual: bool = True,
    one_to_one: bool = False,
    max_ratio: float | None = None,
    max_distance: float | None = None,
    num_threads: int = 1,
) -> Matches:
    """Match each query descriptor to its nearest neighbour in each candidate, by exhaustive search.

    Neighbours are compared by q.c - |c|^2 / 2 (Euclidean) or q.c (inner product) in float32, so two that are equally
    near to within about 1e-6 of the squared norms may change places; equal values go to the first row. Distances that
    are returned or compared with a bound are computed from differences. Each candidate is matched by itself: neither
    the others nor ``num_threads`` change its matches, nor does the kind of CPU.

    Parameters
    ----------
    query : [n, d]
        Descriptors of the query, n below 2^24 and possibly 0: float16 (computed in float32), or other floats or
        integers (taken as float32); for ``"hamming"`` uint8, eight bits each.
    candidates : [M, d]
        Descriptors of all candidates, one after another; not modified, like ``query``.
    offsets : integer [P + 1]
        Candidate p holds the rows ``offsets[p]`` up to ``offsets[p + 1]``, which may be none and are below 2^24.
    metric : str
        ``"euclidean"``; ``"inner_product"``, whose distance is 1 - q.c, the cosine distance of unit descriptors; or
        ``"hamming"``, the number of different bits.
    mutual : bool
        Keep a match only if the query descriptor is also the nearest to the candidate's. Each descriptor is then in at
        most one match.
    one_to_one : bool
        Of the query descriptors with the same neighbour keep the nearest (of equals the first): less strict than
        ``mutual``, which implies it.
    max_ratio : float or None
        Lowe's ratio test (2004, section 7.1): keep a match only if its distance is at most this part of the distance to
        the second nearest in the same candidate, in (0, 1]. A candidate with one descriptor has no second: it passes.
    max_distance : float or None
        Keep a match only if its distance is at most this.
    num_threads : int
        CPU threads, each taking whole candidates. The GIL is released.

    Tensors on a GPU are matched there and find the same neighbours.

    Raises
    ------
    TypeError, ValueError
        An argument has another type, shape or range than stated; the message says which and what is accepted.
    """
    if metric not in METRICS:
        raise ValueError(f"metric {metric!r} is not known: accepted are {', '.join(map(repr, METRICS))}")
    if max_ratio is not None and not 0 < max_ratio <= 1:
        raise ValueError(f"max_ratio must be in (0, 1], or None, not {max_ratio}")
    if max_distance is not None and not max_distance >= 0:
        raise ValueError(f"max_distance must not be negative, or None, not {max_distance}")
    options = {
        "metric": metric,
        "mutual": bool(mutual),
        "one_to_one": bool(one_to_one) and not mutual,
        "max_ratio": math.inf if max_ratio is None else float(max_ratio),
        "max_distance": math.inf if max_distance is None else float(max_distance),
        "num_threads": bounded_integer(num_threads, name="num_threads", low=1, high=2**31 - 1),
    }
    if on_gpu(query):
        return _match_on_gpu(query, candidates, offsets, options)
    q, c = _descriptors(query, candidates, packed=metric == "hamming")  # [n, d], [M, d]
    parts = checked_offsets(offsets, num_rows=len(c), rows_of="candidates")
    found = _run((q, c, parts), tensors=any(map(is_tensor, (query, candidates, offsets))), **options)
    return Matches(*found)


def _match_on_gpu(query: Any, candidates: Any, offsets: Any, options: dict[str, Any]) -> Matches:
    import torch

    from fastdct.ops import torch_ops

    if query.ndim != 2 or candidates.ndim != 2 or query.shape[1] != candidates.shape[1]:
        raise ValueError(
            f"query and candidates must be [rows, d] and equally wide, not {list(query.shape)} and {list(candidates.shape)}"
        )
    starts = torch.as_tensor(offsets, dtype=torch.int64, device=query.device)
    return Matches(*torch_ops.match(query, candidates, starts, **options))


def _run(arrays: tuple[NDArray[Any], ...], *, tensors: bool, **options: Any) -> tuple[Array, ...]:
    """Call the kernel, through its torch operator if tensors are wanted."""
    if not tensors:
        return _C.match(*arrays, **options)
    from fastdct.ops import torch_ops

    found: tuple[Array, ...] = torch_ops.match(*map(as_tensor, arrays), **options)
    return found


def _descriptors(query: Array, candidates: Array, *, packed: bool) -> tuple[NDArray[Any], NDArray[Any]]:
    """Both as contiguous matrices: of uint8 if ``packed``, else each of float16 if it is, or float32."""
    q, c = matrix(query, name="query"), matrix(candidates, name="candidates")
    if q.shape[1] != c.shape[1]:
        raise ValueError(f"query and candidates must be equally wide, not {q.shape[1]} and {c.shape[1]}")
    for array, name in ((q, "query"), (c, "candidates")):
        if packed and array.dtype != np.uint8:
            raise TypeError(f"{name} must be uint8, eight bits each, for metric 'hamming', not {array.dtype}")
    return _as_taken(q, packed=packed), _as_taken(c, packed=packed)


def _as_taken(array: NDArray[Any], *, packed: bool) -> NDArray[Any]:
    dtype = np.uint8 if packed else np.float16 if array.dtype == np.float16 else np.float32
    with np.errstate(over="ignore"):  # what overflows to infinity is refused by the kernel
        return np.require(array, dtype, ["C", "A"])
