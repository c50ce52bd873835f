"""Shared options and fixtures."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("fastdct", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("fastdct")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--all", action="store_true", help="run long sweeps whole instead of sampled by seed")


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
