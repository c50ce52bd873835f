"""How good a system's rankings are against ground truth: mAP, P@k, NDCG, N-S, over all queries and by kind."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import index

from fastdct.retrieval.bootstrap import Difference, paired_bootstrap
from fastdct.retrieval.ground_truth import PROTOCOLS, GroundTruth, GroundTruthError, Query
from fastdct.retrieval.measures import (
    average_precision,
    ndcg,
    ns_score,
    precision_at,
    revisited_precision_at,
)

__all__ = [
    "Difference",
    "Evaluation",
    "GroundTruth",
    "GroundTruthError",
    "Query",
    "Scores",
    "average_precision",
    "evaluate",
    "ndcg",
    "ns_score",
    "paired_bootstrap",
    "precision_at",
    "revisited_precision_at",
]

PRECISION_AT = (1, 5, 10)

CONVENTION = (
    "AP: area under the precision-recall curve by trapezoids (Oxford compute_ap, revisitop); "
    "P@k: of the first k; mP@k: over min(k, rank of the last positive), as revisitop; NDCG: binary gain, 1/log2(rank + 1), ideal over all positives; "
    "junk removed, images not ranked never retrieved, queries without positives dropped"
)
NS_CONVENTION = "N-S: right images among the first four, the query counted (UKBench)"
REVISITED_CONVENTION = "all: the medium protocol, which counts easy and hard images as positives"


@dataclass(frozen=True)
class Scores:
    """Means over a group of queries, each in 0..1 (N-S: 0..4).

    Attributes
    ----------
    mean_average_precision : float
    precision_at : dict of int to float
        P@k by k.
    mean_precision_at : dict of int to float
        mP@k by k, revisitop's rule.
    ndcg : float
    average_precision : dict of str to float
        By query name.
    ns_score : float or None
        None unless every query of the ground truth is one of its own four positives.
    """

    mean_average_precision: float
    precision_at: Mapping[int, float]
    mean_precision_at: Mapping[int, float]
    ndcg: float
    average_precision: Mapping[str, float] = field(repr=False)
    ns_score: float | None = None

    @property
    def num_queries(self) -> int:
        """How many queries were judged."""
        return len(self.average_precision)


@dataclass(frozen=True)
class Evaluation:
    """Scores over all queries, and by kind (or, for revisited ground truth, by protocol).

    ``dropped`` names the queries without positives (under any protocol); ``convention`` says what the numbers mean.
    """

    overall: Scores
    kinds: Mapping[str, Scores]
    dropped: tuple[str, ...]
    convention: str

    def lines(self) -> list[str]:
        """Write it for people; the last line is ``mAP all: 0.xxx``."""
        overall = self.overall
        precisions = "  ".join(f"P@{k} {value:.3f}" for k, value in overall.precision_at.items())
        precisions += "".join(f"  mP@{k} {value:.3f}" for k, value in overall.mean_precision_at.items())
        precisions += "" if overall.ns_score is None else f"  N-S {overall.ns_score:.3f}"
        lines = [self.convention]
        lines += [
            f"mAP {kind}: {scores.mean_average_precision:.3f} ({_queries(scores.num_queries)})"
            for kind, scores in self.kinds.items()
        ]
        if self.dropped:
            lines.append(f"dropped, no positives: {_queries(len(self.dropped))}")
        lines.append(f"all: {_queries(overall.num_queries)}  {precisions}  NDCG {overall.ndcg:.3f}")
        lines.append(f"mAP all: {overall.mean_average_precision:.3f}")
        return lines

    def __str__(self) -> str:
        return "\n".join(self.lines())


def evaluate(rankings: Mapping[str, Sequence[str] | Sequence[int]], ground_truth: GroundTruth) -> Evaluation:
    """Judge a ranking for each query.

    Parameters
    ----------
    rankings : mapping of query name to sequence
        Database images, best first, by name or by index into ``ground_truth.images``. It may be cut short: positives
        that are not in it count as never retrieved. Rankings of other queries are ignored.
    ground_truth : GroundTruth
        With revisited labels the same rankings are judged under each protocol and the kinds are easy, medium and hard.
        To rank for one protocol (with its junk removed before a shortlist is cut), evaluate ``protocol(name)``.

    Raises
    ------
    ValueError
        A query has no ranking; a ranking holds an image twice or one that is not in the database; or no query has
        positives.
    """
    ranked = {query.name: _ranked_indices(rankings, query, ground_truth) for query in ground_truth.queries}
    if ground_truth.revisited:
        groups = {name: ground_truth.protocol(name).queries for name in PROTOCOLS}
        everything = groups["medium"]
    else:
        everything = ground_truth.queries
        kinds = dict.fromkeys(query.kind for query in everything if query.kind is not None)
        groups = {kind: tuple(query for query in everything if query.kind == kind) for kind in kinds}
    if not any(query.positives for query in everything):
        raise ValueError("no query of the ground truth has positives: there is nothing to judge")
    with_ns = ground_truth.has_groups_of_four
    scores = {
        name: _scores(queries, ranked, with_ns=with_ns)
        for name, queries in groups.items()
        if any(q.positives for q in queries)
    }
    return Evaluation(
        overall=_scores(everything, ranked, with_ns=with_ns),
        kinds=scores,
        dropped=tuple(query.name for query in everything if not query.positives),
        convention=convention_of(ground_truth),
    )


def convention_of(ground_truth: GroundTruth) -> str:
    """What the numbers of an evaluation mean, for people."""
    if ground_truth.revisited:
        return f"{CONVENTION}; {REVISITED_CONVENTION}"
    return f"{CONVENTION}; {NS_CONVENTION}" if ground_truth.has_groups_of_four else CONVENTION


def _queries(count: int) -> str:
    return f"{count} {'query' if count == 1 else 'queries'}"


def _ranked_indices(
    rankings: Mapping[str, Sequence[str] | Sequence[int]], query: Query, ground_truth: GroundTruth
) -> list[int]:
    if query.name not in rankings:
        raise ValueError(f"rankings has none for query {query.name!r}")
    index_of = ground_truth.index_of
    num_images = len(ground_truth.images)
    indices: list[int] = []
    for image in rankings[query.name]:
        at = index_of.get(image, -1) if isinstance(image, str) else index(image)
        if not 0 <= at < num_images:
            raise ValueError(
                f"the ranking of {query.name!r} holds {image!r}, which is not in the ground truth's imlist of "
                f"{num_images} images: rank the database only"
            )
        indices.append(at)
    if len(set(indices)) != len(indices):
        twice = next(at for i, at in enumerate(indices) if at in indices[:i])
        raise ValueError(f"the ranking of {query.name!r} holds {ground_truth.images[twice]!r} twice")
    return indices


def _positive_ranks(ranking: Iterable[int], query: Query) -> list[int]:
    """Places of the retrieved positives once junk is removed."""
    junk, positives = set(query.junk), set(query.positives)
    kept = (image for image in ranking if image not in junk)
    return [rank for rank, image in enumerate(kept) if image in positives]


def _scores(queries: Iterable[Query], ranked: Mapping[str, Sequence[int]], *, with_ns: bool) -> Scores:
    """Judge the queries that have positives; there is at least one."""
    judged = [(q.name, _positive_ranks(ranked[q.name], q), len(q.positives)) for q in queries if q.positives]
    precision = {name: average_precision(ranks, total) for name, ranks, total in judged}
    return Scores(
        mean_average_precision=_mean(precision.values()),
        precision_at={k: _mean(precision_at(ranks, k) for _, ranks, _ in judged) for k in PRECISION_AT},
        mean_precision_at={
            k: _mean(revisited_precision_at(ranks, total, k) for _, ranks, total in judged)
            for k in PRECISION_AT
        },
        ndcg=_mean(ndcg(ranks, total) for _, ranks, total in judged),
        average_precision=precision,
        ns_score=_mean(ns_score(ranks) for _, ranks, _ in judged) if with_ns else None,
    )


def _mean(values: Iterable[float]) -> float:
    listed = list(values)
    return math.fsum(listed) / len(listed)
