"""The CUDA side of the torch operators: device tensors in, the module ``fastdct._cuda`` launched on their stream.

`ransac` takes tensors of the CPU too, on which ``fastdct._C.emulation`` plays the device's threads: for tests.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from fastdct import _C
from fastdct._devices import cuda_module

_MAX_SQUARE = torch.finfo(torch.float32).max / 8


def _check_device(first: Tensor, *others: Tensor) -> None:
    for other in others:
        if other.device != first.device:
            raise ValueError(f"tensors must be on one device, not {first.device} and {other.device}")


def matrix_rows(model: str) -> int:
    """Rows of the matrix [rows, 3] that a RANSAC model is."""
    return 2 if model in ("similarity", "affine") else 3


def ransac(
    source: Tensor,
    target: Tensor,
    offsets: Tensor,
    max_error: Tensor,
    quality: Tensor | None = None,
    source_frames: Tensor | None = None,
    target_frames: Tensor | None = None,
    *,
    max_matches: int | None = None,
    **options: Any,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Verify pairs on the GPU; ``options`` and results as `fastdct.ops.torch_ops.ransac`.

    ``max_matches`` is the size of the largest pair, at least. Without it the number of all matches stands for it, which
    costs memory and nothing else, so that nothing has to be waited for.
    """
    best_first = None if quality is None else order_by(quality, offsets)
    given = (source, target, offsets, max_error, best_first, source_frames, target_frames)
    inputs = [None if tensor is None else tensor.contiguous() for tensor in given]
    _check_device(*(tensor for tensor in inputs if tensor is not None))
    num_matches, num_pairs = len(source), len(max_error)
    num_inliers, num_one_to_one, num_iterations = (
        source.new_empty(num_pairs, dtype=torch.int32) for _ in range(3)
    )
    score = source.new_empty(num_pairs)
    models = source.new_empty((num_pairs, matrix_rows(options["model"]), 3))
    mask = source.new_empty(num_matches, dtype=torch.bool)
    outputs = (num_inliers, num_one_to_one, score, models, mask, num_iterations)
    sizes = (num_matches, num_pairs, num_matches if max_matches is None else max_matches)
    num_bytes = _C.ransac_workspace(sizes=sizes, model=options["model"], sampling=options["sampling"])
    workspace = source.new_empty(num_bytes + _ALIGNMENT, dtype=torch.uint8)
    _launch(
        "ransac",
        source.device,
        inputs=tuple(0 if tensor is None else tensor.data_ptr() for tensor in inputs),
        sizes=sizes,
        workspace=-(-workspace.data_ptr() // _ALIGNMENT) * _ALIGNMENT,
        results=tuple(output.data_ptr() for output in outputs),
        **options,
    )
    # The workspace may be freed before the kernels have run: the allocator hands it on in the order of the stream.
    return outputs


_ALIGNMENT = 256  # of a workspace


def _launch(name: str, device: torch.device, **arguments: Any) -> None:
    if device.type == "cpu":
        getattr(_C.emulation, name)(**arguments, order_seed=0)
        return
    with torch.cuda.device(device):
        stream = torch.cuda.current_stream().cuda_stream
        getattr(cuda_module(), name)(**arguments, stream=stream)


def order_by(quality: Tensor, offsets: Tensor) -> Tensor:
    """Rows int64 [K] of the pairs one after another, those of a pair best first.

    Equals stay as they come; what is no number is last.
    """
    value = torch.where(quality.isnan(), -math.inf, quality) + 0.0  # -0 equals 0
    best = value.argsort(descending=True, stable=True)
    pair = torch.searchsorted(offsets, best, right=True)
    return best[pair.argsort(stable=True)]


def match(
    query: Tensor,
    candidates: Tensor,
    offsets: Tensor,
    *,
    metric: str,
    mutual: bool,
    one_to_one: bool,
    max_ratio: float,
    max_distance: float,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Match on the GPU; results as `fastdct.ops.torch_ops.match`. Waits for the GPU once, to know how many there are."""
    _check_device(query, candidates, offsets)
    widen = unpacked if metric == "hamming" else torch.Tensor.float
    q, c = widen(query).contiguous(), widen(candidates).contiguous()  # [n, d], [M, d]
    starts = offsets.contiguous()
    num_query, num_candidates = len(q), len(starts) - 1
    nearest = torch.full((2, num_candidates, num_query), -1, dtype=torch.int32, device=q.device)
    nearest_query = torch.full((len(c),), -1, dtype=torch.int32, device=q.device)
    with torch.cuda.device(q.device):
        cuda_module().find_neighbours(
            q.data_ptr(),
            c.data_ptr(),
            starts.data_ptr(),
            num_query,
            num_candidates,
            q.shape[1],
            len(c),
            metric == "inner_product",
            nearest[0].data_ptr(),
            nearest[1].data_ptr(),
            nearest_query.data_ptr(),
            torch.cuda.current_stream().cuda_stream,
        )
    return _accepted(
        q,
        c,
        starts,
        nearest,
        nearest_query,
        metric=metric,
        mutual=mutual,
        one_to_one=one_to_one,
        max_ratio=max_ratio,
        max_distance=max_distance,
    )


def unpacked(rows: Tensor) -> Tensor:
    """Bits [rows, 8 d] of bytes [rows, d] as numbers 0 and 1, whose squared Euclidean distances are Hamming distances.

    The neighbours are then the Euclidean ones, ties included, since float32 holds such sums exactly; eight times the work
    of comparing bytes, by the same kernel.

    Raises
    ------
    TypeError
        Not uint8.
    """
    if rows.dtype != torch.uint8:
        raise TypeError(f"descriptors must be uint8, eight bits each, for metric 'hamming', not {rows.dtype}")
    places = torch.arange(8, dtype=torch.uint8, device=rows.device)
    return ((rows[:, :, None] >> places) & 1).flatten(1).float()


def _accepted(
    q: Tensor,
    c: Tensor,
    offsets: Tensor,
    nearest: Tensor,
    nearest_query: Tensor,
    *,
    metric: str,
    mutual: bool,
    one_to_one: bool,
    max_ratio: float,
    max_distance: float,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The rules of `fastdct.ops.match` on neighbours [2, P, n]; the same on any device."""
    _refuse_bad_rows(q, name="query")
    _refuse_bad_rows(c, name="candidates")
    rows = torch.arange(len(q), device=q.device)  # [n]
    keep = nearest[0] >= 0  # [P, n]
    place = (nearest.clamp(min=0) + offsets[:-1, None]).clamp(max=max(len(c) - 1, 0))  # [2, P, n] row of c
    if mutual and len(c):
        keep &= nearest_query[place[0]] == rows
    candidate, query = keep.nonzero(as_tuple=True)  # [K]
    first = _distance(q[query], c[place[0][keep]], metric)  # [K]
    good = first <= max_distance
    if math.isfinite(max_ratio):
        second = _distance(q[query], c[place[1][keep]], metric)
        good &= (first <= max_ratio * second) | (nearest[1][keep] < 0)
    if one_to_one:
        good &= _closest(place[0][keep], query, torch.where(good, first.float(), math.inf), num_rows=len(c))
    candidate, query, index = candidate[good], query[good], nearest[0][keep][good].long()
    counts = torch.bincount(candidate, minlength=len(offsets) - 1)
    return query, index, torch.nn.functional.pad(counts.cumsum(0), (1, 0)), first[good].float()


def _closest(row: Tensor, query: Tensor, distance: Tensor, *, num_rows: int) -> Tensor:
    """Of the matches [K] with one candidate row those that are nearest, of equals that of the first query row."""
    least = distance.new_full((num_rows,), math.inf).scatter_reduce(0, row, distance, "amin")  # [M]
    nearest = distance == least[row]
    far = int(torch.iinfo(torch.int64).max)
    order = torch.where(nearest, query, far)
    first = order.new_full((num_rows,), far).scatter_reduce(0, row, order, "amin")  # [M]
    return nearest & (query == first[row])


def _distance(a: Tensor, b: Tensor, metric: str) -> Tensor:
    if metric == "inner_product":
        return 1 - (a.double() * b).sum(dim=1)
    squared = (a.double() - b).square().sum(dim=1)
    return squared if metric == "hamming" else squared.sqrt()


def _refuse_bad_rows(rows: Tensor, *, name: str) -> None:
    bad = ~(rows.square().sum(dim=1) <= _MAX_SQUARE)  # [rows]
    if bad.any():
        row = int(bad.nonzero()[0])
        raise ValueError(
            f"{name}[{row}] is not finite, or so large that squared distances overflow float32: every number must "
            "be finite (as float32); scale large descriptors down"
        )
