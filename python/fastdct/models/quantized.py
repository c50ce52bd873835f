"""MobileNetV2 from a quantised TensorFlow Lite network that was unpacked into an npz file.

The file holds the steps in order of execution (``meta_json``) and for every convolution its integers, scale, zero
point and bias: w = (weight_q - zero_point) * scale. Batch normalisation is folded in.
"""

from __future__ import annotations

import json
import os
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fastdct.models.mobilenet import Convolution, MobileNetV2
from fastdct.models.state import WeightsError

_BROKEN_ZIP = (
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
)  # the last: a method of packing that Python lacks


def load_quantized(file: str | os.PathLike[str], /) -> MobileNetV2:
    """Load the network in eval mode, in float32; it takes RGB as (x - 127.5) / 127.5, [N, 3, H, W].

    Its answers are those of the dequantised weights in float arithmetic. The file is read without pickle.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    WeightsError
        It is no such npz file, or holds another network than MobileNetV2 of width 1.
    """
    arrays = _read(file)
    steps = [step for step in _steps(arrays, file) if "key" in step]
    num_classes = steps[-1]["weight_shape"][0] if steps else 1
    model = MobileNetV2(num_classes=num_classes, padding="same", batch_norm=False)
    layers = [layer for layer in model.modules() if isinstance(layer, Convolution | nn.Linear)]
    shapes = [list(layer.weight.shape) for layer in layers[:-1]] + [[*layers[-1].weight.shape, 1, 1]]
    if [step["weight_shape"] for step in steps] != shapes:
        raise WeightsError(f"{os.fspath(file)} holds {len(steps)} convolutions that are not MobileNetV2's")
    for layer, step in zip(layers, steps, strict=True):
        weight, bias = _dequantised(_parts(arrays, step, file))
        layer.load_state_dict({"weight": weight.reshape(layer.weight.shape), "bias": bias})
    return model.eval()


def _read(file: str | os.PathLike[str]) -> dict[str, NDArray[Any]]:
    try:
        with Path(file).open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            return dict(archive)
    except FileNotFoundError:
        raise
    except (ValueError, OSError, EOFError, TypeError, AttributeError, *_BROKEN_ZIP) as error:
        raise WeightsError(f"{os.fspath(file)} is damaged or no npz file: {error}") from error


def _steps(arrays: dict[str, NDArray[Any]], file: str | os.PathLike[str]) -> list[dict[str, Any]]:
    try:
        steps = [dict(step) for step in json.loads(arrays["meta_json"].tobytes())["ops"]]
        if any("key" in step and not isinstance(step["weight_shape"], list) for step in steps):
            raise TypeError("a shape is a list")
        return steps
    except (KeyError, ValueError, TypeError) as error:
        raise WeightsError(f"{os.fspath(file)} does not say how its network is made (meta_json)") from error


def _parts(
    arrays: dict[str, NDArray[Any]], step: dict[str, Any], file: str | os.PathLike[str]
) -> dict[str, NDArray[Any]]:
    """The integers, scale, zero point and bias of one convolution, of the shapes that they must have."""
    shape = step["weight_shape"]
    wanted = {
        "weight_q": [shape],
        "bias": [shape[:1]],
        "scale": [shape[:1], []],
        "zero_point": [shape[:1], []],
    }
    parts = {}
    for name, shapes in wanted.items():
        key = f"{step['key']}.{name}"
        if key not in arrays:
            raise WeightsError(f"{os.fspath(file)} lacks {key}")
        if list(arrays[key].shape) not in shapes:
            raise WeightsError(f"{os.fspath(file)}: {key} is {list(arrays[key].shape)}, not {shapes[0]}")
        if arrays[key].dtype.kind not in "iuf":
            raise WeightsError(f"{os.fspath(file)}: {key} holds {arrays[key].dtype}, not numbers")
        parts[name] = arrays[key]
    return parts


def _dequantised(parts: dict[str, NDArray[Any]]) -> tuple[Tensor, Tensor]:
    """Weight [O, I, h, w] and bias [O], float32."""
    scale, zero_point = (
        parts[name].reshape(-1, 1, 1, 1).astype(np.float32) for name in ("scale", "zero_point")
    )
    weight = (parts["weight_q"].astype(np.float32) - zero_point) * scale
    return torch.from_numpy(weight), torch.from_numpy(parts["bias"].astype(np.float32))
