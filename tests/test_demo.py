"""The demo finds the right thing with the packaged weights, and only with trained ones."""

import csv
import importlib.util
from pathlib import Path

import pytest
import torch

from fastdct import models

EXAMPLES = Path(__file__).parent.parent / "examples"


@pytest.fixture(scope="module")
def demo():
    spec = importlib.util.spec_from_file_location("demo", EXAMPLES / "demo.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_both_queries_find_another_photo_of_their_thing(demo, tmp_path, capsys):
    assert demo.main(["--output", str(tmp_path)]) == 0
    assert capsys.readouterr().out.count("right: ") == 2
    assert len(list(tmp_path.glob("*.html"))) == 2


def test_random_weights_fail_the_same_check(demo, tmp_path, capsys):
    torch.manual_seed(0)
    config = models.load("delg-small").config
    models.save(models.Delg(config), tmp_path / "random")
    assert demo.main(["--output", str(tmp_path), "--model", str(tmp_path / "random")]) == 1
    assert "WRONG: " in capsys.readouterr().out


def test_examples_are_small_and_listed():
    files = {path.relative_to(EXAMPLES).as_posix() for path in EXAMPLES.rglob("*.jpg")}
    with (EXAMPLES / "labels.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert files == {row["path"] for row in rows}
    assert sum((EXAMPLES / name).stat().st_size for name in files) <= 3_000_000
    assert {row["licence"] for row in rows} == {"MIT", "CC BY 4.0"}
