"""Weights on disk: what is written is what is read, and what cannot be read says why."""

from __future__ import annotations

import dataclasses
import json
from importlib import resources
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from fastdct import models


@pytest.fixture
def model() -> models.Delg:
    torch.manual_seed(1)
    model = models.delg_resnet18(channels=24)
    model.train()(torch.randn(2, 24, 16, 16))  # moves the batch-norm statistics off their defaults
    model.config = dataclasses.replace(
        model.config, attention_threshold=0.5, mean=tuple(map(float, range(24)))
    )
    return model


def test_round_trip_is_bit_equal(model, tmp_path):
    models.save(model, tmp_path / "weights")
    loaded = models.load(tmp_path / "weights")
    assert loaded.config == model.config
    assert not loaded.training
    expected = model.state_dict()
    assert loaded.state_dict().keys() == expected.keys()
    assert all(torch.equal(value, expected[key]) for key, value in loaded.state_dict().items())


def test_half_precision_halves_the_file_and_keeps_vectors(model, tmp_path):
    models.save(model, tmp_path / "full")
    models.save(model, tmp_path / "half", half=True)
    sizes = [(tmp_path / name / "model.safetensors").stat().st_size for name in ("full", "half")]
    assert sizes[1] < 0.52 * sizes[0]
    loaded = models.load(tmp_path / "half").state_dict()
    for key, value in model.state_dict().items():
        assert loaded[key].dtype == value.dtype
        expected = value.half().float() if value.ndim > 1 else value
        assert torch.equal(loaded[key], expected), key


def test_saving_again_replaces_and_keeps_the_model_card(model, tmp_path):
    models.save(model, tmp_path)
    (tmp_path / "README.md").write_text("card")
    model.config = dataclasses.replace(model.config, attention_threshold=0.75)
    models.save(model, tmp_path)
    assert models.load(tmp_path).config.attention_threshold == 0.75
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "README.md",
        "config.json",
        "model.safetensors",
    ]


def test_failed_save_leaves_nothing(model, tmp_path, monkeypatch):
    monkeypatch.setattr(json, "dumps", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        models.save(model, tmp_path / "weights")
    assert list(tmp_path.iterdir()) == []


def test_nothing_there_names_the_choices(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no config.json.*delg-small"):
        models.load(tmp_path / "nowhere")


def _edit_tensors(directory, edit):
    tensors = load_file(directory / "model.safetensors")
    edit(tensors)
    save_file(tensors, directory / "model.safetensors")


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda t: t.pop("whitening.bias"), "lacks whitening.bias"),
        (lambda t: t.update(extra=torch.zeros(1)), "has extra, which the network does not"),
        (lambda t: [t.pop(key) for key in list(t)[:5]], "and 2 more"),
    ],
)
def test_tensors_that_do_not_fit_are_named(model, tmp_path, edit, message):
    models.save(model, tmp_path)
    _edit_tensors(tmp_path, edit)
    with pytest.raises(models.WeightsError, match=message):
        models.load(tmp_path)


def test_weights_of_other_channels_are_refused(model, tmp_path):
    models.save(model, tmp_path / "24")
    models.save(models.delg_resnet18(channels=64), tmp_path / "64")
    (tmp_path / "24" / "model.safetensors").replace(tmp_path / "64" / "model.safetensors")
    with pytest.raises(
        models.WeightsError, match=r"layer1\.0\.conv1\.weight is \[32, 24, 3, 3\], .*\[32, 64, 3, 3\]"
    ):
        models.load(tmp_path / "64")


def test_damaged_weights_are_refused(model, tmp_path):
    models.save(model, tmp_path)
    file = tmp_path / "model.safetensors"
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(models.WeightsError, match=r"model.safetensors is damaged"):
        models.load(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 3}, "expected 'fastdct-delg' version 2, found 'fastdct-delg' version 3"),
        ({"format": "other"}, "found 'other' version 2"),
        ({"colour": "blue"}, r"unknown fields \['colour'\]"),
        ({"mean": [0.0]}, "24 channels need as many means"),
        ({"channels": {"name": "none"}}, "missing"),
        ({"channels": 24}, "config.json: "),
        ({"backbone": "eighteen"}, "config.json: there is no backbone 'eighteen'"),
    ],
)
def test_configs_that_do_not_fit_are_refused(model, tmp_path, change, message):
    models.save(model, tmp_path)
    file = tmp_path / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
    with pytest.raises(models.WeightsError, match=message):
        models.load(tmp_path)


def test_configs_of_version_1_are_read(model, tmp_path):
    models.save(model, tmp_path)
    file = tmp_path / "config.json"
    values = json.loads(file.read_text())
    del values["backbone"], values["reduction"]
    file.write_text(json.dumps({**values, "version": 1, "depth": 18}))
    assert models.load(tmp_path).config == model.config


@pytest.mark.parametrize("text", ["", "[]", "{"])
def test_configs_that_are_no_json_object_are_refused(model, tmp_path, text):
    models.save(model, tmp_path)
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(models.WeightsError, match=r"config\.json"):
        models.load(tmp_path)


def test_missing_fields_are_named(model, tmp_path):
    models.save(model, tmp_path)
    file = tmp_path / "config.json"
    values = json.loads(file.read_text())
    del values["std"]
    file.write_text(json.dumps(values))
    with pytest.raises(models.WeightsError, match=r"missing fields \['std'\]"):
        models.load(tmp_path)


def test_packaged_weights_are_small_and_complete():
    model = models.load("delg-small")
    directory = resources.files("fastdct") / "weights" / "delg_small"
    assert sum(file.stat().st_size for file in directory.iterdir()) <= 8 << 20
    assert sum(parameter.numel() for parameter in model.parameters()) <= 3_500_000
    assert model.config.attention_threshold > 0
    assert min(model.config.std) > 0
    assert model.config.mean != (0.0,) * 64
    assert all(value.isfinite().all() for value in model.state_dict().values())
    card = (directory / "README.md").read_text(encoding="utf-8")
    assert all(word in card for word in ("Licence", "Data", "Recipe", "Figures"))
    notice = Path(__file__).parent.parent / "NOTICE"
    assert "python/fastdct/weights/delg_small" in notice.read_text(encoding="utf-8")
