"""How good one ranking is: average precision, P@k, NDCG and the N-S score. Plain numbers, no numpy."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence


def average_precision(ranks: Sequence[int], num_positives: int) -> float:
    """Area under the precision-recall curve by trapezoids, as Oxford's compute_ap and revisitop have it.

    The precision before the first image counts as 1. Sums of precisions at the positives (scikit-learn) are another
    convention, and higher.

    Parameters
    ----------
    ranks : sequence of int
        Places (the first is 0) of the positives that were retrieved, rising, counted without junk.
    num_positives : int
        Positives there are, at least 1.
    """
    area = 0.0
    for found, rank in enumerate(ranks):
        before = found / rank if rank else 1.0
        area += (before + (found + 1) / (rank + 1)) / 2
    return area / num_positives


def precision_at(ranks: Sequence[int], k: int) -> float:
    """Precision of the first k images. Takes the ranks that ``average_precision`` takes."""
    return sum(rank < k for rank in ranks) / k


def revisited_precision_at(ranks: Sequence[int], num_positives: int, k: int) -> float:
    """Precision of the first k images, or up to the last positive where that comes sooner (revisitop's rule).

    Takes what ``average_precision`` takes. A positive that was not retrieved comes later than any k.
    """
    last = ranks[-1] + 1 if len(ranks) == num_positives else k
    return precision_at(ranks, min(k, last))


def ndcg(ranks: Sequence[int], num_positives: int) -> float:
    """Discounted cumulative gain over the best possible: binary gain, discount 1/log2(place + 1), places from 1.

    Takes what ``average_precision`` takes. The ideal list holds every positive, retrieved or not.
    """
    return _gain(ranks) / _gain(range(num_positives))


def ns_score(ranks: Sequence[int]) -> int:
    """Right images among the first four, 0 to 4; the mean over queries is UKBench's N-S score.

    Nistér and Stewénius, "Scalable recognition with a vocabulary tree" (CVPR 2006). The query is an image of the
    database and stays in the ranking: it is one of its four. Takes the ranks that ``average_precision`` takes.
    """
    return sum(rank < 4 for rank in ranks)


def _gain(ranks: Iterable[int]) -> float:
    return math.fsum(1 / math.log2(rank + 2) for rank in ranks)
