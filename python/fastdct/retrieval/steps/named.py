"""Steps by name, as a person writes them: ``alpha-qe``, ``verify:shortlist=50``, ``whiten=learned.safetensors``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from functools import partial
from typing import Any

from fastdct.retrieval.steps.base import Step
from fastdct.retrieval.steps.diffusion import Diffusion
from fastdct.retrieval.steps.expansion import DatabaseAugmentation, QueryExpansion
from fastdct.retrieval.steps.geometric import GeometricVerification
from fastdct.retrieval.steps.superglobal import SuperGlobal
from fastdct.retrieval.steps.whitening import Whitening
from fastdct.retrieval.vectors import Vectors

_PLAIN: dict[str, Callable[[], Step]] = {
    "aqe": partial(QueryExpansion, num_neighbours=10, alpha=0.0),
    "alpha-qe": QueryExpansion,
    "dba": DatabaseAugmentation,
    "superglobal": SuperGlobal,
    "diffusion": Diffusion,
    "verify": GeometricVerification,
}
_FITTED = "pca-whiten"
_STORED = "whiten"

NAMES = (*_PLAIN, _FITTED, f"{_STORED}=FILE")
"""What `named_step` takes, for people."""


def named_step(text: str, vectors: Vectors) -> Step:
    """The step that ``text`` names, with published parameters or ``name:parameter=number,…``.

    Parameters
    ----------
    text
        One of `NAMES`.
    vectors
        Of the index, to which ``pca-whiten`` is fitted.

    Raises
    ------
    ValueError
        There is no such step, or it has no such parameter; the message says what there is.
    """
    if text.startswith(f"{_STORED}="):
        return Whitening.load(text.removeprefix(f"{_STORED}="))
    name, _, settings = text.partition(":")
    if name == _FITTED:
        values = dict(_setting(item, text, {"dims": int}) for item in _items(settings))
        return Whitening.pca(vectors.values, **values)
    if name not in _PLAIN:
        raise ValueError(f"there is no step {name!r}: there are {', '.join(NAMES)}")
    step: Any = _PLAIN[name]()
    kinds = {field.name: type(getattr(step, field.name)) for field in fields(step)}
    kinds = {key: kind for key, kind in kinds.items() if kind in (int, float)}
    made: Step = replace(step, **dict(_setting(item, text, kinds) for item in _items(settings)))
    return made


def _items(settings: str) -> list[str]:
    return settings.split(",") if settings else []


def _setting(item: str, text: str, kinds: dict[str, Any]) -> tuple[str, Any]:
    key, _, value = item.partition("=")
    if key not in kinds:
        raise ValueError(f"step {text!r} has no parameter {key!r}: it has {', '.join(kinds)}")
    try:
        return key, kinds[key](value)
    except ValueError:
        raise ValueError(f"step {text!r}: {key} must be a number, not {value!r}") from None
