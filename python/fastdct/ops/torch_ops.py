"""The kernels as torch operators, tensors in and tensors out: importing this registers ``torch.ops.fastdct.match`` and
``torch.ops.fastdct.ransac``, so that ``torch.compile`` and ``torch.export`` see them. The functions of `fastdct.ops` check
their arguments in words for people, fill in defaults and call these when tensors come in.

torch reads an operator's schema from the signature of its CPU kernel; the others take what torch passes by that signature.
"""  # noqa: D205

from __future__ import annotations

import inspect
from typing import Any

import torch
from torch import Tensor

from fastdct import _C
from fastdct.ops import _cuda_kernels

_UINT64 = (1 << 64) - 1


def _match_on_cpu(
    query: Tensor,
    candidates: Tensor,
    offsets: Tensor,
    metric: str,
    mutual: bool,
    one_to_one: bool,
    max_ratio: float,
    max_distance: float,
    num_threads: int,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """See `fastdct.ops.match`; ``max_ratio`` and ``max_distance`` are infinite where there is no bound.

    Returns
    -------
    query_index int64 [K], candidate_index int64 [K], offsets int64 [P + 1], distance float32 [K]
    """
    found = _C.match(
        query.contiguous().numpy(),
        candidates.contiguous().numpy(),
        offsets.contiguous().numpy(),
        metric=metric,
        mutual=mutual,
        one_to_one=one_to_one,
        max_ratio=max_ratio,
        max_distance=max_distance,
        num_threads=num_threads,
    )
    query_index, candidate_index, starts, distance = map(torch.from_numpy, found)
    return query_index, candidate_index, starts, distance


def _ransac_on_cpu(
    source: Tensor,
    target: Tensor,
    offsets: Tensor,
    max_error: Tensor,
    quality: Tensor | None,
    source_frames: Tensor | None,
    target_frames: Tensor | None,
    model: str,
    sampling: str,
    max_iterations: int,
    confidence: float,
    seed: int,
    min_scale: float,
    max_scale: float,
    max_anisotropy: float,
    allow_reflection: bool,
    num_threads: int,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    """See `fastdct.ops.ransac`; all floats are float64, ``seed`` is taken modulo 2^64, bounds are (0, inf, inf) if off.

    Returns
    -------
    num_inliers int32 [P], num_one_to_one int32 [P], score float64 [P], model float64 [P, 2, 3] or [P, 3, 3],
    inlier_mask bool [K], num_iterations int32 [P]
    """
    found = _C.ransac(
        source.contiguous().numpy(),
        target.contiguous().numpy(),
        offsets.contiguous().numpy(),
        max_error.contiguous().numpy(),
        None if quality is None else quality.contiguous().numpy(),
        None if source_frames is None else source_frames.contiguous().numpy(),
        None if target_frames is None else target_frames.contiguous().numpy(),
        model=model,
        sampling=sampling,
        max_iterations=max_iterations,
        confidence=confidence,
        seed=seed & _UINT64,
        min_scale=min_scale,
        max_scale=max_scale,
        max_anisotropy=max_anisotropy,
        allow_reflection=allow_reflection,
        num_threads=num_threads,
    )
    num_inliers, num_one_to_one, score, models, inlier_mask, num_iterations = map(torch.from_numpy, found)
    return num_inliers, num_one_to_one, score, models, inlier_mask, num_iterations


match = torch.library.custom_op("fastdct::match", _match_on_cpu, mutates_args=(), device_types="cpu")
ransac = torch.library.custom_op("fastdct::ransac", _ransac_on_cpu, mutates_args=(), device_types="cpu")
_MATCH, _RANSAC = inspect.signature(_match_on_cpu), inspect.signature(_ransac_on_cpu)


def _named(
    signature: inspect.Signature, args: tuple[Any, ...], *, without: tuple[str, ...]
) -> dict[str, Any]:
    named = signature.bind(*args).arguments
    return {name: value for name, value in named.items() if name not in without}


@match.register_fake
def _(*args: Any) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    query, _, offsets = args[:3]
    num_matches = torch.library.get_ctx().new_dynamic_size()  # K
    return (
        offsets.new_empty(num_matches),
        offsets.new_empty(num_matches),
        torch.empty_like(offsets),
        query.new_empty(num_matches, dtype=torch.float32),
    )


@ransac.register_fake
def _(*args: Any) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    named = _RANSAC.bind(*args).arguments
    source, offsets, max_error = named["source"], named["offsets"], named["max_error"]
    num_pairs = max_error.shape[0]
    return (
        offsets.new_empty(num_pairs, dtype=torch.int32),
        offsets.new_empty(num_pairs, dtype=torch.int32),
        torch.empty_like(max_error),
        max_error.new_empty(num_pairs, _cuda_kernels.matrix_rows(named["model"]), 3),
        source.new_empty(source.shape[0], dtype=torch.bool),
        offsets.new_empty(num_pairs, dtype=torch.int32),
    )


@match.register_kernel("cuda")
def _(*args: Any) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    return _cuda_kernels.match(**_named(_MATCH, args, without=("num_threads",)))


@ransac.register_kernel("cuda")
def _(*args: Any) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    named = _named(_RANSAC, args, without=("num_threads",))
    return _cuda_kernels.ransac(**{**named, "seed": named["seed"] & _UINT64})
