"""Changes of coefficients against the same changes of unclamped pixels."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import fastdct
from fastdct import Decoder
from fastdct.frequencies import ZIGZAG, explicit, fbs
from fastdct.photometric import (
    ColorJitter,
    adjust_brightness,
    adjust_contrast,
    adjust_saturation,
    drop_bands,
    gaussian_blur,
    grayscale,
    quantization_tables,
    requantize,
)
from fastdct.reference.axis import DCT
from fastdct.reference.colour import RGB_TO_YCBCR, YCBCR_TO_RGB
from jpegs import make_jpeg, make_pixels

SIZE = (40, 56)
WHOLE = Decoder(SIZE, channels=192)
STATISTICS = (np.linspace(-20, 90, 192), np.linspace(0.5, 40, 192))
NORMALISED = Decoder(SIZE, channels=192, normalize=STATISTICS)
RGB_OF_YCBCR = torch.from_numpy(np.asarray(YCBCR_TO_RGB, np.float64))
YCBCR_OF_RGB = torch.from_numpy(np.asarray(RGB_TO_YCBCR, np.float64))


def to_rgb(tensor):
    """Unclamped RGB float64 [3, H, W] of coefficients [192, H/8, W/8]: the inverse DCT by its definition."""
    rows, columns = tensor.shape[1:]
    blocks = tensor.double().reshape(3, 8, 8, rows, columns).permute(0, 3, 4, 1, 2)  # [3, Hb, Wb, 8, 8]
    dct = torch.from_numpy(DCT.copy())
    samples = (dct.T @ blocks @ dct).permute(0, 1, 3, 2, 4).reshape(3, 8 * rows, 8 * columns)
    return torch.einsum("rc,chw->rhw", RGB_OF_YCBCR, samples) + 128


def luma_of(rgb):
    return torch.einsum("c,chw->hw", YCBCR_OF_RGB[0], rgb)


def blurred(rgb, *, kernel_size, sigma):
    """Plain two-dimensional convolution with mirrored borders."""
    radius = kernel_size // 2
    offsets = torch.arange(-radius, radius + 1, dtype=torch.float64)
    kernel = torch.exp(-(offsets[:, None] ** 2 + offsets[None] ** 2) / (2 * sigma**2))
    padded = torch.nn.functional.pad(rgb[:, None], (radius,) * 4, mode="reflect")
    return torch.nn.functional.conv2d(padded, (kernel / kernel.sum())[None, None])[:, 0]


# What is done to coefficients, and the same of pixels.
CHANGES = {
    "brightness": (
        lambda tensor, decoder: adjust_brightness(tensor, 1.7, decoder),
        lambda rgb: 1.7 * rgb,
    ),
    "contrast": (
        lambda tensor, decoder: adjust_contrast(tensor, 0.3, decoder),
        lambda rgb: 0.3 * rgb + 0.7 * luma_of(rgb).mean(),
    ),
    "saturation": (
        lambda tensor, decoder: adjust_saturation(tensor, 1.9, decoder),
        lambda rgb: 1.9 * rgb - 0.9 * luma_of(rgb),
    ),
    "grayscale": (grayscale, lambda rgb: luma_of(rgb).expand(3, -1, -1)),
    "blur": (
        lambda tensor, decoder: gaussian_blur(tensor, 21, 4.5, decoder),
        lambda rgb: blurred(rgb, kernel_size=21, sigma=4.5),
    ),
}


@pytest.fixture(scope="module")
def photo():
    return make_jpeg(61, 83, seed=3)


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_of_coefficients_is_the_same_change_of_unclamped_pixels(photo, name):
    of_coefficients, of_pixels = CHANGES[name]
    tensor = torch.from_numpy(WHOLE.decode(photo))
    before, after = to_rgb(tensor), to_rgb(of_coefficients(tensor, WHOLE))
    torch.testing.assert_close(after, of_pixels(before), atol=2e-3, rtol=0)
    assert (after - before).abs().max() > 5


@pytest.mark.parametrize("name", [*CHANGES, "requantize", "drop"])
def test_a_change_of_normalised_coefficients_is_that_of_plain_ones(photo, name):
    changes = {name: change for name, (change, _) in CHANGES.items()}
    changes["requantize"] = lambda tensor, decoder: requantize(tensor, 30, decoder)
    changes["drop"] = lambda tensor, decoder: drop_bands(tensor, ZIGZAG[9:], decoder)
    plain, normalised = (torch.from_numpy(decoder.decode(photo)) for decoder in (WHOLE, NORMALISED))
    mean, std = (torch.from_numpy(part).float()[:, None, None] for part in STATISTICS)
    actual = changes[name](normalised, NORMALISED) * std + mean
    expected = changes[name](plain, WHOLE)
    differ = (actual - expected).abs() > 2e-2
    assert differ.double().mean() < (
        1e-3 if name == "requantize" else 1e-9
    )  # halves may round to the other side


@pytest.mark.parametrize("name", CHANGES)
def test_a_batch_is_changed_as_its_pictures_are(photo, name):
    change = CHANGES[name][0]
    other = torch.from_numpy(WHOLE.decode(make_jpeg(50, 50, seed=8)))
    pair = torch.stack([torch.from_numpy(WHOLE.decode(photo)), other])
    torch.testing.assert_close(change(pair, WHOLE)[1], change(other, WHOLE), atol=1e-3, rtol=1e-5)


def test_a_selection_keeps_its_channels(photo):
    """Gains know which channel is which; a blur of few frequencies is the blur of the picture they stand for."""
    selection = explicit([9, 0, 2], [8], [0, 1])
    few = Decoder(SIZE, channels=selection)
    places = [9, 0, 2, 64 + 8, 128, 128 + 1]
    tensor = torch.from_numpy(few.decode(photo))
    padded = torch.zeros(192, *tensor.shape[1:])
    padded[places] = tensor
    for change, _ in CHANGES.values():
        torch.testing.assert_close(change(tensor, few), change(padded, WHOLE)[places], atol=1e-3, rtol=1e-5)


def test_dropped_bands_are_zero_and_the_others_stay(photo):
    decoder = Decoder(SIZE, channels=fbs(10))
    tensor = torch.from_numpy(decoder.decode(photo))
    kept = drop_bands(tensor, ZIGZAG[4:], decoder).reshape(3, 10, *tensor.shape[1:])
    assert torch.equal(kept[:, :4], tensor.reshape_as(kept)[:, :4])
    assert not kept[:, 4:].any()


# --- requantisation ------------------------------------------------------------------------------------------


@given(st.integers(1, 100))
def test_tables_are_libjpeg_s(quality):
    file = io.BytesIO()
    Image.new("RGB", (16, 16)).save(file, "JPEG", quality=quality)
    luma, chroma = quantization_tables(quality)
    written = fastdct.read(file.getvalue()).components
    np.testing.assert_array_equal(luma, written[0].quantization)
    np.testing.assert_array_equal(chroma, written[1].quantization)


def test_requantised_pixels_are_what_libjpeg_would_have_written():
    """Up to libjpeg's integer DCT and colours, which put a few values on the other side of a step."""
    pixels = make_pixels(48, 64, seed=4)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=25, subsampling=0)
    decoder = Decoder((48, 64), channels=192)
    ours = requantize(torch.from_numpy(decoder.from_pixels(pixels)), 25, decoder)
    theirs = torch.from_numpy(decoder.decode(file.getvalue()))
    same = (ours - theirs).abs() < 0.1
    assert same.double().mean() > 0.99
    unlike = torch.from_numpy(decoder.from_pixels(pixels)) - theirs
    assert (unlike.abs() < 0.1).double().mean() < 0.5


def test_requantising_again_changes_nothing(photo):
    once = requantize(torch.from_numpy(WHOLE.decode(photo)), 40, WHOLE)
    torch.testing.assert_close(requantize(once, 40, WHOLE), once)


# --- jitter --------------------------------------------------------------------------------------------------


def test_jitter_draws_factors_of_its_ranges(photo):
    tensor = torch.from_numpy(WHOLE.decode(photo))
    generator = torch.Generator().manual_seed(1)
    jitter = ColorJitter(0.4, (0.5, 0.6), 0.3)
    gains = []
    for _ in range(50):
        changed = jitter(tensor, WHOLE, generator=generator)
        contrasted_and_brightened = (changed[9] / tensor[9]).nanmedian().item()
        saturated = (changed[64 + 9] / tensor[64 + 9]).nanmedian().item() / contrasted_and_brightened
        gains.append((contrasted_and_brightened, saturated))
    light, saturation = np.array(gains).T
    assert 0.6 * 0.5 <= light.min() < light.max() <= 1.4 * 0.6
    assert 0.7 - 1e-4 <= saturation.min() < 0.8
    assert 1.2 < saturation.max() <= 1.3 + 1e-4


def test_jitter_repeats_with_the_generator_s_state(photo):
    tensor, jitter = torch.from_numpy(WHOLE.decode(photo)), ColorJitter(0.4, 0.4, 0.4)
    one, other = (jitter(tensor, WHOLE, generator=torch.Generator().manual_seed(7)) for _ in range(2))
    assert torch.equal(one, other)
    torch.manual_seed(7)
    assert torch.equal(jitter(tensor, WHOLE), one)


def test_no_jitter_changes_nothing(photo):
    tensor = torch.from_numpy(NORMALISED.decode(photo))
    assert torch.equal(ColorJitter()(tensor, NORMALISED), tensor)


# --- errors --------------------------------------------------------------------------------------------------


def test_what_cannot_be_changed_is_refused(photo):
    tensor = torch.zeros(192, 5, 7)
    with pytest.raises(ValueError, match=r"\[\.\.\., 192, H/8, W/8\], not \[24, 5, 7\]"):
        grayscale(torch.zeros(24, 5, 7), WHOLE)
    with pytest.raises(TypeError, match="floating-point tensor, not torch"):
        grayscale(tensor.short(), WHOLE)
    with pytest.raises(ValueError, match="no RGB output, no chroma_size"):
        grayscale(tensor, Decoder(SIZE, channels=192, output="rgb"))
    with pytest.raises(ValueError, match="leaves out the DC of Y"):
        adjust_contrast(torch.zeros(1, 5, 7), 0.5, Decoder(SIZE, channels=explicit([1], [], [])))
    with pytest.raises(ValueError, match="not 0"):
        requantize(tensor, 0, WHOLE)
    with pytest.raises(ValueError, match="kernel_size is odd"):
        gaussian_blur(tensor, 4, 1.0, WHOLE)
    with pytest.raises(ValueError, match="sigma must be positive"):
        gaussian_blur(tensor, 3, 0.0, WHOLE)
    for name in ("brightness", "contrast", "saturation"):
        with pytest.raises(ValueError, match=f"{name} is at least 0"):
            ColorJitter(**{name: -0.1})
