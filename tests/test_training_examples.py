"""The training examples run and learn: in a plain loop, and in Lightning and Accelerate where they are installed."""

from __future__ import annotations

import importlib
import math
import sys
from pathlib import Path

import numpy as np
import pytest

from jpegs import make_jpeg, make_pixels

NEEDS = {"plain": "torch", "lightning": "pytorch_lightning", "accelerate": "accelerate"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two classes, one bluish, one reddish."""
    root = tmp_path_factory.mktemp("classes")
    for label, channel in enumerate((0, 2)):
        (root / f"class{label}").mkdir()
        for seed in range(12):
            pixels = make_pixels(80, 96, seed=seed).astype(int)
            pixels[..., channel] += 90
            data = make_jpeg(pixels=np.clip(pixels, 0, 255).astype(np.uint8))
            (root / f"class{label}" / f"{seed}.jpg").write_bytes(data)
    return root


@pytest.mark.filterwarnings("default")  # those of other people's packages
@pytest.mark.parametrize("kind", NEEDS)
def test_an_example_learns(kind, folder, monkeypatch):
    pytest.importorskip(NEEDS[kind])
    monkeypatch.syspath_prepend(Path(__file__).parent.parent / "examples")
    monkeypatch.setitem(sys.modules, "train_plain", importlib.import_module("train_plain"))
    example = importlib.import_module(f"train_{kind}")
    loss = example.main([str(folder), "--epochs", "6", "--batch-size", "8"])
    assert loss < 0.5 * math.log(2)  # half of what guessing costs
