"""Geometric verification: how many local features of two images agree on one affine map.

Coordinates are brought to a common size before anything is measured: each image is scaled to an area of
`REFERENCE_AREA` pixels, aspect kept, so that ``max_error`` means the same for a thumbnail and for a photo of
20 megapixels.

Among many matches some agree by chance, the more as neighbouring features see overlapping parts of a picture
(so that criteria that take matches for independent, such as Moisan and Stival's a-contrario one, accept too
much: tried). An order by such counts would be noise; they count as evidence from ``min_inliers`` on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastdct import ops
from fastdct.retrieval.features import Features, LocalFeatures

REFERENCE_AREA = 448 * 448
"""Pixels to which both images are scaled: the input area of the model of source 000 (DELG on DCT input)."""

_SAMPLE = 3  # matches that fix an affine map


@dataclass(frozen=True)
class VerificationOptions:
    """How matches are made and judged.

    Attributes
    ----------
    max_error
        Largest distance, in pixels at `REFERENCE_AREA`, of a match from where the affine map puts it. The default
        is the distance of neighbouring local features of the packaged weights at scale 1.
    max_ratio
        Largest ratio of the distances to the nearest and second nearest descriptor; None: any.
    min_inliers
        Fewest inliers that are evidence, more than 3: any three matches fit an affine map exactly. Candidates
        with fewer are ordered by similarity alone. At the default, six unrelated images of a shortlist of
        a hundred count, which a weight of inliers bears and inliers first do not: those ask for 16 (measured with
        200 features a picture; with more features ask for more).
    max_iterations
        Hypotheses that RANSAC tries at most for each candidate.
    seed
        Seed of the hypotheses; equal seeds give equal answers, whatever the batch.
    """

    max_error: float = 25.0
    max_ratio: float | None = None
    min_inliers: int = 12
    max_iterations: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        if self.min_inliers <= _SAMPLE:
            raise ValueError(
                f"min_inliers must be more than {_SAMPLE}, which any affine map has, not {self.min_inliers}"
            )


@dataclass(frozen=True, eq=False, repr=False)
class Verification:
    """The answer for P candidates.

    Attributes
    ----------
    num_inliers
        int64 [P]: one-to-one inliers; 0 where they are no evidence.
    models
        float64 [P, 2, 3]: affine maps from the query's pixels to the candidate's; meaningless without inliers.
    query_points, points
        float32 [K, 2] each: the inlier matches, as (x, y) in original pixels of the query and the candidate.
    offsets
        int64 [P + 1]: candidate i owns rows ``offsets[i]:offsets[i + 1]`` of the points.
    """

    num_inliers: NDArray[np.int64]
    models: NDArray[np.float64]
    query_points: NDArray[np.float32]
    points: NDArray[np.float32]
    offsets: NDArray[np.int64]

    def __len__(self) -> int:
        """Number of candidates."""
        return len(self.num_inliers)

    def __repr__(self) -> str:
        return f"Verification(candidates={len(self)}, points={list(self.points.shape)})"


def verify(
    query: Features, candidates: LocalFeatures, *, options: VerificationOptions | None = None
) -> Verification:
    """Match ``query`` with every candidate and count the matches that one affine map explains.

    Mutual nearest neighbours, then RANSAC with an affine model: all candidates in one call each.
    """
    options = options or VerificationOptions()
    matches = ops.match(
        query.descriptors,
        candidates.descriptors,
        candidates.offsets,
        metric="hamming" if query.descriptors.dtype == np.uint8 else "euclidean",
        mutual=True,
        max_ratio=options.max_ratio,
    )
    owner = np.repeat(np.arange(len(candidates)), np.diff(matches.offsets))  # [K]
    query_points = query.keypoints[matches.query_index]  # [K, 2]
    points = candidates.keypoints[candidates.offsets[owner] + matches.candidate_index]  # [K, 2]
    query_scale = _reference_scale(np.array([[query.height, query.width]]))  # [1]
    scales = _reference_scale(candidates.sizes)  # [P]
    result = ops.ransac(
        query_points * query_scale,
        points * scales[owner, None],
        matches.offsets,
        model="affine",
        max_error=options.max_error,
        max_iterations=options.max_iterations,
        seed=options.seed,
    )
    num_inliers = np.where(result.num_one_to_one < options.min_inliers, 0, result.num_one_to_one).astype(
        np.int64
    )
    kept = result.inlier_mask & (num_inliers[owner] > 0)  # [K]
    return Verification(
        num_inliers=num_inliers,
        models=_to_pixels(result.model, query_scale, scales),
        query_points=query_points[kept],
        points=points[kept],
        offsets=np.cumsum([0, *np.bincount(owner[kept], minlength=len(candidates))], dtype=np.int64),
    )


def _reference_scale(sizes: NDArray[np.int64]) -> NDArray[np.float32]:
    """float32 [P]: what images of ``sizes`` [P, 2] are scaled by to cover `REFERENCE_AREA`."""
    areas = sizes[:, 0] * sizes[:, 1]  # [P]
    return np.sqrt(REFERENCE_AREA / areas).astype(np.float32)


def _to_pixels(
    models: NDArray[np.float64], query_scale: NDArray[np.float32], scales: NDArray[np.float32]
) -> NDArray[np.float64]:
    # y·s = A (x·q) + t  gives  y = (A·q/s) x + t/s
    models = models / scales[:, None, None].astype(np.float64)
    models[:, :, :2] *= query_scale.astype(np.float64)
    return models
