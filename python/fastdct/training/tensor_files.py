"""Reading what ``torch.save`` wrote without running anything that it names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch


def load_tensors(file: Path) -> Any:
    """The tensors and plain values of a file, on the CPU; nothing else is unpickled (``weights_only``).

    Raises
    ------
    ValueError
        It holds something else, or is damaged.
    OSError
        It cannot be read.
    """
    try:
        return torch.load(file, map_location="cpu", weights_only=True)
    except OSError:
        raise
    except Exception as error:  # a damaged pickle can raise nearly anything
        raise ValueError(f"{type(error).__name__}: {error}") from error
