"""What training is fed with: splits, windows, augmentation, statistics."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
import torch
from PIL import Image

from fastdct.decoder import Decoder
from fastdct.jpeg import JpegError
from fastdct.training.augmentation import PhotometricJitter
from fastdct.training.batches import Samples, num_training_batches, training_batches, whole_batches
from fastdct.training.cache import ImageCache
from fastdct.training.config import TrainingConfig
from fastdct.training.metrics import MetricsLog
from fastdct.training.split import stratified_split
from fastdct.training.survey import survey


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
    return TrainingConfig(**{"labels": tmp_path, "output": tmp_path, "size": 64, "batch_size": 3, **changes})


def _samples(photos, *, normalize=None):
    decoder = Decoder(64, channels=24, normalize=normalize)
    return Samples(photos, list(range(len(photos))), decoder, ImageCache(1 << 20))


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


# --- batches -------------------------------------------------------------------------------------------------


def test_every_picture_comes_once_and_the_rest_is_left_out(photos, tmp_path):
    samples, config = _samples(photos), _config(tmp_path)
    batches = list(training_batches(samples, config=config, epoch=0))
    assert [list(batch.tensor.shape) for batch in batches] == [[3, 24, 8, 8]] * 2
    assert len(batches) == num_training_batches(len(samples), config=config)
    assert len({label for batch in batches for label in batch.labels.tolist()}) == 6


def test_the_only_batch_is_kept_though_not_full(photos, tmp_path):
    batches = list(training_batches(_samples(photos), config=_config(tmp_path, batch_size=32), epoch=0))
    assert [len(batch.labels) for batch in batches] == [7]


@pytest.mark.parametrize("workers", [1, 3])
def test_windows_depend_on_seed_epoch_and_position_only(photos, tmp_path, workers):
    def windows(*, batch_size, epoch, seed=0, workers=1):
        config = _config(tmp_path, batch_size=batch_size, seed=seed, workers=workers, contrast=0.5, flip=0.5)
        batches = training_batches(_samples(photos), config=config, epoch=epoch)
        return {
            label: x
            for batch in batches
            for label, x in zip(batch.labels.tolist(), batch.tensor, strict=True)
        }

    one, other = windows(batch_size=7, epoch=1), windows(batch_size=1, epoch=1, workers=workers)
    assert one.keys() == other.keys()
    assert all(torch.equal(one[label], other[label]) for label in one)
    assert not any(torch.equal(one[label], windows(batch_size=7, epoch=2)[label]) for label in one)
    assert not any(torch.equal(one[label], windows(batch_size=7, epoch=1, seed=1)[label]) for label in one)


def test_order_differs_between_epochs(photos, tmp_path):
    config = _config(tmp_path, batch_size=7)
    orders = [
        next(training_batches(_samples(photos), config=config, epoch=epoch)).labels.tolist()
        for epoch in range(4)
    ]
    assert len({tuple(order) for order in orders}) == 4


def test_whole_batches_are_the_decoder_s(photos, tmp_path):
    samples = _samples(photos)
    batches = list(whole_batches(samples, config=_config(tmp_path)))
    assert [len(batch.labels) for batch in batches] == [3, 3, 1]
    expected = Decoder(64, channels=24)(photos).tensor
    torch.testing.assert_close(torch.cat([batch.tensor for batch in batches]), expected)


def test_windows_lie_in_the_upright_picture(tmp_path):
    """A picture stored lying and marked by EXIF is cropped as its upright twin."""
    random = np.random.default_rng(5)
    upright = Image.open(io.BytesIO(_photo(random, height=96, width=32, quality=100)))
    exif = Image.Exif()
    exif[0x0112] = 6
    upright.save(tmp_path / "upright.jpg", quality=100, subsampling=0)
    upright.transpose(Image.Transpose.ROTATE_90).save(
        tmp_path / "lying.jpg", quality=100, subsampling=0, exif=exif
    )
    samples = _samples([tmp_path / "upright.jpg", tmp_path / "lying.jpg"])
    config = _config(tmp_path, crop_area=0.2)
    difference, size = 0.0, 0.0
    for epoch in range(5):
        # Both at position 0, hence with the same draws; the box fits only where height and width are exchanged.
        one = samples.random(0, config=config, epoch=epoch)
        other = Samples(samples.sources[1:], [0], samples.decoder, samples.cache).random(
            0, config=config, epoch=epoch
        )
        difference += np.abs(one - other).mean()
        size += np.abs(one).mean()
    assert difference < 0.05 * size


def test_a_bad_file_ends_the_batch_with_its_name(photos, tmp_path):
    (tmp_path / "bad.jpg").write_bytes(b"no jpeg")
    with pytest.raises(JpegError, match=r"bad\.jpg"):
        list(whole_batches(_samples([*photos, tmp_path / "bad.jpg"]), config=_config(tmp_path)))


def test_abandoned_batches_stop_their_threads(photos, tmp_path):
    batches = training_batches(_samples(photos), config=_config(tmp_path, batch_size=1), epoch=0)
    next(batches)
    batches.close()  # waits for the pool; a thread left behind would hang the interpreter's exit


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


# --- augmentation --------------------------------------------------------------------------------------------


def test_jitter_equals_the_same_change_of_pixels(photos):
    """Contrast about mid-grey and a shift of luma, on coefficients and on the luma samples they stand for."""
    decoder = Decoder(64, channels=192)
    window = decoder.decode(photos[0])
    changed = PhotometricJitter(brightness=40, contrast=0.5, saturation=0.5)(
        window, decoder, np.random.default_rng(1)
    )
    shift, contrast, saturation = np.random.default_rng(1).uniform(-1, 1, 3) * (40, 0.5, 0.5)
    gain = 1 + contrast
    luma = window[:64] * gain
    luma[0] += 8 * shift
    np.testing.assert_allclose(changed[:64], luma, rtol=1e-5, atol=1e-3)
    np.testing.assert_allclose(changed[64:], window[64:] * gain * (1 + saturation), rtol=1e-5, atol=1e-3)


def test_jitter_of_normalised_windows_is_the_same_change(photos):
    random = np.random.default_rng(2)
    mean, std = random.normal(size=24) * 100, random.uniform(1, 50, 24)
    plain, normalised = Decoder(64, channels=24), Decoder(64, channels=24, normalize=(mean, std))
    jitter = PhotometricJitter(brightness=40, contrast=0.5, saturation=0.5)
    expected = jitter(plain.decode(photos[0]), plain, np.random.default_rng(3))
    actual = jitter(normalised.decode(photos[0]), normalised, np.random.default_rng(3))
    np.testing.assert_allclose(
        actual * std[:, None, None] + mean[:, None, None], expected, rtol=1e-3, atol=0.02
    )


def test_no_jitter_changes_nothing(photos):
    decoder = Decoder(64, channels=24, normalize=(3.0, 7.0))
    window = decoder.decode(photos[0])
    np.testing.assert_array_equal(PhotometricJitter()(window, decoder, np.random.default_rng(0)), window)


# --- survey --------------------------------------------------------------------------------------------------


def test_survey_measures_every_channel(photos):
    samples = _samples(photos)
    found = survey(samples, range(len(photos)), workers=2)
    everything = np.stack([samples.whole(position) for position in range(len(photos))]).astype(np.float64)
    np.testing.assert_allclose(found.mean, everything.mean(axis=(0, 2, 3)), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(found.std, everything.std(axis=(0, 2, 3)), rtol=1e-6)
    assert found.errors == {}


def test_survey_names_bad_files_and_goes_on(photos, tmp_path):
    (tmp_path / "bad.jpg").write_bytes(b"no jpeg")
    steps = []
    samples = _samples([tmp_path / "bad.jpg", tmp_path / "absent.jpg", *photos])
    found = survey(samples, range(9), advance=lambda: steps.append(1))
    assert sorted(found.errors) == [0, 1]
    assert "bad.jpg" in found.errors[0]
    assert len(steps) == 9
    np.testing.assert_allclose(found.mean, survey(_samples(photos), range(7)).mean)


def test_survey_of_nothing_usable_is_an_error(tmp_path):
    (tmp_path / "bad.jpg").write_bytes(b"no jpeg")
    with pytest.raises(ValueError, match=r"none of the 1 files can be used.*bad\.jpg"):
        survey(_samples([tmp_path / "bad.jpg"]), [0])


def test_a_channel_without_variance_gets_a_positive_deviation(tmp_path):
    Image.new("L", (32, 32), 90).save(tmp_path / "grey.jpg")
    assert min(survey(_samples([tmp_path / "grey.jpg"]), [0]).std) > 0


# --- config and metrics --------------------------------------------------------------------------------------


def test_defaults_are_the_source_s(tmp_path):
    config = TrainingConfig(labels=tmp_path, output=tmp_path)
    assert (config.epochs, config.batch_size, config.size) == (40, 32, 448)
    assert (config.margin, config.scale, config.attention_weight) == (0.15, 30.0, 1.0)
    assert (config.momentum, config.weight_decay) == (0.9, 1e-4)
    rates = [config.learning_rate_at(epoch) for epoch in (0, 9, 10, 20, 39)]
    assert rates == pytest.approx([0.1, 0.1, 0.01, 0.001, 0.0001])
    assert {config.size_at(epoch) for epoch in range(40)} == {448}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"size": 100}, "size must be a positive multiple of 8, not 100"),
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
        TrainingConfig(labels=tmp_path, output=tmp_path, **change)


def test_metrics_of_epochs_done_again_are_dropped(tmp_path):
    log = MetricsLog(tmp_path, next_epoch=0)
    for epoch in range(3):
        log.append({"epoch": epoch, "loss": 1.0})
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"epoch": 3, "lo')
    MetricsLog(tmp_path, next_epoch=2).append({"epoch": 2, "loss": 2.0})
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [(line["epoch"], line["loss"]) for line in lines] == [(0, 1.0), (1, 1.0), (2, 2.0)]
