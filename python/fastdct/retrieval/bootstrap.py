"""Whether one system is better than another: the paired bootstrap over queries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Difference:
    """How much better the second system is on the same queries.

    Attributes
    ----------
    mean
        Mean of the differences.
    low, high
        Bounds of the interval that holds the mean with the given confidence.
    confidence
        In (0, 1).
    """

    mean: float
    low: float
    high: float
    confidence: float

    def __str__(self) -> str:
        return f"{self.mean:+.3f} [{self.low:+.3f}, {self.high:+.3f}]"


def paired_bootstrap(
    first: Mapping[str, float],
    second: Mapping[str, float],
    *,
    confidence: float = 0.95,
    num_samples: int = 10_000,
    seed: int = 0,
) -> Difference:
    """The mean of ``second - first`` over queries, with its percentile interval.

    Queries are drawn with replacement, each with both of its values: what makes a query hard for both systems cancels
    (Efron and Tibshirani, "An introduction to the bootstrap", 1993, section 13.3). An interval without 0 is a
    difference that chance explains badly.

    Parameters
    ----------
    first, second
        A value by query name, such as `Scores.average_precision`, of the same queries.
    confidence
        Share of the resampled means between the bounds.
    num_samples
        How often the queries are drawn.
    seed
        Equal seeds give equal bounds.

    Raises
    ------
    ValueError
        There are no queries, or not the same; or ``confidence`` is not in (0, 1).
    """
    if not first or first.keys() != second.keys():
        raise ValueError("a paired bootstrap needs the same queries of both systems, and at least one")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be in (0, 1), not {confidence}")
    names = sorted(first)
    differences = np.array([second[name] - first[name] for name in names])  # [Q]
    counts = np.random.default_rng(seed).multinomial(
        len(names), np.full(len(names), 1 / len(names)), size=num_samples
    )  # [S, Q]: how often each query was drawn
    means = counts @ differences / len(names)  # [S]
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Difference(float(differences.mean()), float(low), float(high), confidence)
