"""A network on pixels teaches one on coefficients."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from fastdct import Decoder, models
from fastdct.geometry import Resize
from fastdct.models import MobileNetV2
from fastdct.retrieval import Extractor
from fastdct.training import run as run_module
from fastdct.training import train
from fastdct.training.distillation import DistilTraining
from fastdct.training.teacher import ALL_CHANNELS, Teacher
from fastdct.training.whitening import fit_whitening
from made import encoded, photo, write_quantized


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    """A quantised network of random weights."""
    torch.manual_seed(0)
    file = tmp_path_factory.mktemp("teacher") / "net.npz"
    write_quantized(file, MobileNetV2(batch_norm=False))
    return str(file)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    root = tmp_path_factory.mktemp("photos")
    random = np.random.default_rng(0)
    for label in range(3):
        pattern = random.integers(0, 256, (4, 4, 3))
        (root / f"class{label}").mkdir()
        for index in range(6):
            noisy = np.clip(pattern + random.normal(0, 25, pattern.shape), 0, 255).astype(np.uint8)
            picture = Image.fromarray(noisy).resize((88, 72), Image.Resampling.BICUBIC)
            picture.save(root / f"class{label}" / f"{index}.jpg")
    return root


@pytest.fixture
def config(photos, teacher, tmp_path):
    return DistilTraining(
        labels=photos,
        output=tmp_path / "run",
        teacher=teacher,
        channels=24,
        size=64,
        batch_size=6,
        epochs=3,
        optimizer="adamw",
        schedule="cosine",
        learning_rate=0.003,
        crop_area=0.5,
        validation=0.0,
    )


def _metrics(directory):
    return [json.loads(line) for line in (directory / "metrics.jsonl").read_text().splitlines()]


def _weights(directory):
    return (directory / "model.safetensors").read_bytes(), (directory / "config.json").read_bytes()


def test_the_teacher_sees_the_pixels_of_the_same_window(teacher):
    taught = Teacher(teacher, bfloat16=False)
    data = encoded(photo(1, height=128, width=128), subsampling=0)
    coefficients = Decoder(96, channels=ALL_CHANNELS)([data]).tensor
    rgb = Decoder(96, output="rgb", dtype="float32")([data]).tensor
    with torch.inference_mode():
        x = (rgb - 127.5) / 127.5
        torch.testing.assert_close(
            taught.first(coefficients), taught.network.features[:5](x), rtol=0, atol=2e-3
        )
        targets = taught.targets(coefficients, pool=models.GeM(1.0))
        expected = taught.network.features(x).mean(dim=(2, 3))
        torch.testing.assert_close(targets.pooled, expected, rtol=0.02, atol=2e-3)
    assert targets.third_stage.shape == (1, 576, 6, 6)


@pytest.mark.parametrize("make", [lambda: torch.nn.Linear(5, 3), lambda: torch.nn.Conv2d(5, 3, 1)])
def test_whitening_by_half(make):
    """Deviations become their square roots, and the directions of the largest stay."""
    torch.manual_seed(0)
    deviations = torch.tensor([9.0, 4.0, 2.0, 0.1, 0.01])
    features = torch.randn(4000, 5) * deviations + 7
    layer = make()
    fit_whitening(layer, features.split(1500))
    given = features if isinstance(layer, torch.nn.Linear) else features[:, :, None, None]
    whitened = layer(given).detach().flatten(1)
    torch.testing.assert_close(whitened.mean(dim=0), torch.zeros(3), rtol=0, atol=1e-3)
    torch.testing.assert_close(whitened.std(dim=0), deviations[:3].sqrt(), rtol=0.05, atol=0)
    correlation = torch.corrcoef(whitened.T)
    torch.testing.assert_close(correlation, torch.eye(3), rtol=0, atol=1e-3)


def test_features_without_variance_are_whitened_to_numbers():
    layer = torch.nn.Linear(4, 2)
    fit_whitening(layer, [torch.ones(3, 4)])
    assert layer(torch.ones(1, 4)).isfinite().all()


def test_the_first_layers_come_nearer_and_the_rest_is_the_teacher_s(config):
    trained = train(replace(config, stem=True, epochs=6, learning_rate=0.01))
    metrics = _metrics(config.output)
    assert metrics[-1]["loss"] < 0.8 * metrics[0]["loss"]
    expected = Teacher(config.teacher, bfloat16=False).network.state_dict()
    state = trained.backbone.state_dict()
    published = [key for key in state if key.startswith("features.")]
    changed = {key.split(".")[1] for key in published if not torch.equal(state[key], expected[key])}
    assert len(published) == 92
    assert changed == {"3", "4"}  # trained with the stem
    assert max(trained.config.std) > 1
    assert len(trained.config.mean) == 24


def test_the_whole_network_learns_from_labels_and_teacher(config):
    trained = train(replace(config, epochs=5, teacher_weight=1.0))
    first, *_, last = _metrics(config.output)
    for name in ("loss", "descriptor_loss", "teacher_global", "teacher_local"):
        assert last[name] < first[name], name
    assert trained.config.attention_threshold > 0
    loaded = models.load(config.output).state_dict()
    assert all(torch.equal(value, trained.state_dict()[key]) for key, value in loaded.items())


def test_local_descriptors_end_whitened(config, photos):
    trained = train(replace(config, epochs=1))
    decoder = Decoder(64, channels=24, normalize=trained.config.normalize)
    with torch.inference_mode():
        third = trained.third_stage(decoder(sorted(photos.rglob("*.jpg"))).tensor)
        reduced = trained.reduction(third)[:, :, ::3, ::3].transpose(0, 1).flatten(1)  # [128, n]
    torch.testing.assert_close(reduced.mean(dim=1), torch.zeros(128), rtol=0, atol=1e-3)
    deviations = reduced.std(dim=1)
    assert (deviations[:20].diff() < 1e-4).all()  # the largest first


def test_a_killed_run_resumes_to_the_same_bits(config, tmp_path, monkeypatch):
    straight = replace(config, output=tmp_path / "straight")
    train(straight)
    step, steps = run_module.Run._step, []

    def killed(self, batch):
        steps.append(1)
        if len(steps) == 5:  # three batches an epoch: in the middle of the second
            raise KeyboardInterrupt
        return step(self, batch)

    monkeypatch.setattr(run_module.Run, "_step", killed)
    with pytest.raises(KeyboardInterrupt):
        train(config)
    train(config)
    assert _weights(config.output) == _weights(straight.output)


def test_a_network_on_pixels_begins_as_the_teacher_and_sees_what_it_sees(config, photos, teacher):
    objective = replace(config, channels=0).objective(["a", "b", "c"])
    model, taught = objective.model.eval(), Teacher(teacher, bfloat16=False)
    decoder = objective.decoder(64, window=Resize())
    loaded = decoder(sorted(photos.rglob("*.jpg"))[:3]).tensor
    with torch.inference_mode():
        third = model.third_stage(objective.selected(loaded))
        targets = taught.targets(loaded, pool=model.pool)
        assert torch.equal(third, targets.third_stage)
        assert torch.equal(model.fourth_stage(third), targets.pooled)


def test_a_network_on_pixels_learns_by_the_same_loop(config, photos, tmp_path):
    trained = train(replace(config, channels=0, epochs=4, size=64, late_size=96, late_from=3))
    first, *_, last = _metrics(config.output)
    assert last["loss"] < first["loss"]
    assert trained.config.channels is None
    assert trained.config.normalize == ((127.5,) * 3, (127.5,) * 3)
    assert trained.config.input_area == 96 * 96
    features = Extractor(models.load(config.output)).extract(next(iter(sorted(photos.rglob("*.jpg")))))
    assert features.descriptors.shape[1] == 128
    assert (features.keypoints >= 0).all()
    assert (features.keypoints <= [88, 72]).all()


def test_on_pixels_there_is_no_stem_to_train(config):
    with pytest.raises(ValueError, match="on pixels the first layers are the teacher's"):
        train(replace(config, channels=0, stem=True))


def test_another_backbone_has_no_such_teacher(config):
    with pytest.raises(
        ValueError, match="the teacher is a mobilenetv2, and so must be the network, not delg-resnet18"
    ):
        train(replace(config, model="delg-resnet18"))


def test_an_autoencoder_is_for_training_without_a_teacher(config):
    with pytest.raises(ValueError, match="need no autoencoder; leave it out, or train delg"):
        train(replace(config, autoencoder=64))


def test_a_missing_teacher_is_named(config, tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        train(replace(config, teacher=str(tmp_path / "nowhere.npz")))
