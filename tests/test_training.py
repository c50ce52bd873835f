"""Whole training runs on made-up photos: they learn, they resume, they say what is wrong."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from fastdct import models
from fastdct.training import CheckpointError, DelgTraining, command, train
from fastdct.training import run as run_module
from fastdct.training.checkpoint import Checkpoint
from fastdct.training.progress import NoProgress
from jpegs import make_class_folders

NUM_CLASSES, NUM_PHOTOS = 3, 8


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    return make_class_folders(tmp_path_factory.mktemp("photos"), classes=NUM_CLASSES, photos=NUM_PHOTOS)


@pytest.fixture
def config(photos, tmp_path):
    return DelgTraining(
        labels=photos,
        output=tmp_path / "run",
        channels=24,
        size=64,
        epochs=4,
        batch_size=6,
        step_epochs=3,
        learning_rate=0.02,
        crop_area=0.5,
        validation=0.25,
    )


def _metrics(directory):
    return [json.loads(line) for line in (directory / "metrics.jsonl").read_text().splitlines()]


def _weights(directory):
    return (directory / "model.safetensors").read_bytes(), (directory / "config.json").read_bytes()


@pytest.fixture(scope="module")
def straight(photos, tmp_path_factory):
    """A run that was never stopped."""
    output = tmp_path_factory.mktemp("straight") / "run"
    config = DelgTraining(
        labels=photos,
        output=output,
        channels=24,
        size=64,
        epochs=4,
        batch_size=6,
        step_epochs=3,
        learning_rate=0.02,
        crop_area=0.5,
        validation=0.25,
    )
    return output, train(config)


def test_training_lowers_the_loss_and_follows_the_schedule(straight):
    metrics = _metrics(straight[0])
    assert [line["epoch"] for line in metrics] == [0, 1, 2, 3]
    assert metrics[-1]["loss"] < 0.7 * metrics[0]["loss"]
    assert [line["learning_rate"] for line in metrics] == pytest.approx([0.02, 0.02, 0.02, 0.002])


def test_training_tells_held_out_pictures_apart(config):
    train(replace(config, epochs=12, step_epochs=12))
    assert _metrics(config.output)[-1]["validation_accuracy"] > 0.8


def test_export_holds_statistics_and_threshold(straight):
    output, trained = straight
    loaded = models.load(output)
    assert loaded.config == trained.config
    assert loaded.config.attention_threshold == _metrics(output)[-1]["attention_median"] > 0
    assert max(loaded.config.std) > 1
    assert all(torch.equal(value, trained.state_dict()[key]) for key, value in loaded.state_dict().items())


def test_same_seed_gives_the_same_bits_whatever_the_threads(straight, config):
    train(replace(config, workers=3, cache_mib=0))
    assert _weights(config.output) == _weights(straight[0])


def test_another_seed_gives_other_weights(straight, config):
    train(replace(config, seed=1, epochs=1))
    assert _weights(config.output) != _weights(straight[0])


def test_a_killed_run_resumes_to_the_same_bits(straight, config, monkeypatch):
    step, steps = run_module.Run._step, []

    def killed(self, batch):
        steps.append(1)
        if len(steps) == 8:  # three batches an epoch: in the middle of the third
            raise KeyboardInterrupt
        return step(self, batch)

    monkeypatch.setattr(run_module.Run, "_step", killed)
    with pytest.raises(KeyboardInterrupt):
        train(config)
    assert not (config.output / "model.safetensors").exists()
    assert len(_metrics(config.output)) == 2
    train(config)
    assert len(steps) == 8 + 6
    assert _weights(config.output) == _weights(straight[0])
    timings = {"seconds", "images_per_second"}
    for resumed, expected in zip(_metrics(config.output), _metrics(straight[0]), strict=True):
        assert {k: v for k, v in resumed.items() if k not in timings} == {
            k: v for k, v in expected.items() if k not in timings
        }


def test_a_finished_run_can_be_given_more_epochs(straight, config):
    train(replace(config, epochs=2))
    train(config)
    assert _weights(config.output) == _weights(straight[0])


def test_another_run_s_checkpoint_is_refused(config):
    train(replace(config, epochs=1))
    with pytest.raises(CheckpointError, match=r"margin was 0\.15, is 0\.3"):
        train(replace(config, margin=0.3))


def test_an_option_that_a_checkpoint_does_not_know_had_its_default(config):
    older = {name: value for name, value in config.to_dict().items() if name != "gem_learnable"}
    checkpoint = Checkpoint(1, older, {}, "files", {}, {}, {}, None)
    known = {"defaults": config.defaults(), "data": "files", "directory": config.output}
    checkpoint.check_same_run(config.to_dict(), **known)
    with pytest.raises(CheckpointError, match="gem_learnable was False, is True"):
        checkpoint.check_same_run(replace(config, gem_learnable=True).to_dict(), **known)


def test_more_epochs_of_a_schedule_that_ends_are_refused(config):
    config = replace(config, schedule="cosine", epochs=1)
    train(config)
    with pytest.raises(CheckpointError, match="epochs was 1, is 2"):
        train(replace(config, epochs=2))


def test_a_checkpoint_on_other_labels_is_refused(photos, config, tmp_path):
    rows = [f"{path},{path.parent.name}" for path in sorted(photos.rglob("*.jpg"))]
    config = replace(config, labels=tmp_path / "labels.csv", epochs=1)
    config.labels.write_text("\n".join(["path,label", *rows]))
    train(config)
    config.labels.write_text("\n".join(["path,label", *rows[:-1]]))
    with pytest.raises(CheckpointError, match="other files, labels or split"):
        train(config)


@pytest.mark.parametrize("kept", [0, 1000, 100_000])
def test_a_damaged_checkpoint_is_refused(straight, config, kept):
    config.output.mkdir()
    whole = (straight[0] / "checkpoint.pt").read_bytes()
    (config.output / "checkpoint.pt").write_bytes(whole[:kept])
    with pytest.raises(CheckpointError, match=r"checkpoint\.pt is damaged"):
        train(config)


def test_a_checkpoint_of_another_version_is_refused(config):
    config.output.mkdir()
    torch.save({"version": 99}, config.output / "checkpoint.pt")
    with pytest.raises(CheckpointError, match="another version"):
        train(config)


def test_csv_labels_and_a_bad_file(photos, config, tmp_path):
    rows = [f"{path.relative_to(photos)},{path.parent.name}" for path in sorted(photos.rglob("*.jpg"))]
    (tmp_path / "labels.csv").write_text("\n".join(["file,thing", "class0/absent.jpg,class0", *rows]))
    told = {}

    class Listener(NoProgress):
        def started(self, num_training, num_validation, *, errors):
            told.update(errors, num=num_training + num_validation)

    table = {
        "labels": tmp_path / "labels.csv",
        "root": photos,
        "path_column": "file",
        "label_column": "thing",
    }
    train(replace(config, epochs=1, **table), progress=Listener())
    assert told.pop("num") == NUM_CLASSES * NUM_PHOTOS
    assert list(told) == [str(photos / "class0" / "absent.jpg")]


def test_a_run_goes_on_without_held_out_pictures_that_are_all_bad(photos, config, tmp_path):
    rows = [f"{path},{path.parent.name},train" for path in sorted(photos.rglob("*.jpg"))]
    table = tmp_path / "labels.csv"
    table.write_text("\n".join(["path,label,split", "absent.jpg,class0,val", *rows]))
    train(replace(config, labels=table, split_column="split", epochs=1))
    assert _metrics(config.output)[0]["validation_accuracy"] is None


def test_warm_start_keeps_the_statistics_and_starts_lower(straight, config):
    trained = train(replace(config, initial=str(straight[0]), epochs=1, learning_rate=0.002))
    assert trained.config.mean == models.load(straight[0]).config.mean
    with pytest.raises(ValueError, match="takes 24 channels, not 64"):
        train(replace(config, initial=str(straight[0]), channels=64, output=config.output / "other"))


def test_bfloat16_trains_and_half_halves_the_export(straight, config):
    train(replace(config, precision="bfloat16", half=True))
    metrics = _metrics(config.output)
    assert metrics[-1]["loss"] < 0.8 * metrics[0]["loss"]
    assert len(_weights(config.output)[0]) < 0.52 * len(_weights(straight[0])[0])


def test_windows_grow_late(config, monkeypatch):
    step, sides = run_module.Run._step, []

    def recorded(self, batch):
        sides.append(8 * batch.tensor.shape[-1])
        return step(self, batch)

    monkeypatch.setattr(run_module.Run, "_step", recorded)
    train(replace(config, epochs=3, late_size=96, late_from=2))
    assert sides == [64] * 6 + [96] * 3


def test_validation_may_be_empty(config):
    train(replace(config, validation=0.0, epochs=1))
    assert _metrics(config.output)[0]["validation_accuracy"] is None


def test_one_class_is_refused(photos, config, tmp_path):
    (tmp_path / "labels.csv").write_text("path,label\nclass0/0.jpg,a\nclass0/1.jpg,a\n")
    with pytest.raises(ValueError, match="only the class 'a'"):
        train(replace(config, labels=tmp_path / "labels.csv", root=photos))


def test_an_unknown_network_is_refused(config):
    with pytest.raises(
        ValueError, match="no network 'delg-huge'; there are delg-small, delg-resnet18, delg-resnet50"
    ):
        train(replace(config, model="delg-huge"))


def test_a_network_without_batch_norm_is_not_trained_from_nothing(config):
    with pytest.raises(
        ValueError, match="cannot be trained from nothing; train delg-resnet18, give --initial"
    ):
        train(replace(config, model="delg-small"))


def _parsed(*options):
    parser = argparse.ArgumentParser()
    command.add_arguments(parser, DelgTraining)
    return parser.parse_args([str(option) for option in options])


def test_command_line_options_are_the_config_s_fields(photos, config, capsys):
    options = (
        f"--labels {photos} --output {config.output} --channels 24 --size 64 --epochs 1 --batch-size 6 --half"
    )
    command.run(DelgTraining, _parsed(*options.split()))
    printed = capsys.readouterr().out
    assert "18 pictures to train on, 6 held out" in printed
    assert "held-out accuracy" in printed
    assert "descriptor" in printed
    assert models.load(config.output).config.channels.num_channels == 24


def test_an_option_that_is_needed_is_asked_for():
    with pytest.raises(ValueError, match=r"output is needed: give --output OUTPUT, or output = "):
        command.make_config(DelgTraining, _parsed("--labels", "only.csv"))


def test_a_file_of_options_yields_to_the_command_line(tmp_path):
    file = tmp_path / "run.toml"
    file.write_text('labels = "photos"\noutput = "run"\nbatch-size = 7\nlearning_rate = 1\nhalf = true\n')
    config = command.make_config(DelgTraining, _parsed("--config", file, "--batch-size", 9, "--no-half"))
    assert (config.labels, config.batch_size, config.learning_rate) == (Path("photos"), 9, 1)
    assert not config.half
    assert config.epochs == 40


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("labels = ", "is no TOML file"),
        ("\udcff", "is no TOML file"),
        ("epoch = 3", "there is no option 'epoch'; there are .*epochs"),
        ("epochs = 3.5", r"epochs must be of type int, not 3\.5"),
        ("epochs = true", "epochs must be of type int, not True"),
        ("half = 1", "half must be of type bool, not 1"),
    ],
)
def test_a_wrong_file_of_options_is_named(tmp_path, text, message):
    file = tmp_path / "run.toml"
    file.write_text(text, errors="surrogateescape")
    with pytest.raises(ValueError, match=rf"run\.toml: {message}"):
        command.make_config(DelgTraining, _parsed("--config", file))


def test_the_source_s_schedule_runs_unchanged_on_a_tiny_set(photos, config):
    """The file as it stands says what the source says; here a smaller network and one epoch of it."""
    file = Path(__file__).parent.parent / "benchmarks" / "delg_source.toml"
    whole = command.make_config(
        DelgTraining, _parsed("--config", file, "--labels", photos, "--output", config.output)
    )
    stated = DelgTraining(labels=photos, output=config.output, model="delg-resnet50")
    assert whole == stated
    tiny = replace(whole, model="delg-resnet18", epochs=1, size=64)
    trained = train(tiny)
    assert _metrics(config.output)[0]["learning_rate"] == 0.1
    assert trained.config.channels.num_channels == 64
