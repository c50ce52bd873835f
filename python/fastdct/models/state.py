"""Whether tensors fit a network."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

_SHOWN = 3  # torch would list hundreds


class WeightsError(ValueError):
    """Weights that cannot be used; the message names the file or the network and what is wrong."""


def check_state(tensors: Mapping[str, Tensor], expected: Mapping[str, Tensor], *, subject: str) -> None:
    """Refuse tensors that do not fit, naming the first few.

    Parameters
    ----------
    tensors, expected
        What was given, and a state dict of the network that shall take it.
    subject
        How the message begins.

    Raises
    ------
    WeightsError
        A tensor lacks, is one too many or of another shape.
    """
    wrong = []
    for key in sorted(expected.keys() & tensors.keys()):  # first, since they say the most
        given, wanted = list(tensors[key].shape), list(expected[key].shape)
        if given != wanted:
            wrong.append(f"{key} is {given}, expected {wanted}")
    wrong += [f"lacks {key}" for key in sorted(expected.keys() - tensors.keys())]
    wrong += [f"has {key}, which the network does not" for key in sorted(tensors.keys() - expected.keys())]
    if wrong:
        more = f"; and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        raise WeightsError(f"{subject}: {'; '.join(wrong[:_SHOWN])}{more}")
