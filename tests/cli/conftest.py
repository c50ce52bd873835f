"""What every command is tried on: weights, a folder of photos and its index."""

import pytest

from commands import make_folder, make_index, make_weights


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    return make_weights(tmp_path_factory.mktemp("weights"))


@pytest.fixture
def photos(tmp_path):
    return make_folder(tmp_path / "photos")


@pytest.fixture
def index(photos, tmp_path, weights, capsys):
    path = make_index(photos, tmp_path / "index", weights)
    capsys.readouterr()
    return path
