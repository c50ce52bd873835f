import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import fastdct
from fastdct import _pictures, frequencies
from fastdct.decoder import Decoder
from fastdct.geometry import CenterCrop, Compose, RandomHorizontalFlip, RandomResizedCrop, Window
from fastdct.reference import transform
from test_reference import encode, picture


@pytest.fixture(scope="module")
def photos():
    return [encode(picture(60 + 7 * i, 90 - 5 * i, seed=i)) for i in range(5)]


@pytest.mark.parametrize("channels", [192, 64, 48, 32, 24])
def test_a_batch_has_the_asked_shape(photos, channels):
    batch = Decoder((64, 96), channels=channels)(photos)
    assert batch.tensor.shape == (5, channels, 8, 12)
    assert batch.tensor.dtype == torch.float32
    assert batch.indices == (0, 1, 2, 3, 4)
    assert not batch.errors


def test_channels_are_the_selected_frequencies(photos):
    selection = frequencies.explicit([0, 9], [3], [8, 1])
    result = Decoder(64, channels=selection).decode(photos[0])
    blocks = transform.resample(transform.planes(fastdct.read(photos[0])), (64, 64), dtype=np.float32)
    expected = [blocks[0, ..., 0, 0], blocks[0, ..., 1, 1], blocks[1, ..., 0, 3], blocks[2, ..., 1, 0]]
    expected.append(blocks[2, ..., 0, 1])
    np.testing.assert_allclose(result, np.stack(expected), atol=1e-3)


@settings(deadline=None, max_examples=10)
@given(st.permutations(range(5)), st.sampled_from([24, 64]))
def test_a_batch_equals_its_singles_in_any_order(photos, order, channels):
    decoder = Decoder(32, channels=channels)
    batch = decoder([photos[index] for index in order])
    for row, index in zip(batch.tensor, order, strict=True):
        np.testing.assert_array_equal(row.numpy(), decoder.decode(photos[index]))


def test_normalisation(photos):
    plain = Decoder(32, channels=24).decode(photos[0])
    mean, std = np.arange(24.0), np.linspace(1, 9, 24)
    normalised = Decoder(32, channels=24, normalize=(mean, std)).decode(photos[0])
    np.testing.assert_allclose(
        normalised, (plain - mean[:, None, None]) / std[:, None, None], rtol=1e-5, atol=1e-4
    )
    scalar = Decoder(32, channels=24, normalize=(0, 2)).decode(photos[0])
    np.testing.assert_allclose(scalar, plain / 2)


def test_windows_come_from_a_rule_a_constant_or_the_call(photos):
    window = Window((8, 8, 40, 40), flip=True)
    explicit = Decoder(32)(photos[:1], windows=[window]).tensor
    fixed = Decoder(32, window=window)(photos[:1]).tensor
    rule = Decoder(32, window=lambda height, width: window)(photos[:1]).tensor
    assert torch.equal(explicit, fixed)
    assert torch.equal(explicit, rule)
    rules = [RandomResizedCrop(generator=torch.Generator().manual_seed(3)) for _ in range(2)]
    again = [Decoder(32, window=rule)(photos).tensor for rule in rules]
    assert torch.equal(*again)


def test_images_already_read_and_pixels_are_sources_too(photos):
    decoder = Decoder(48)
    image = fastdct.read(photos[1])
    np.testing.assert_array_equal(decoder.decode(image), decoder.decode(photos[1]))
    pixels = transform.pixels(image)
    close = np.abs(decoder.from_pixels(pixels) - decoder.decode(image))
    assert close.mean() < 1


@pytest.mark.parametrize("policy", ["skip", "mask"])
def test_a_bad_source_does_not_kill_the_batch(photos, policy):
    sources = [photos[0], b"no picture", photos[1], photos[2][: len(photos[2]) // 2]]
    batch = Decoder(32, on_error=policy)(sources)
    assert set(batch.errors) == {1, 3}
    good = Decoder(32)([photos[0], photos[1]]).tensor
    if policy == "skip":
        assert batch.indices == (0, 2)
        assert torch.equal(batch.tensor, good)
    else:
        assert batch.indices == (0, 1, 2, 3)
        assert torch.equal(batch.tensor[[0, 2]], good)
        assert not batch.tensor[[1, 3]].any()


def test_a_bad_source_raises_by_default(photos, tmp_path):
    path = tmp_path / "broken.jpg"
    path.write_bytes(photos[0][:300])
    with pytest.raises(fastdct.JpegError, match=r"broken\.jpg"):
        Decoder(32)([photos[0], path])


def test_an_empty_batch_is_a_batch():
    assert Decoder(32, channels=24)([]).tensor.shape == (0, 24, 4, 4)


@pytest.mark.parametrize(
    ("settings_", "message"),
    [
        ({"size": 100}, "multiples of 8"),
        ({"size": (64, 0)}, "multiples of 8"),
        ({"channels": 65}, "24, 32, 48, 64, 192"),
        ({"normalize": ([1, 2], [1, 2])}, r"\[64\]"),
        ({"normalize": (0, 0)}, "positive"),
        ({"on_error": "ignore"}, "raise"),
        ({"output": "rgb", "chroma_size": 32}, "RGB pixels have no chroma"),
        ({"channels": frequencies.explicit([0, 1], [], []), "chroma_size": 32}, "have no chroma"),
    ],
)
def test_settings_that_make_no_sense_are_errors(settings_, message):
    with pytest.raises(ValueError, match=message):
        Decoder(**{"size": 64, **settings_})


def test_a_single_source_is_not_a_batch(photos):
    with pytest.raises(TypeError, match="list"):
        Decoder(32)(photos[0])
    with pytest.raises(ValueError, match="one for each"):
        Decoder(32)(photos, windows=[Window((0, 0, 8, 8))])


def test_max_pixels_is_checked(photos):
    with pytest.raises(fastdct.JpegError, match="max_pixels"):
        Decoder(32, max_pixels=100)(photos)


def test_a_window_outside_the_picture_is_an_error(photos):
    with pytest.raises(ValueError, match="outside"):
        Decoder(32)(photos[:1], windows=[Window((500, 500, 600, 600))])


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("output", ["dct", "rgb"])
def test_a_crop_larger_than_the_picture_has_a_black_margin(output, flip):
    rgb = picture(60, 90, seed=3)
    data = encode(rgb)
    window = Compose([CenterCrop((80, 80)), RandomHorizontalFlip(float(flip))])(60, 90)
    decoder = Decoder(80, channels=192, output=output)
    padded = np.zeros((80, 80, 3), np.uint8)
    padded[10:70] = fastdct.read_pixels(data)[:, 5:85]
    expected = decoder.from_pixels(padded, window=Window((0, 0, 80, 80), flip))
    np.testing.assert_array_equal(decoder.decode(data, window=window), expected)
    np.testing.assert_array_equal(decoder([data], windows=[window]).tensor[0].numpy(), expected)


def test_a_huge_margin_is_an_error(photos):
    decoder = Decoder(32, max_pixels=10_000)
    with pytest.raises(fastdct.JpegError, match="padded window"):
        decoder.decode(photos[0], window=CenterCrop(101)(60, 90))
    assert list(
        Decoder(32, max_pixels=10_000, on_error="skip", window=CenterCrop(101))(photos[:1]).errors
    ) == [0]


@pytest.mark.parametrize("level", ["portable", "avx2", "avx512"])
@settings(deadline=None, max_examples=25)
@given(st.integers(1, 40), st.integers(1, 70), st.integers(0, 99))
def test_pixels_become_the_coefficients_of_the_definition(level, height, width, seed):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASTDCT_CPU", level)
        rgb = np.random.default_rng(seed).integers(0, 256, (height, 2 * width, 3), dtype=np.uint8)[:, ::2]
        planes, expected = _pictures.planes_from_pixels(rgb), transform.planes_from_pixels(rgb)
    for plane, other in zip(planes.planes, expected.planes, strict=True):
        np.testing.assert_allclose(plane.blocks, other.blocks, atol=1e-6 * 1024)
