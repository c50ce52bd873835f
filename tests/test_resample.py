"""The resampling kernel against its plain definition in float64, at every level of instruction sets."""

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import fastdct
from fastdct import frequencies
from fastdct._image import subsampling_name
from fastdct.decoder import Decoder
from fastdct.geometry import RandomResizedCrop, Window
from fastdct.jpeg import JpegComponent, JpegImage
from fastdct.reference import transform
from fastdct.reference.axis import DCT, FILTERS, Axis, operator
from test_reference import encode, picture

LEVELS = ["portable", "avx2", "avx512"]
ALL = frequencies.static(192)
TOLERANCE = 1e-6  # of the largest dequantised magnitude: the table in ARCHITECTURE.md


def random_image(size, sampling, *, seed, orientation=1, color_space="YCbCr"):
    """An image of random coefficients, strong at low frequencies, with any sampling factors."""
    random = np.random.default_rng(seed)
    largest = np.max(sampling, axis=0)
    components = []
    for h, v in sampling:
        width, height = (-(-size[1] * h // largest[0]), -(-size[0] * v // largest[1]))
        shape = (-(-height // 8), -(-width // 8), 8, 8)
        decay = 1 / (1 + np.add.outer(np.arange(8), np.arange(8)))
        values = random.normal(0, 60, shape) * decay**2
        steps = random.integers(1, 30, (8, 8)).astype(np.uint16)
        components.append(JpegComponent(np.round(values).astype(np.int16), steps, (h, v)))
    return JpegImage(*size, subsampling_name(tuple(sampling)), color_space, orientation, tuple(components))


def largest_magnitude(image):
    return max(np.abs(c.coefficients * c.quantization.astype(float)).max(initial=1) for c in image.components)


def channels_of(blocks):
    """[n, Hb, Wb, 8, 8] to [64 n, Hb, Wb]."""
    count, rows, columns = blocks.shape[:3]
    return blocks.transpose(0, 3, 4, 1, 2).reshape(64 * count, rows, columns)


def expected_channels(image, size, window, **options):
    return channels_of(transform.resample(transform.planes(image), size, window=window, **options))


SAMPLINGS = [
    [(1, 1), (1, 1), (1, 1)],
    [(2, 2), (1, 1), (1, 1)],
    [(2, 1), (1, 1), (1, 1)],
    [(1, 2), (1, 1), (1, 1)],
    [(4, 1), (1, 1), (1, 1)],
    [(4, 2), (1, 1), (1, 1)],
    [(3, 1), (1, 1), (1, 1)],
    [(3, 3), (2, 1), (1, 2)],
    [(2, 2), (2, 1), (1, 1)],
    [(1, 1), (2, 2), (2, 2)],
]


@st.composite
def cases(draw):
    """Any image, and any window of it, at scales from 1/40 to 60."""
    height, width = draw(st.integers(1, 150)), draw(st.integers(1, 150))
    image = random_image(
        (height, width),
        draw(st.sampled_from(SAMPLINGS)),
        seed=draw(st.integers(0, 1000)),
        orientation=draw(st.integers(1, 8)),
    )
    if image.orientation >= 5:
        height, width = width, height
    corners = []
    for side in (width, height):
        start = draw(st.floats(0, side * 0.98))
        corners.append((start, draw(st.floats(min(start + side * 0.01, side), side))))
    (x1, x2), (y1, y2) = corners
    return image, Window((x1, y1, x2, y2), draw(st.booleans()))


sizes = st.tuples(st.sampled_from([8, 16, 40, 72, 136]), st.sampled_from([8, 16, 40, 72, 136]))


@settings(deadline=None, max_examples=150)
@given(cases(), sizes, st.sampled_from(sorted(FILTERS)), st.sampled_from(LEVELS))
def test_channels_equal_the_definition(case, size, name, level):
    image, window = case
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASTDCT_CPU", level)
        result = Decoder(size, channels=ALL, filter=name).decode(image, window=window)
    expected = expected_channels(image, size, window, filter=name)
    assert np.abs(result - expected).max() <= TOLERANCE * largest_magnitude(image)


@settings(deadline=None, max_examples=60)
@given(cases(), st.sampled_from([(8, 24), (48, 48), (136, 80)]), st.sampled_from(sorted(FILTERS)))
def test_chroma_on_its_own_grid_equals_the_definition(case, size, name):
    image, window = case
    chroma_size = (size[0] // 2 // 8 * 8 or 8, size[1] // 2 // 8 * 8 or 8)
    batch = Decoder(size, channels=ALL, filter=name, chroma_size=chroma_size)([image], windows=[window])
    limit = TOLERANCE * largest_magnitude(image)
    luma = expected_channels(image, size, window, filter=name)[:64]
    chroma = expected_channels(image, chroma_size, window, filter=name, own_grid=True)[64:]
    assert np.abs(batch.tensor[0].numpy() - luma).max() <= limit
    assert np.abs(batch.chroma[0].numpy() - chroma).max() <= limit


@settings(deadline=None, max_examples=40)
@given(cases(), sizes, st.permutations(range(64)), st.integers(0, 5), st.integers(0, 5), st.booleans())
def test_any_selection_in_any_order(case, size, order, num_cb, num_cr, one_row):
    image, window = case
    luma = order[:1] if one_row else order[: 1 + order[0] % 40]
    selection = frequencies.explicit(luma, order[10 : 10 + num_cb], order[30 : 30 + num_cr])
    result = Decoder(size, channels=selection).decode(image, window=window)
    every = expected_channels(image, size, window)
    chosen = [*selection.luma, *(64 + i for i in selection.cb), *(128 + i for i in selection.cr)]
    assert np.abs(result - every[chosen]).max() <= TOLERANCE * largest_magnitude(image)


@settings(deadline=None, max_examples=30)
@given(cases(), sizes)
def test_nothing_outside_the_window_is_read(case, size):
    image, window = case
    picture_planes = dataclasses.replace(transform.planes(image), orientation=1)
    height, width = picture_planes.height, picture_planes.width
    x1, y1, x2, y2 = window.box if image.orientation < 5 else [window.box[i] for i in (1, 0, 3, 2)]
    spoilt = []
    for plane in picture_planes.planes:
        down, across = plane.subsampling
        rows = operator(Axis(height, y1, y2, size[0], down)).columns
        columns = operator(Axis(width, x1, x2, size[1], across)).columns
        blocks = np.full(plane.blocks.shape, np.nan)
        part = np.s_[rows.start // 8 : rows.stop // 8, columns.start // 8 : columns.stop // 8]
        blocks[part] = plane.blocks[part]
        spoilt.append(dataclasses.replace(plane, blocks=blocks))
    decoder = Decoder(size, window=Window((x1, y1, x2, y2)))
    result = decoder.decode(dataclasses.replace(picture_planes, planes=tuple(spoilt)))
    np.testing.assert_allclose(
        result, decoder.decode(picture_planes), atol=TOLERANCE * largest_magnitude(image)
    )


@settings(deadline=None, max_examples=30)
@given(cases(), sizes, st.sampled_from(sorted(FILTERS)))
def test_flipping_twice_is_nothing(case, size, name):
    image, window = case
    decoder = Decoder(size, channels=ALL, filter=name)
    plain = decoder.decode(image, window=window)
    flipped = decoder.decode(image, window=Window(window.box, not window.flip))
    signs = np.tile((-1.0) ** np.arange(8), 24)[:, None, None]  # odd horizontal frequencies change sign
    np.testing.assert_array_equal(flipped[:, :, ::-1] * signs, plain)


@pytest.mark.parametrize("level", LEVELS)
def test_the_whole_picture_at_scale_one_is_the_files_coefficients(level, monkeypatch):
    monkeypatch.setenv("FASTDCT_CPU", level)
    image = fastdct.read(encode(picture(45, 61), subsampling="4:4:4"))
    result = Decoder((40, 56), channels=ALL, window=Window((0, 0, 56, 40))).decode(image)
    for plane, component in zip(result.reshape(3, 64, 5, 7), image.components, strict=True):
        expected = component.coefficients[:5, :7] * component.quantization.astype(float)
        np.testing.assert_allclose(
            plane, expected.reshape(5, 7, 64).transpose(2, 0, 1), atol=TOLERANCE * largest_magnitude(image)
        )


@settings(deadline=None, max_examples=20)
@given(cases(), sizes, st.sampled_from(sorted(FILTERS)))
def test_wide_vectors_change_nothing(case, size, name):
    image, window = case
    results = []
    for level in ("avx2", "avx512"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("FASTDCT_CPU", level)
            results.append(Decoder(size, channels=64, filter=name).decode(image, window=window))
    np.testing.assert_array_equal(*results)


@pytest.fixture(scope="module")
def images():
    return [
        random_image((40 + 13 * i, 120 - 9 * i), SAMPLINGS[i], seed=i, orientation=i % 8 + 1)
        for i in range(len(SAMPLINGS))
    ]


@pytest.mark.parametrize("output", ["dct", "rgb"])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16", None])
def test_threads_batches_and_what_came_before_change_nothing(images, output, dtype):
    def batch(num_threads, some):
        rule = RandomResizedCrop(generator=torch.Generator().manual_seed(5))
        settings_ = {"num_threads": num_threads, "output": output, "dtype": dtype}
        windows = [rule(*transform.planes(image).upright_size) for image in images]
        picked = [images[i] for i in some]
        return Decoder(56, **settings_)(picked, windows=[windows[i] for i in some]).tensor

    every = range(len(images))
    alone = torch.cat([batch(1, [i]) for i in every])
    for num_threads in (1, 2, 5):
        assert torch.equal(batch(num_threads, every), alone)
    backwards = list(reversed(every))
    assert torch.equal(batch(2, backwards), alone[backwards])


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("layout", ["channels_first", "channels_last"])
@pytest.mark.parametrize("size", [(56, 56), (448, 448), (64, 256), (24, 8)])
def test_element_types_and_layouts_hold_the_same_values(images, size, layout, level, monkeypatch):
    monkeypatch.setenv("FASTDCT_CPU", level)
    expected = Decoder(size)(images).tensor
    for name in ("float32", "bfloat16", "float16"):
        tensor = Decoder(size, dtype=name, layout=layout)(images).tensor
        assert tensor.dtype == getattr(torch, name)
        memory_format = torch.channels_last if layout == "channels_last" else torch.contiguous_format
        assert tensor.is_contiguous(memory_format=memory_format)
        assert torch.equal(tensor, expected.to(tensor.dtype))
    integers = Decoder(size, dtype=torch.int16, layout=layout)(images).tensor
    assert torch.equal(integers, expected.round().clamp(-32768, 32767).to(torch.int16))


def test_float16_keeps_subnormals_and_overflows_to_infinity(monkeypatch):
    blocks = np.zeros((1, 8, 8, 8), np.float32)
    blocks[0, :, 0, 0] = [0, 1e-8, 3e-8, 6e-5, 6.2e-5, 65519, 65520, -1e-6]
    plane = transform.Plane(blocks, np.ones((8, 8)))
    planes = transform.Planes(8, 64, "grayscale", (plane,))
    for level in LEVELS:
        monkeypatch.setenv("FASTDCT_CPU", level)
        settings_ = {"channels": frequencies.explicit([0], [], [])}
        exact = Decoder((8, 64), **settings_)([planes]).tensor
        half = Decoder((8, 64), dtype="float16", **settings_)([planes]).tensor
        assert torch.equal(half, exact.to(torch.float16))


def test_grayscale_has_zero_chroma_normalised_like_any_other():
    image = random_image((40, 56), [(1, 1)], seed=1, color_space="grayscale")
    mean, std = np.linspace(1, 2, 64), np.linspace(3, 4, 64)
    result = Decoder(32, normalize=(mean, std)).decode(image)
    expected = expected_channels(image, (32, 32), None)[list(frequencies.static(64).luma)]
    limit = TOLERANCE * largest_magnitude(image)
    assert np.abs(result[:44] - (expected - mean[:44, None, None]) / std[:44, None, None]).max() <= limit
    np.testing.assert_allclose(
        result[44:], np.broadcast_to((-mean / std)[44:, None, None], (20, 4, 4)), rtol=1e-6
    )


@pytest.mark.parametrize("chroma_size", [None, 24])
@pytest.mark.parametrize("layout", ["channels_first", "channels_last"])
def test_planes_coded_as_rgb_are_mixed(chroma_size, layout):
    image = random_image((60, 44), [(1, 1), (2, 1), (1, 1)], seed=2, orientation=6, color_space="RGB")
    window = Window((3.5, 8, 50, 41), flip=True)
    batch = Decoder(48, channels=ALL, chroma_size=chroma_size, layout=layout)([image], windows=[window])
    limit = 2 * TOLERANCE * largest_magnitude(image)
    expected = expected_channels(image, (48, 48), window)
    if chroma_size is None:
        assert np.abs(batch.tensor[0].numpy() - expected).max() <= limit
    else:
        own = expected_channels(image, (24, 24), window, own_grid=True)
        assert np.abs(batch.tensor[0].numpy() - expected[:64]).max() <= limit
        assert np.abs(batch.chroma[0].numpy() - own[64:]).max() <= limit


@settings(deadline=None, max_examples=60)
@given(
    cases(), st.sampled_from([(8, 8), (40, 72)]), st.sampled_from(sorted(FILTERS)), st.sampled_from(LEVELS)
)
def test_rgb_is_the_inverse_dct_of_the_channels(case, size, name, level):
    image, window = case
    blocks = transform.resample(transform.planes(image), size, window=window, filter=name)
    ycbcr = (DCT.T @ blocks @ DCT).transpose(0, 1, 3, 2, 4).reshape(3, *size)
    red = ycbcr[0] + 1.402 * ycbcr[2]
    green = ycbcr[0] - 0.114 * 1.772 / 0.587 * ycbcr[1] - 0.299 * 1.402 / 0.587 * ycbcr[2]
    expected = np.clip(np.stack([red, green, ycbcr[0] + 1.772 * ycbcr[1]]) + 128, 0, 255)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASTDCT_CPU", level)
        floats = Decoder(size, output="rgb", dtype="float32", filter=name).decode(image, window=window)
        pixels = Decoder(size, output="rgb", layout="channels_last", filter=name).decode(image, window=window)
    limit = 4 * TOLERANCE * largest_magnitude(image)  # a colour is a sum of up to three samples
    assert np.abs(floats - expected).max() <= limit
    assert pixels.dtype == np.uint8
    np.testing.assert_array_equal(pixels, np.round(floats))


def test_rgb_of_gray_and_of_rgb_coded_files():
    gray = random_image((40, 40), [(1, 1)], seed=3, color_space="grayscale")
    pixels = Decoder(40, output="rgb").decode(gray)
    assert (pixels == pixels[0]).all()
    coded = random_image((40, 48), [(1, 1)] * 3, seed=4, color_space="RGB")
    result = Decoder((40, 48), output="rgb").decode(coded).astype(int)
    expected = transform.pixels(coded, size=(40, 48)).transpose(2, 0, 1).astype(int)
    assert np.abs(result - expected).max() <= 1


def test_orientation_can_be_left_alone():
    image = random_image((64, 40), SAMPLINGS[1], seed=5, orientation=6)
    stored = dataclasses.replace(image, orientation=1)
    as_stored = Decoder(32, upright=False)
    np.testing.assert_array_equal(as_stored.decode(image), Decoder(32).decode(stored))
    data = fastdct.write(image)
    np.testing.assert_array_equal(as_stored.decode(data), Decoder(32).decode(stored))
    np.testing.assert_array_equal(Decoder(32).decode(data), Decoder(32).decode(image))


def test_a_tensor_of_the_callers_is_filled(images):
    decoder = Decoder(32, dtype="bfloat16", layout="channels_last")
    out = torch.empty(len(images), 64, 4, 4, dtype=torch.bfloat16).to(memory_format=torch.channels_last)
    batch = decoder(images, out=out)
    assert batch.tensor.data_ptr() == out.data_ptr()
    assert torch.equal(out, decoder(images).tensor)
    for wrong in (out.float(), out[:2], out.contiguous()):
        with pytest.raises(ValueError, match=r"^out is .*bfloat16 .*channels_last"):
            decoder(images, out=wrong)


def test_a_second_tensor_of_the_callers_is_filled(images):
    decoder = Decoder(32, chroma_size=16)
    expected = decoder(images)
    out = torch.full_like(expected.chroma, torch.nan)
    batch = decoder(images, out_chroma=out)
    assert batch.chroma.data_ptr() == out.data_ptr()
    assert torch.equal(out, expected.chroma)
    assert torch.equal(batch.tensor, expected.tensor)
    with pytest.raises(ValueError, match=r"^out_chroma is float64"):
        decoder(images, out_chroma=out.double())
    with pytest.raises(ValueError, match="for decoders with chroma_size"):
        Decoder(32)(images, out_chroma=out)


def test_strong_reduction_of_a_large_picture():
    image = random_image((1030, 2049), SAMPLINGS[1], seed=6)
    for size in ((8, 8), (64, 128)):
        result = Decoder(size, channels=ALL).decode(image)
        assert np.abs(result - expected_channels(image, size, None)).max() <= TOLERANCE * largest_magnitude(
            image
        )


@pytest.mark.parametrize(
    ("settings_", "message"),
    [
        ({"filter": "nearest"}, "box, triangle, bicubic, lanczos3"),
        ({"dtype": "float64"}, "bfloat16"),
        ({"dtype": "uint8"}, "int16"),
        ({"dtype": "int16", "normalize": (0, 1)}, "floating-point"),
        ({"output": "yuv"}, "dct, rgb"),
        ({"output": "rgb", "dtype": "int16"}, "uint8"),
        ({"output": "rgb", "chroma_size": 8}, "chroma_size"),
        ({"output": "rgb", "normalize": ([1, 2], 1)}, r"\[3\]"),
        ({"chroma_size": 12}, "multiples of 8"),
        ({"layout": "nhwc"}, "channels_first"),
        ({"num_threads": 0}, "at least 1"),
    ],
)
def test_settings_that_make_no_sense_are_errors(settings_, message):
    with pytest.raises(ValueError, match=message):
        Decoder(16, **settings_)


def test_one_array_cannot_hold_everything(images):
    for settings_ in ({"dtype": "bfloat16"}, {"chroma_size": 8}):
        with pytest.raises(ValueError, match=r"decoder\(\[source\]\)"):
            Decoder(16, **settings_).decode(images[0])


def test_an_unknown_level_is_an_error(images, monkeypatch):
    monkeypatch.setenv("FASTDCT_CPU", "mmx")
    with pytest.raises(ValueError, match="portable, avx2 or avx512"):
        Decoder(16).decode(images[0])
