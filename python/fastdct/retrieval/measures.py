"""How good one ranking is: average precision, P@k, NDCG and the N-S score. Plain numbers, no numpy."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence


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


def precision_at(ranks: Sequence[int], num_positives: int, k: int) -> float:
    """Precision of the first k images, or up to the last positive where that comes sooner (revisitop's rule).

    Takes what ``average_precision`` takes. A positive that was not retrieved comes later than any k.
    """
    last = ranks[-1] + 1 if len(ranks) == num_positives else k
    k = min(k, last)
    return sum(rank < k for rank in ranks) / k


def ndcg(ranks: Sequence[int], num_positives: int) -> float:
    """Discounted cumulative gain over the best possible: binary gain, discount 1/log2(place + 1), places from 1.

    Takes what ``average_precision`` takes. The ideal list holds every positive, retrieved or not.
    """
    return _gain(ranks) / _gain(range(num_positives))


def ns_score(rankings: Mapping[str, Sequence[str]], groups: Mapping[str, Hashable]) -> float:
    """N-S score of UKBench (Nister and Stewenius 2006): right images among the first four, 0..4, mean over queries.

    Four times the precision at 4. The query is an image of the database and stays in the ranking: it is one of its
    four.

    Parameters
    ----------
    rankings : mapping of query name to sequence of image names
        Best first; at least four each.
    groups : mapping of image name to group
        Of every query and ranked image; four images show the same thing.

    Raises
    ------
    ValueError
        There are no rankings, one is shorter than four or holds an image twice, or a name has no group.
    """
    if not rankings:
        raise ValueError("rankings is empty: there is nothing to judge")
    right = 0
    for query, ranking in rankings.items():
        first = list(ranking[:4])
        if len(set(first)) != 4:
            raise ValueError(f"the ranking of {query!r} must begin with four different images, not {first}")
        unknown = [name for name in (query, *first) if name not in groups]
        if unknown:
            raise ValueError(f"{unknown[0]!r}, in the ranking of {query!r}, has no group")
        right += sum(groups[name] == groups[query] for name in first)
    return right / len(rankings)


def _gain(ranks: Iterable[int]) -> float:
    return math.fsum(1 / math.log2(rank + 2) for rank in ranks)
