"""Holding out part of every class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def stratified_split(
    labels: Sequence[int], *, fraction: float, seed: int
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Split positions into (training, validation), class by class.

    Of a class with n members, ``round(fraction * n)`` are held out but never the last one, so that each class
    can be learned. The choice depends on ``seed`` and on the labels alone.
    """
    values = np.asarray(labels)
    random = np.random.default_rng(seed)
    held_out: list[int] = []
    for label in np.unique(values):
        members = random.permutation(np.flatnonzero(values == label))
        held_out.extend(members[: min(round(fraction * len(members)), len(members) - 1)].tolist())
    validation = frozenset(held_out)
    training = tuple(position for position in range(len(values)) if position not in validation)
    return training, tuple(sorted(validation))


def balanced(labels: Sequence[int], *, seed: int, epoch: int) -> tuple[int, ...]:
    """Draw as many positions as there are labels, of every class equally many (one more of some, by chance).

    No member of a class comes again before all others have come. The draw depends on ``seed``, ``epoch`` and the
    labels alone.
    """
    values = np.asarray(labels)
    random = np.random.default_rng((seed, epoch))
    classes = random.permutation(np.unique(values))  # the first ones get what division leaves
    drawn: list[int] = []
    for place, label in enumerate(classes):
        members = np.flatnonzero(values == label)
        wanted = len(values) // len(classes) + (place < len(values) % len(classes))
        rounds = [random.permutation(members) for _ in range(-(-wanted // len(members)))]
        drawn.extend(np.concatenate([*rounds, members[:0]])[:wanted].tolist())
    return tuple(drawn)
