"""Trained networks on disk: a directory with model.safetensors and config.json, nothing pickled."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from safetensors.torch import save as to_bytes
from torch import Tensor

from fastdct._files import write_atomically
from fastdct.models.classifier import Classifier
from fastdct.models.config import DelgConfig
from fastdct.models.delg import Delg
from fastdct.models.registry import restore
from fastdct.models.state import WeightsError, check_state

WEIGHTS_FILE = "model.safetensors"
CONFIG_FILE = "config.json"
_Network = TypeVar("_Network", Delg, Classifier)
_PACKAGED = {"delg-small": "delg_small"}
_PACKAGE_DIRECTORY = Path(__file__).parent.parent / "weights"


def save(model: Delg | Classifier, directory: str | os.PathLike[str], *, half: bool = False) -> None:
    """Write ``model`` and its config to ``directory``, each file whole or not at all.

    Files of other names that an existing directory holds (a model card) stay. With ``half``, matrices and convolutions
    are stored in float16; vectors (biases, batch-norm statistics), which are small and span many magnitudes, stay
    float32.
    """
    tensors = {key: _stored(value, half=half) for key, value in model.state_dict().items()}
    config = json.dumps(model.config.to_dict(), indent=1) + "\n"
    target = Path(directory)
    target.mkdir(parents=True, exist_ok=True)
    # Two files cannot be exchanged at once by portable means. The config goes last: it is what a reader looks for
    # first, and a crash in between leaves shapes that `load` checks.
    write_atomically(target / WEIGHTS_FILE, to_bytes(tensors))
    write_atomically(target / CONFIG_FILE, config.encode())


def _stored(value: Tensor, *, half: bool) -> Tensor:
    shrink = half and value.is_floating_point() and value.ndim > 1
    return value.detach().cpu().to(torch.float16 if shrink else value.dtype).contiguous()


def load(source: str | os.PathLike[str], /) -> Delg:
    """Load a trained network, in eval mode and in float32, from a directory or by the name of a packaged one.

    Raises
    ------
    FileNotFoundError
        Neither such a directory nor such a packaged network.
    WeightsError
        The config is of another version or contradicts itself; the weights are damaged, lack a tensor, hold
        one too many or one of another shape.
    """
    return _restored(source, lambda values: Delg(DelgConfig.from_dict(values)))


def load_classifier(source: str | os.PathLike[str], /) -> Classifier:
    """Load a trained classifier, in eval mode and in float32, from a directory that :func:`save` wrote.

    Raises
    ------
    FileNotFoundError, WeightsError
        As :func:`load`.
    """
    return _restored(source, restore)


def _restored(source: str | os.PathLike[str], build: Callable[[dict[str, Any]], _Network]) -> _Network:
    directory = _directory(source)
    config = directory / CONFIG_FILE
    try:
        model = build(json.loads(config.read_text(encoding="utf-8")))
    except (ValueError, TypeError, AttributeError) as error:
        raise WeightsError(f"{config}: {error}") from error
    tensors = _read_tensors(directory / WEIGHTS_FILE)
    check_state(tensors, model.state_dict(), subject=f"{directory / WEIGHTS_FILE} does not fit its config")
    model.load_state_dict(tensors)
    return model.eval()


def _directory(source: str | os.PathLike[str]) -> Path:
    directory = Path(source)
    if isinstance(source, str) and source in _PACKAGED and not directory.exists():
        directory = _PACKAGE_DIRECTORY / _PACKAGED[source]
    for name in (CONFIG_FILE, WEIGHTS_FILE):
        if not (directory / name).is_file():
            raise FileNotFoundError(
                f"{directory} holds no {name}; give a directory with {CONFIG_FILE} and {WEIGHTS_FILE}, "
                f"or one of {sorted(_PACKAGED)}"
            )
    return directory


def _read_tensors(file: Path) -> dict[str, Tensor]:
    try:
        return load_file(file)
    except SafetensorError as error:
        raise WeightsError(f"{file} is damaged or no safetensors file: {error}") from error
