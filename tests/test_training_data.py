"""What training is fed with: splits, windows, augmentation, statistics."""

from __future__ import annotations

import dataclasses
import io
import json

import numpy as np
import pytest
import torch
from PIL import Image

from fastdct.decoder import Decoder
from fastdct.geometry import RandomResizedCrop
from fastdct.jpeg import JpegError
from fastdct.training.batches import CachedFiles, training_batches, validation_batches
from fastdct.training.cache import ImageCache
from fastdct.training.delg import DelgTraining
from fastdct.training.distributed import Ranks
from fastdct.training.metrics import MetricsLog
from fastdct.training.schedule import learning_rate
from fastdct.training.split import balanced, stratified_split


def _photo(random, *, height=72, width=104, quality=90):
    coarse = random.integers(0, 256, (6, 8, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC).save(
        buffer, "JPEG", quality=quality
    )
    return buffer.getvalue()


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    random = np.random.default_rng(0)
    paths = [folder / f"{index}.jpg" for index in range(7)]
    for path in paths:
        path.write_bytes(_photo(random))
    return paths


def _config(tmp_path, **changes):
    return DelgTraining(**{"labels": tmp_path, "output": tmp_path, "size": 64, "batch_size": 3, **changes})


ALONE = Ranks(0, 1, torch.device("cpu"))


def _files(photos):
    return CachedFiles([(path, label) for label, path in enumerate(photos)], ImageCache(1 << 20))


def _random(photos, config, *, epoch=0, ranks=ALONE):
    decoder = Decoder(64, channels=24, window=config.training_window)
    return training_batches(_files(photos), decoder, config=config, epoch=epoch, ranks=ranks)


def _held_out(files, config):
    decoder = Decoder(64, channels=24, window=config.validation_window)
    return validation_batches(files, decoder, config=config, ranks=ALONE)


# --- split ---------------------------------------------------------------------------------------------------


def test_split_holds_out_the_share_of_every_class():
    labels = [0] * 10 + [1] * 5 + [2] * 20
    training, validation = stratified_split(labels, fraction=0.2, seed=3)
    assert sorted(training + validation) == list(range(35))
    assert [sum(labels[p] == label for p in validation) for label in range(3)] == [2, 1, 4]


def test_split_leaves_one_of_every_class():
    training, validation = stratified_split([0, 1, 1], fraction=0.9, seed=0)
    assert {0} <= set(training)
    assert len(validation) == 1


def test_split_depends_on_the_seed_only():
    labels = [0] * 50
    assert stratified_split(labels, fraction=0.2, seed=1) == stratified_split(labels, fraction=0.2, seed=1)
    assert stratified_split(labels, fraction=0.2, seed=1) != stratified_split(labels, fraction=0.2, seed=2)


def test_a_balanced_draw_shows_every_class_alike():
    labels = [0] * 20 + [1] * 3 + [2] * 7
    drawn = balanced(labels, seed=0, epoch=4)
    assert len(drawn) == 30
    counts = [
        [drawn.count(position) for position in range(first, last)]
        for first, last in ((0, 20), (20, 23), (23, 30))
    ]
    assert [sum(count) for count in counts] == [10, 10, 10]
    assert all(max(count) - min(count) <= 1 for count in counts)  # members take turns
    assert drawn == balanced(labels, seed=0, epoch=4)
    assert drawn != balanced(labels, seed=0, epoch=5)


def test_a_balanced_draw_shares_out_what_is_left():
    drawn = balanced([0, 0, 0, 0, 1, 2, 2], seed=1, epoch=0)
    assert sorted(
        sum(position in members for position in drawn) for members in ({0, 1, 2, 3}, {4}, {5, 6})
    ) == [2, 2, 3]


# --- batches -------------------------------------------------------------------------------------------------


def test_every_picture_comes_once_and_the_rest_is_left_out(photos, tmp_path):
    loader = _random(photos, _config(tmp_path))
    batches = list(loader)
    assert [list(batch.tensor.shape) for batch in batches] == [[3, 24, 8, 8]] * 2
    assert len(batches) == len(loader)
    assert len({label for batch in batches for label in batch.labels.tolist()}) == 6


def test_the_only_batch_is_kept_though_not_full(photos, tmp_path):
    batches = list(_random(photos, _config(tmp_path, batch_size=32)))
    assert [len(batch.labels) for batch in batches] == [7]


@pytest.mark.parametrize("workers", [1, 3])
def test_windows_depend_on_seed_epoch_and_position_only(photos, tmp_path, workers):
    def windows(*, batch_size, epoch, seed=0, workers=1):
        config = _config(tmp_path, batch_size=batch_size, seed=seed, workers=workers, contrast=0.5, flip=0.5)
        return {
            label: x
            for batch in _random(photos, config, epoch=epoch)
            for label, x in zip(batch.labels.tolist(), batch.tensor, strict=True)
        }

    one, other = windows(batch_size=7, epoch=1), windows(batch_size=1, epoch=1, workers=workers)
    assert one.keys() == other.keys()
    assert all(torch.equal(one[label], other[label]) for label in one)
    assert not any(torch.equal(one[label], windows(batch_size=7, epoch=2)[label]) for label in one)
    assert not any(torch.equal(one[label], windows(batch_size=7, epoch=1, seed=1)[label]) for label in one)


def test_the_config_s_augmentation_is_applied(photos, tmp_path):
    """All of a picture mirrored and made twice as bright, say, is all that these ranges allow."""
    config = _config(tmp_path, crop_area=1.0, crop_aspect=1.0, batch_size=7, flip=1.0)
    plain = Decoder(64, channels=24, window=RandomResizedCrop(scale=(1.0, 1.0), ratio=(1.0, 1.0)))(
        photos
    ).tensor
    [batch] = _random(photos, config)
    [brighter] = _random(photos, dataclasses.replace(config, brightness=1.0))
    for row, position in enumerate(batch.positions.tolist()):
        assert batch.tensor[row, 0].mean() == pytest.approx(plain[position, 0].mean().item(), abs=0.01)
        torch.testing.assert_close(batch.tensor[row, 0], plain[position, 0].flip(-1), atol=1e-3, rtol=1e-4)
    assert not torch.equal(batch.tensor, brighter.tensor)


def test_processes_together_have_the_batches_of_one(photos, tmp_path):
    config = _config(tmp_path, batch_size=2, contrast=0.5)
    alone = list(_random(photos, config))
    parts = [list(_random(photos, config, ranks=Ranks(rank, 2, ALONE.device))) for rank in range(2)]
    assert len(alone) == len(parts[0]) == len(parts[1]) == 3
    for batch, pair in zip(alone, zip(*parts, strict=True), strict=True):
        assert set(batch.labels.tolist()) == {label for part in pair for label in part.labels.tolist()}
        rows = dict(zip(batch.labels.tolist(), batch.tensor, strict=True))
        assert all(
            torch.equal(row, rows[label])
            for part in pair
            for label, row in zip(part.labels.tolist(), part.tensor, strict=True)
        )


def test_a_batch_that_processes_cannot_share_is_refused(photos, tmp_path):
    with pytest.raises(ValueError, match="a batch of 3 from 7 pictures cannot be shared by 2 processes"):
        _random(photos, _config(tmp_path), ranks=Ranks(0, 2, ALONE.device))


def test_validation_batches_are_the_decoder_s(photos, tmp_path):
    batches = list(_held_out(_files(photos), _config(tmp_path)))
    assert [len(batch.labels) for batch in batches] == [3, 3, 1]
    expected = Decoder(64, channels=24)(photos).tensor
    torch.testing.assert_close(torch.cat([batch.tensor for batch in batches]), expected)


def test_a_bad_file_ends_the_batch_with_its_name(photos, tmp_path):
    (tmp_path / "bad.jpg").write_bytes(b"no jpeg")
    files = _files([*photos, tmp_path / "bad.jpg"])
    with pytest.raises(JpegError, match=r"bad\.jpg"):
        list(_held_out(files, _config(tmp_path)))


# --- cache ---------------------------------------------------------------------------------------------------


def test_cache_reads_once_and_keeps_to_its_bound(photos, monkeypatch):
    reads = []

    def counted(path):
        reads.append(path)
        return read(path)

    from fastdct.training import cache as module

    read = module.read
    monkeypatch.setattr(module, "read", counted)
    image = read(photos[0])
    size = sum(component.coefficients.nbytes for component in image.components)
    cache = ImageCache(size)
    for path in (photos[0], photos[1], photos[0], photos[1]):
        cache.read(path)
    assert reads == [photos[0], photos[1], photos[1]]


# --- config and metrics --------------------------------------------------------------------------------------


def test_defaults_are_the_source_s(tmp_path):
    config = DelgTraining(labels=tmp_path, output=tmp_path)
    assert (config.epochs, config.batch_size, config.size) == (40, 32, 448)
    assert (config.margin, config.scale, config.attention_weight) == (0.15, 30.0, 1.0)
    assert (config.momentum, config.weight_decay) == (0.9, 1e-4)
    rates = [learning_rate(config, epoch=epoch, batch=0, num_batches=1) for epoch in (0, 9, 10, 20, 39)]
    assert rates == pytest.approx([0.1, 0.1, 0.01, 0.001, 0.0001])
    assert {config.size_at(epoch) for epoch in range(40)} == {448}


def test_cosine_falls_to_nothing_and_warm_up_rises(tmp_path):
    config = DelgTraining(
        labels=tmp_path, output=tmp_path, epochs=4, schedule="cosine", learning_rate=0.8, warmup_epochs=0.5
    )
    rates = [learning_rate(config, epoch=step // 4, batch=step % 4, num_batches=4) for step in range(16)]
    expected = [0.4 * (1 + np.cos(np.pi * step / 16)) for step in range(16)]
    expected[0] /= 2  # half an epoch of four batches: two steps
    assert rates == pytest.approx(expected)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"size": 100}, "size must be a positive multiple of 8, not 100"),
        ({"schedule": "linear"}, "schedule must be step or cosine, not 'linear'"),
        ({"ema": 1.0}, "ema must be at least 0 and below 1"),
        ({"precision": "int8"}, "precision must be float32 or bfloat16"),
        ({"crop_area": 0.0}, "crop_area must be above 0"),
        ({"late_size": 100}, "late_size must be 0 or a positive multiple of 8"),
        ({"flip": 1.5}, "flip must be from 0 to 1"),
        ({"validation": 1.0}, "validation must be"),
        ({"epochs": 0}, "epochs must be at least 1"),
        ({"learning_rate": 0.0}, "learning_rate must be positive"),
        ({"margin": -0.1}, "margin must be at least 0"),
    ],
)
def test_values_out_of_range_are_refused(tmp_path, change, message):
    with pytest.raises(ValueError, match=message):
        DelgTraining(labels=tmp_path, output=tmp_path, **change)


def test_metrics_of_epochs_done_again_are_dropped(tmp_path):
    log = MetricsLog(tmp_path, next_epoch=0)
    for epoch in range(3):
        log.append({"epoch": epoch, "loss": 1.0})
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"epoch": 3, "lo')
    MetricsLog(tmp_path, next_epoch=2).append({"epoch": 2, "loss": 2.0})
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [(line["epoch"], line["loss"]) for line in lines] == [(0, 1.0), (1, 1.0), (2, 2.0)]
