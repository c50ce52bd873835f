"""Optional dependencies: imported where used, named with their remedy when missing."""

from __future__ import annotations

import importlib
from types import ModuleType


class MissingExtraError(ImportError):
    """An optional dependency is not installed; the message holds the command that installs it."""


def require(module: str, *, extra: str) -> ModuleType:
    """Import ``module`` or say which extra brings it.

    Raises
    ------
    MissingExtraError
        The module is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] != module.split(".")[0]:
            raise  # the module is there, something it needs is not: that is another fault
        message = f"{module} is needed here and is not installed: pip install 'fastdct[{extra}]'"
        raise MissingExtraError(message, name=module) from error
