"""The plain definition of geometry, against an even plainer road over pixels."""

import io
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import fastdct
from fastdct.geometry import Window
from fastdct.reference import axis, colour, transform
from fastdct.reference.axis import DCT, Axis


def picture(height, width, seed=0):
    """A smooth picture with some noise: RGB uint8 [height, width, 3]."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    waves = [np.sin(x / random.uniform(4, 30) + y / random.uniform(4, 30) + phase) for phase in range(3)]
    return np.clip(128 + 80 * np.stack(waves, 2) + random.normal(0, 8, (height, width, 3)), 0, 255).astype(
        np.uint8
    )


def encode(rgb, *, quality=90, subsampling="4:2:0", **options):
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "JPEG", quality=quality, subsampling=subsampling, **options)
    return buffer.getvalue()


def samples_of(component):
    """Unclamped level-shifted samples, block by block, float64."""
    rows, columns = component.coefficients.shape[:2]
    samples = np.empty((8 * rows, 8 * columns))
    for i in range(rows):
        for j in range(columns):
            block = component.coefficients[i, j] * component.quantization.astype(float)
            samples[8 * i : 8 * i + 8, 8 * j : 8 * j + 8] = DCT.T @ block @ DCT
    return samples


def upsampled_row(row, size, factor):
    if factor == 1:
        return row[:size]
    out = np.empty(size)
    for x in range(size):
        near = x // factor
        far = near + (1 if x % 2 else -1)
        far = min(max(far, 0), len(row) - 1)
        out[x] = 0.75 * row[near] + 0.25 * row[far] if factor == 2 else row[near]
    return out


def resampled_row(row, start, stop, size):
    scale = (stop - start) / size
    support = max(scale, 1)
    out = np.empty(size)
    for i in range(size):
        centre = start + (i + 0.5) * scale
        inside = np.arange(int(np.floor(start)), min(int(np.ceil(stop)), len(row)))
        weight = np.maximum(1 - np.abs(inside + 0.5 - centre) / support, 0)
        out[i] = weight @ row[inside] / weight.sum()
    return out


def along(axis_index, function, plane):
    return np.apply_along_axis(function, axis_index, plane)


def road_over_pixels(image, size, window):
    """IDCT, upsample, crop and resample, DCT, all by loops: [3, H/8, W/8, 8, 8]."""
    x1, y1, x2, y2 = window.box
    planes = []
    largest = np.max([c.sampling for c in image.components], axis=0)
    for component in image.components:
        fh, fv = (int(m // s) for m, s in zip(largest, component.sampling, strict=True))
        plane = samples_of(component)[: -(-image.height // fv), : -(-image.width // fh)]
        plane = along(1, lambda r, f=fh: upsampled_row(r, image.width, f), plane)
        plane = along(0, lambda r, f=fv: upsampled_row(r, image.height, f), plane)
        plane = along(1, lambda r: resampled_row(r, x1, x2, size[1]), plane)
        plane = along(0, lambda r: resampled_row(r, y1, y2, size[0]), plane)
        planes.append(plane[:, ::-1] if window.flip else plane)
    blocks = np.stack(planes).reshape(3, size[0] // 8, 8, size[1] // 8, 8).transpose(0, 1, 3, 2, 4)
    return DCT @ blocks @ DCT.T


@st.composite
def windows(draw):
    height, width = draw(st.integers(9, 70)), draw(st.integers(9, 70))
    x1, y1 = draw(st.floats(0, width - 2)), draw(st.floats(0, height - 2))
    x2, y2 = draw(st.floats(x1 + 1, width)), draw(st.floats(y1 + 1, height))
    return height, width, Window((x1, y1, x2, y2), draw(st.booleans()))


@settings(deadline=None, max_examples=60)
@given(windows(), st.sampled_from(["4:4:4", "4:2:2", "4:2:0"]), st.sampled_from([(8, 8), (16, 40), (96, 64)]))
def test_resampling_equals_the_road_over_unclamped_pixels(case, subsampling, size):
    height, width, window = case
    image = fastdct.read(encode(picture(height, width), subsampling=subsampling))
    expected = road_over_pixels(image, size, window)
    exact = transform.resample(transform.planes(image), size, window=window)
    np.testing.assert_allclose(exact, expected, atol=1e-9)
    largest = max(np.abs(c.coefficients * c.quantization.astype(float)).max() for c in image.components)
    fast = transform.resample(transform.planes(image), size, window=window, dtype=np.float32)
    assert fast.dtype == np.float32
    assert np.abs(fast - expected).max() <= 1e-6 * largest


def test_the_whole_picture_at_scale_one_is_the_files_coefficients():
    image = fastdct.read(encode(picture(45, 61), subsampling="4:4:4"))
    whole = Window((0, 0, 56, 40))
    result = transform.resample(transform.planes(image), (40, 56), window=whole)
    for plane, component in zip(result, image.components, strict=True):
        expected = component.coefficients * component.quantization.astype(float)
        np.testing.assert_allclose(plane, expected[:5, :7], atol=1e-10)


@settings(deadline=None, max_examples=25)
@given(windows())
def test_flipping_twice_is_nothing(case):
    height, width, window = case
    planes = transform.planes(fastdct.read(encode(picture(height, width))))
    plain = transform.resample(planes, (32, 48), window=window)
    flipped = transform.resample(planes, (32, 48), window=Window(window.box, not window.flip))
    signs = (-1.0) ** np.arange(8)  # a mirrored cosine of odd frequency changes sign
    np.testing.assert_allclose(flipped[:, :, ::-1] * signs, plain, atol=1e-9)


@settings(deadline=None, max_examples=20)
@given(st.integers(3, 40), st.integers(3, 40), st.integers(0, 2**16))
def test_padding_inside_the_last_block_does_not_leak(height, width, seed):
    image = fastdct.read(encode(picture(height, width), subsampling="4:4:4"))
    spoilt = []
    for component in image.components:
        samples = samples_of(component)
        samples[height:] = np.random.default_rng(seed).normal(0, 1e4, samples[height:].shape)
        samples[:, width:] = 1e4
        rows, columns = component.coefficients.shape[:2]
        blocks = samples.reshape(rows, 8, columns, 8).transpose(0, 2, 1, 3)
        spoilt.append(transform.Plane(DCT @ blocks @ DCT.T, np.ones((8, 8))))
    dirty = transform.Planes(height, width, "YCbCr", tuple(spoilt))
    clean = transform.resample(transform.planes(image), (24, 24))
    np.testing.assert_allclose(transform.resample(dirty, (24, 24)), clean, atol=1e-7)


@pytest.mark.parametrize(
    ("name", "pillows"),
    [("box", "BOX"), ("triangle", "BILINEAR"), ("bicubic", "BICUBIC"), ("lanczos3", "LANCZOS")],
)
def test_filters_are_pillows(name, pillows):
    row = np.random.default_rng(1).uniform(0, 255, (1, 97)).astype(np.float32)
    for size in (8, 40, 96, 200):
        first, weights = axis.filter_taps(97, 0, 97, size, name)
        ours = [
            sum(weights[i, k] * row[0, min(first[i] + k, 96)] for k in range(weights.shape[1]))
            for i in range(size)
        ]
        resized = Image.fromarray(row, "F").resize((size, 1), Image.Resampling[pillows])
        np.testing.assert_allclose(ours, np.asarray(resized)[0], atol=1e-3)


def test_a_component_on_its_own_grid_is_not_upsampled():
    image = fastdct.read(encode(picture(64, 96), subsampling="4:2:0"))
    result = transform.resample(transform.planes(image), (32, 48), own_grid=True)
    for plane, component in zip(result[1:], image.components[1:], strict=True):
        expected = component.coefficients * component.quantization.astype(float)
        np.testing.assert_allclose(plane, expected, atol=1e-10)


def test_subsampling_by_three_repeats_samples():
    matrix = np.zeros((9, 3))
    for index, share in axis.upsampling(np.arange(9), Fraction(3), 3):
        matrix[np.arange(9), index] += share
    np.testing.assert_array_equal(matrix, np.repeat(np.eye(3), 3, axis=0))


def test_an_operator_reads_only_the_blocks_that_the_window_reaches():
    operator = axis.operator(Axis(800, 320.0, 400.0, 80))
    assert (operator.columns.start, operator.columns.stop) == (320, 400)
    np.testing.assert_allclose(operator.matrix, np.eye(80), atol=1e-12)


@settings(deadline=None, max_examples=40)
@given(
    st.integers(1, 900),
    st.floats(0, 1),
    st.floats(0.01, 1),
    st.integers(1, 12),
    st.sampled_from([1, 2, 4]),
    st.booleans(),
)
def test_applying_an_operator_is_multiplying_by_its_matrix(size, start, extent, blocks, factor, reverse):
    start *= size * 0.99
    stop = start + extent * (size - start)
    operator = axis.operator(Axis(size, start, stop, 8 * blocks, Fraction(factor), reverse))
    values = np.random.default_rng(size).normal(size=(operator.matrix.shape[1], 5))
    np.testing.assert_allclose(operator.apply(values), operator.matrix @ values, atol=1e-12)


@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
@pytest.mark.parametrize("size", [(64, 64), (61, 83)])
def test_full_size_pixels_are_libjpeg_turbos(subsampling, size):
    data = encode(picture(*size), subsampling=subsampling)
    expected = np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)
    error = np.abs(transform.pixels(fastdct.read(data)).astype(int) - expected)
    assert error.max() <= 3
    assert (error <= 2).mean() >= 0.999
    assert (error <= 1).mean() >= 0.98


def test_grayscale_has_zero_chroma():
    buffer = io.BytesIO()
    Image.fromarray(picture(40, 40)[..., 0]).save(buffer, "JPEG")
    image = fastdct.read(buffer.getvalue())
    result = transform.resample(transform.planes(image), (40, 40))
    assert not result[1:].any()
    assert result[0].any()
    gray = transform.pixels(image)
    assert (gray == gray[..., :1]).all()


def test_rgb_coded_files_are_converted_on_coefficients():
    rgb = picture(48, 56)
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "JPEG", quality=100, subsampling="4:4:4", keep_rgb=True)
    image = fastdct.read(buffer.getvalue())
    assert image.color_space == "RGB"
    result = transform.resample(transform.planes(image), (48, 56))
    expected = transform.resample(transform.planes_from_pixels(transform.pixels(image)), (48, 56))
    assert (
        np.abs(result - expected).max() < 8
    )  # rounding and clamping of the pixels, over 64 samples of a block
    assert np.sqrt(np.mean((result - expected) ** 2)) < 0.5


def test_cmyk_goes_through_pixels_as_pillow_converts_it():
    cmyk = Image.fromarray(picture(40, 48)).convert("CMYK")
    buffer = io.BytesIO()
    cmyk.save(buffer, "JPEG", quality=95)
    image = fastdct.read(buffer.getvalue())
    assert image.color_space == "CMYK"
    expected = np.asarray(Image.open(io.BytesIO(buffer.getvalue())).convert("RGB")).astype(int)
    assert np.abs(transform.pixels(image).astype(int) - expected).max() <= 3
    result = transform.pixels(image, size=(40, 48)).astype(int)
    assert np.abs(result - expected).max() <= 3


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_makes_the_picture_upright(orientation):
    from PIL import ImageOps

    rgb = picture(40, 64)
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encode(rgb, quality=100, subsampling="4:4:4", exif=exif)
    upright = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data)))).astype(int)
    image = fastdct.read(data)
    height, width = upright.shape[:2]
    assert transform.planes(image).upright_size == (height, width)
    assert np.abs(transform.pixels(image).astype(int) - upright).max() <= 3
    # a window on the upright picture, and its mirror image, are the same part of Pillow's upright pixels
    window = Window((8, 16, 32, 40))
    part = transform.pixels(image, size=(24, 24), window=window).astype(int)
    assert np.abs(part - upright[16:40, 8:32]).max() <= 3
    mirrored = transform.pixels(image, size=(24, 24), window=Window(window.box, flip=True)).astype(int)
    assert np.abs(mirrored - upright[16:40, 8:32][:, ::-1]).max() <= 3


def test_pixels_to_planes_and_back():
    rgb = picture(37, 50)
    planes = transform.planes_from_pixels(rgb)
    blocks = transform.resample(planes, (32, 48), window=Window((0, 0, 48, 32)))
    samples = (DCT.T @ blocks @ DCT).transpose(0, 1, 3, 2, 4).reshape(3, 32, 48)
    back = np.round(colour.convert(colour.YCBCR_TO_RGB, samples) + 128)
    np.testing.assert_array_equal(back.transpose(1, 2, 0).astype(int), rgb[:32, :48])
    with pytest.raises(ValueError, match="uint8"):
        transform.planes_from_pixels(rgb.astype(float))


def test_pixels_with_a_window_needs_a_size():
    image = fastdct.read(encode(picture(16, 16)))
    with pytest.raises(ValueError, match="size"):
        transform.pixels(image, window=Window((0, 0, 8, 8)))
