"""Names of devices, before torch is asked about them."""

from __future__ import annotations

import importlib
from importlib.util import find_spec
from typing import Any, Literal

EntropyDevice = Literal["auto", "cpu", "cuda"]
"""Where Huffman codes are decoded for a CUDA device."""


def checked_device(device: object, entropy_device: str) -> str:
    """``"cpu"``, ``"cuda"`` or ``"cuda:N"``, of a name or a torch device.

    Raises
    ------
    ValueError
        It is another kind of device, or ``entropy_device`` is unknown or needs a CUDA device.
    """
    name = str(device)
    kind, colon, number = name.partition(":")
    if kind not in ("cpu", "cuda") or (colon and not number.isdecimal()):
        raise ValueError(f"device is 'cpu', 'cuda' or 'cuda:' and a number, not {name!r}")
    if entropy_device not in ("auto", "cpu", "cuda"):
        raise ValueError(f"entropy_device is 'auto', 'cpu' or 'cuda', not {entropy_device!r}")
    if kind == "cpu" and entropy_device == "cuda":
        raise ValueError(
            "entropy_device='cuda' needs device='cuda'; on the CPU, files are decoded by the CPU"
        )
    return "cpu" if kind == "cpu" else name


def has_kernels() -> bool:
    """Whether fastdct was built with CUDA."""
    return find_spec("fastdct._cuda") is not None


def cuda_module() -> Any:
    """The module `fastdct._cuda`.

    Raises
    ------
    RuntimeError
        fastdct was built without CUDA.
    """
    try:
        return importlib.import_module("fastdct._cuda")
    except ImportError as error:
        raise RuntimeError(
            "this build of fastdct has no CUDA kernels: install it where nvcc is on the PATH "
            "(CMAKE_ARGS=-DFASTDCT_CUDA=ON makes that a condition), or stay on the CPU"
        ) from error
