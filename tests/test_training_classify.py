"""Training of classifiers: it learns, on coefficients and on pixels of the same windows, and resumes to the same bits."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch
from torch import nn

from fastdct import models
from fastdct.cli import main
from fastdct.decoder import Decoder
from fastdct.frequencies import static
from fastdct.models import registry
from fastdct.training import CheckpointError, ClassifyTraining, train
from fastdct.training.batches import CachedFiles, training_batches
from fastdct.training.cache import ImageCache
from fastdct.training.distributed import Ranks
from fastdct.training.run import Run
from jpegs import make_class_folders

NUM_CLASSES, NUM_PHOTOS = 3, 8


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    return make_class_folders(tmp_path_factory.mktemp("photos"), classes=NUM_CLASSES, photos=NUM_PHOTOS)


class Tiny(models.Classifier):
    """A few convolutions over whatever the input is; a second tensor is brought to the grid of the first."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        channels = sum(shape[0] for shape in config.input.shapes)
        stride = 4 if config.input.channels is None else 1
        self.layers = nn.Sequential(
            nn.Conv2d(channels, 24, 3, stride=stride),
            nn.BatchNorm2d(24),
            nn.ReLU(),
            nn.Conv2d(24, 24, 3),
            nn.ReLU(),
            nn.Dropout(0.1),
        )
        self.fc = nn.Linear(24, config.num_classes)

    def forward(self, x, *chroma):
        others = [nn.functional.interpolate(tensor, x.shape[2:]) for tensor in chroma]
        return self.fc(self.layers(torch.cat((x, *others), dim=1)).mean(dim=(2, 3)))


INPUTS = {
    "tiny-rgb": models.InputSpec(size=64),
    "tiny-dct": models.InputSpec(size=64, channels=static(24)),
    "tiny-two-grids": models.InputSpec(size=64, channels=static(24), chroma_size=32),
}


@pytest.fixture(autouse=True)
def tiny_networks(monkeypatch):
    """Three more names in the registry: published networks take minutes."""
    for name, spec in INPUTS.items():
        monkeypatch.setitem(registry._VARIANTS, name, registry._Variant(Tiny, spec))


@pytest.fixture
def config(photos, tmp_path):
    return ClassifyTraining(
        labels=photos,
        output=tmp_path / "run",
        model="tiny-dct",
        epochs=4,
        batch_size=6,
        learning_rate=0.05,
        step_epochs=3,
        validation=0.25,
    )


def _metrics(directory):
    return [json.loads(line) for line in (directory / "metrics.jsonl").read_text().splitlines()]


def test_defaults_are_the_source_s(tmp_path):
    config = ClassifyTraining(labels=tmp_path, output=tmp_path)
    assert (config.batch_size, config.epochs, config.learning_rate, config.step_epochs) == (
        128,
        120,
        0.05,
        30,
    )
    assert (config.momentum, config.weight_decay, config.flip) == (0.9, 1e-4, 0.5)
    x1, y1, x2, y2 = config.validation_window(256, 256).box
    assert (x1, y1, x2, y2) == (16, 16, 240, 240)


@pytest.mark.parametrize("model", INPUTS)
def test_networks_learn_on_pixels_coefficients_and_two_grids(config, model):
    trained = train(replace(config, model=model, epochs=14, step_epochs=12))
    last = _metrics(config.output)[-1]
    assert last["validation_accuracy"] == last["validation_class_accuracy"] > 0.6  # six pictures: four right
    assert trained.config.classes == ("class0", "class1", "class2")
    loaded = models.load_classifier(config.output)
    assert loaded.config == trained.config
    assert all(torch.equal(value, trained.state_dict()[key]) for key, value in loaded.state_dict().items())


def test_pixels_and_coefficients_are_of_the_same_windows(photos, config):
    """The first coefficient of luma is eight times its mean over the block, less 128."""
    files = CachedFiles([(path, 0) for path in sorted(photos.rglob("*.jpg"))], ImageCache(0))
    options = {
        "config": replace(config, batch_size=24),
        "epoch": 3,
        "ranks": Ranks(0, 1, torch.device("cpu")),
    }
    window = config.training_window
    [pixels] = training_batches(files, Decoder(64, output="rgb", dtype="float32", window=window), **options)
    [blocks] = training_batches(files, Decoder(64, channels=64, window=window), **options)
    assert torch.equal(pixels.positions, blocks.positions)
    luma = torch.einsum("nchw,c->nhw", pixels.tensor, torch.tensor([0.299, 0.587, 0.114]))
    means = torch.nn.functional.avg_pool2d(luma[:, None], 8)[:, 0]
    assert (means - (blocks.tensor[:, 0] / 8 + 128)).abs().mean() < 1  # clamping moves some


def test_a_killed_run_with_an_average_resumes_to_the_same_bits(config, monkeypatch):
    config = replace(config, epochs=3, ema=0.9, schedule="cosine", warmup_epochs=1, label_smoothing=0.1)
    straight = train(replace(config, output=config.output / "straight"))
    step, steps = Run._step, []

    def killed(self, batch):
        steps.append(1)
        if len(steps) == 5:  # three batches an epoch: in the middle of the second
            raise KeyboardInterrupt
        return step(self, batch)

    monkeypatch.setattr(Run, "_step", killed)
    stopped = replace(config, output=config.output / "stopped")
    with pytest.raises(KeyboardInterrupt):
        train(stopped)
    resumed = train(stopped)
    assert len(steps) == 5 + 6
    assert all(torch.equal(value, resumed.state_dict()[key]) for key, value in straight.state_dict().items())
    assert all("seconds" in line for line in _metrics(stopped.output))
    with pytest.raises(CheckpointError, match=r"ema was 0\.9, is 0\.5"):
        train(replace(stopped, ema=0.5))


def test_a_gate_learns_which_channels_pay(config):
    trained = train(replace(config, gate_weight=0.3, epochs=14, step_epochs=12))
    metrics = _metrics(config.output)
    assert 0 < metrics[-1]["num_open"] < metrics[0]["num_open"] < 24
    assert metrics[-1]["validation_accuracy"] > 0.6
    assert isinstance(models.load_classifier(config.output), models.Gated)
    warm = replace(config, initial=str(config.output), output=config.output / "warm", epochs=1)
    assert not isinstance(train(warm), models.Gated)  # the network behind the gate is what is taken
    assert trained.config.gated


def test_pixels_have_no_gate(config):
    with pytest.raises(ValueError, match="takes pixels; a gate chooses among DCT channels"):
        train(replace(config, model="tiny-rgb", gate_weight=0.1))


def test_the_average_is_judged_and_stored(config):
    """The average of a run lies between its first and last weights, and is not the last ones."""
    averaged = train(replace(config, ema=0.999, epochs=2))
    plain = train(replace(config, output=config.output / "plain", epochs=2))
    first = models.create("tiny-dct", num_classes=NUM_CLASSES).state_dict()
    assert averaged.state_dict().keys() == plain.state_dict().keys() == first.keys()
    assert not torch.equal(averaged.fc.weight, plain.fc.weight)
    assert averaged.layers[1].num_batches_tracked == plain.layers[1].num_batches_tracked == 6


def test_smoothed_labels_cost_what_the_formula_says(config):
    objective = replace(config, label_smoothing=0.3).objective(["a", "b", "c"])
    logits, labels = torch.randn(5, 3), torch.tensor([0, 2, 1, 1, 0])
    target = torch.full((5, 3), 0.3 / 3)
    target[range(5), labels] += 0.7
    expected = -(target * torch.log(logits.exp() / logits.exp().sum(1, keepdim=True))).sum(1).mean()
    torch.testing.assert_close(objective.losses(logits, labels)["loss"], expected)


def test_a_table_says_what_is_held_out(photos, config, tmp_path):
    rows = [
        f"{path},{path.parent.name},{('val', 'train', 'train', 'unused')[number % 4]}"
        for number, path in enumerate(sorted(photos.rglob("*.jpg")))
    ]
    rows.sort(key=lambda row: row.rpartition(",")[2])  # so that one can change sides without another order
    table = tmp_path / "labels.csv"
    table.write_text("\n".join(["path,label,split", *rows]))
    config = replace(config, labels=table, split_column="split", epochs=1)
    train(config)
    assert _metrics(config.output)[0]["validation_accuracy"] * 6 == pytest.approx(
        round(_metrics(config.output)[0]["validation_accuracy"] * 6)
    )
    last = [row for row in rows if row.endswith(",train")][-1]
    table.write_text(table.read_text().replace(last, last.removesuffix("train") + "val"))
    with pytest.raises(CheckpointError, match="other files, labels or split"):
        train(config)
    table.write_text("\n".join(["path,label,split", *rows, f"{photos}/class0/0.jpg,another,val"]))
    with pytest.raises(ValueError, match="no picture of 'another' to train on"):
        train(replace(config, output=tmp_path / "other"))


def test_the_command_reads_a_file_and_draws_curves(photos, tmp_path, capsys):
    pytest.importorskip("matplotlib")
    file = tmp_path / "run.toml"
    file.write_text('model = "tiny-dct"\nepochs = 9\nbatch-size = 6\nprecision = "bfloat16"\n')
    output = tmp_path / "run"
    options = ["--labels", photos, "--output", output, "--config", file, "--epochs", 2, "--plot"]
    assert main(["train", "classify", *map(str, options)]) == 0
    assert "18 pictures to train on, 6 held out" in capsys.readouterr().out
    assert len(_metrics(output)) == 2
    assert "<svg" in (output / "curves.svg").read_text()
    assert main(["train", "classify", *map(str, [*options, "--model", "tiny-rgb"])]) == 2
    assert "model was 'tiny-dct', is 'tiny-rgb'" in capsys.readouterr().err
    assert main(["train", "classify", *map(str, options[2:])]) == 2
    assert "labels is needed: give --labels LABELS" in capsys.readouterr().err


def test_an_unknown_network_is_named_with_its_neighbours(config):
    with pytest.raises(ValueError, match=r"no network .resnet18-fbs-61.; did you mean .*resnet18-fbs-16"):
        train(replace(config, model="resnet18-fbs-61"))
