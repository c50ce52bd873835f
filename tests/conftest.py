"""Shared options and fixtures."""

from __future__ import annotations

import functools
import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("sampled", deadline=None, derandomize=True, print_blob=True)
settings.register_profile("all", settings.get_profile("sampled"), max_examples=2000)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--all", action="store_true", help="run long sweeps whole instead of sampled by seed")


def pytest_configure(config: pytest.Config) -> None:
    settings.load_profile("all" if config.getoption("--all") else "sampled")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.environ.get("FASTDCT_FAIL_WITHOUT_CUDA") == "1":
        return
    for item in items:
        if item.get_closest_marker("cuda") and not _has_cuda():
            item.add_marker(pytest.mark.skip(reason="no CUDA device"))


@functools.cache
def _has_cuda() -> bool:
    import torch  # here, since what tests numpy alone should not wait for it

    return torch.cuda.is_available()


@pytest.fixture(scope="session")
def run_all(request: pytest.FixtureRequest) -> bool:
    """Whether sweeps run whole (``--all``) or sampled."""
    return bool(request.config.getoption("--all"))


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The development data: FASTDCT_TEST_DATA, else shared/data beside the repository."""
    default = Path(__file__).parents[2] / "shared" / "data"
    path = Path(os.environ.get("FASTDCT_TEST_DATA", default))
    if not path.is_dir():
        pytest.skip(f"no development data at {path}: set FASTDCT_TEST_DATA")
    return path
