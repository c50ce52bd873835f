"""The resampling of batches on a device, emulated: against the definition, and against what the CPU decodes."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from device import device_batch, resample
from fastdct import _C, _native, frequencies
from fastdct.decoder import Decoder
from fastdct.geometry import Window
from fastdct.reference.axis import FILTERS
from test_resample import (
    ALL,
    SAMPLINGS,
    TOLERANCE,
    cases,
    expected_channels,
    largest_magnitude,
    random_image,
    sizes,
)

filters = st.sampled_from(sorted(FILTERS))
layouts = st.sampled_from(["channels_first", "channels_last"])
chroma_sizes = st.sampled_from([None, (8, 24), (48, 40)])
seeds = st.integers(0, 2**32)


@st.composite
def batches(draw):
    """Up to four pictures of any colours, and windows."""
    pairs = draw(st.lists(cases(), min_size=1, max_size=4))
    for index, (image, window) in enumerate(pairs):
        colors = draw(st.sampled_from(["YCbCr", "YCbCr", "grayscale", "RGB"]))
        if colors == "YCbCr":
            continue
        factors = [draw(st.sampled_from([(1, 1), (2, 1)]))] * (1 if colors == "grayscale" else 3)
        other = random_image(
            (image.height, image.width),
            factors,
            seed=index,
            orientation=image.orientation,
            color_space=colors,
        )
        pairs[index] = (other, window)
    images, windows = zip(*pairs, strict=True)
    return list(images), list(windows)


@settings(deadline=None, max_examples=60)
@given(cases(), sizes, filters, seeds)
def test_channels_equal_the_definition(case, size, name, seed):
    image, window = case
    tensor, _ = resample(Decoder(size, channels=ALL, filter=name), [image], [window], seed=seed)
    expected = expected_channels(image, size, window, filter=name)
    assert np.abs(tensor[0].numpy() - expected).max() <= TOLERANCE * largest_magnitude(image)


@settings(deadline=None, max_examples=60)
@given(batches(), sizes, filters, layouts, chroma_sizes, seeds)
def test_a_batch_is_what_the_cpu_decodes(batch, size, name, layout, chroma_size, seed):
    images, windows = batch
    decoder = Decoder(size, channels=ALL, filter=name, layout=layout, chroma_size=chroma_size)
    expected = decoder(images, windows=windows)
    tensor, chroma = resample(decoder, images, windows, seed=seed)
    limit = 2 * TOLERANCE * max(map(largest_magnitude, images))  # both may be off
    assert (tensor - expected.tensor).abs().max() <= limit
    if chroma_size is not None:
        assert (chroma - expected.chroma).abs().max() <= limit


@settings(deadline=None, max_examples=40)
@given(
    cases(), sizes, st.permutations(range(64)), st.integers(0, 40), st.integers(1, 5), chroma_sizes, layouts
)
def test_any_selection_in_any_order(case, size, order, num_luma, num_chroma, chroma_size, layout):
    selection = frequencies.explicit(
        order[: 1 + num_luma], order[10 : 10 + num_chroma], order[30 : 30 + num_chroma]
    )
    count = selection.num_channels
    statistics = np.linspace(-5, 5, count), np.linspace(0.5, 2, count)
    decoder = Decoder(size, channels=selection, normalize=statistics, chroma_size=chroma_size, layout=layout)
    expected = decoder([case[0]], windows=[case[1]])
    tensor, chroma = resample(decoder, [case[0]], [case[1]])
    limit = 4 * TOLERANCE * largest_magnitude(case[0])  # deviations are 1/2 at least
    assert (tensor - expected.tensor).abs().max() <= limit
    if chroma_size is not None:
        assert (chroma - expected.chroma).abs().max() <= limit


@settings(deadline=None, max_examples=40)
@given(batches(), sizes, filters, layouts, seeds)
def test_rgb_is_what_the_cpu_decodes(batch, size, name, layout, seed):
    images, windows = batch
    decoder = Decoder(size, output="rgb", dtype="float32", filter=name, layout=layout)
    expected = decoder(images, windows=windows).tensor
    tensor, _ = resample(decoder, images, windows, seed=seed)
    limit = 4 * TOLERANCE * max(map(largest_magnitude, images))
    assert (tensor - expected).abs().max() <= limit
    pixels, _ = resample(Decoder(size, output="rgb", filter=name, layout=layout), images, windows)
    assert pixels.dtype == torch.uint8
    assert torch.equal(pixels, tensor.round().to(torch.uint8))


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "int16"])
@pytest.mark.parametrize("layout", ["channels_first", "channels_last"])
def test_elements_are_rounded_floats(dtype, layout):
    images = [random_image((61, 90), SAMPLINGS[1], seed=seed, orientation=1 + 5 * seed) for seed in range(2)]
    windows = [Window((3.5, 2.25, 50, 55)), Window((0, 10, 61, 80), flip=True)]
    floats, chroma = resample(Decoder(48, chroma_size=24), images, windows)
    decoder = Decoder(48, chroma_size=24, dtype=dtype, layout=layout)
    narrow, narrow_chroma = resample(decoder, images, windows)
    kind = getattr(torch, dtype)
    for got, exact in ((narrow, floats), (narrow_chroma, chroma)):
        assert torch.equal(got, exact.round().to(kind) if dtype == "int16" else exact.to(kind))


@pytest.mark.parametrize("value", [1e5, -1e5, 40000.6, -0.4, 6e-8, 65519.0, 3e-5, 0.0])
@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "int16"])
def test_elements_at_the_ends_of_their_range(value, dtype):
    image = random_image((8, 8), [(1, 1)] * 3, seed=1)
    for component in image.components:
        component.coefficients[:] = 0
    normalize = None if dtype == "int16" else (-value, 1)
    if dtype == "int16":
        image.components[0].quantization[0, 0] = 4
        image.components[0].coefficients[0, 0, 0, 0] = np.clip(round(value / 4), -32768, 32767)
    decoder = Decoder(8, dtype=dtype, normalize=normalize)
    windows = [Window((0, 0, 8, 8))]
    tensor, _ = resample(decoder, [image], windows)
    assert torch.equal(tensor, decoder([image], windows=windows).tensor)


@settings(deadline=None, max_examples=20)
@given(batches(), sizes, st.sampled_from(["dct", "rgb"]), st.lists(seeds, min_size=2, max_size=2))
def test_order_of_threads_and_company_change_no_bit(batch, size, output, orders):
    images, windows = batch
    decoder = Decoder(size, output=output, dtype="float32")
    together, again = (resample(decoder, images, windows, seed=seed)[0] for seed in orders)
    assert torch.equal(together, again)
    in_chunks, _ = resample(decoder, images, windows, workspace_bytes=1)
    assert torch.equal(together, in_chunks)
    singles = [resample(decoder, [image], [window])[0] for image, window in zip(images, windows, strict=True)]
    assert torch.equal(together, torch.cat(singles))


def test_strong_reduction_of_a_large_picture():
    image = random_image((1030, 2049), SAMPLINGS[1], seed=6)
    window = Window((0, 0, 2049, 1030))
    for size in ((8, 8), (64, 128)):
        tensor, _ = resample(Decoder(size, channels=ALL), [image], [window])
        expected = expected_channels(image, size, window)
        assert np.abs(tensor[0].numpy() - expected).max() <= TOLERANCE * largest_magnitude(image)


def plan(decoder, batch, windows, workspace_bytes=1 << 30):
    return _C.ResamplePlan(
        decoder._assembly,
        batch.pictures,
        batch.planes,
        _native.native_windows(windows),
        workspace_bytes=workspace_bytes,
    )


def test_workspace_is_bounded_and_chunks_need_less():
    images = [random_image((96, 120), SAMPLINGS[1], seed=seed) for seed in range(8)]
    batch, windows = device_batch(images), [Window((0, 0, 120, 96))] * 8
    whole = plan(Decoder(64), batch, windows)
    single = plan(Decoder(64), batch, windows, workspace_bytes=1)
    assert whole.workspace_bytes == 8 * single.workspace_bytes
    half = plan(Decoder(64), batch, windows, workspace_bytes=4 * single.workspace_bytes)
    assert half.workspace_bytes == 4 * single.workspace_bytes
    assert len(whole.jobs) < 1024 * len(images)  # against 100 kB of a photo


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"first_plane": 1}, "picture 0: its planes are not among the batch's"),
        ({"height": 65}, "fewer blocks"),
        ({"width": 0}, "sides are positive"),
        ({"colors": 7}, "does not resample its colours"),
        ({"sampling": 5}, "sampling factors 1 to 4"),
        ({"height": 30}, "does not lie inside the picture"),
    ],
)
def test_what_does_not_fit_together_is_an_error(change, message):
    batch = device_batch([random_image((64, 64), [(1, 1)] * 3, seed=0)])
    for name, value in change.items():
        batch.pictures[name] = value
    with pytest.raises(ValueError, match=message):
        plan(Decoder(16), batch, [Window((0, 0, 64, 64))])


def test_arrays_of_another_make_are_errors():
    batch = device_batch([random_image((64, 64), [(1, 1)] * 3, seed=0)])
    window = [Window((0, 0, 64, 64))]
    with pytest.raises(ValueError, match="24 bytes each"):
        _C.ResamplePlan(
            Decoder(16)._assembly,
            batch.pictures,
            batch.pictures,
            _native.native_windows(window),
            workspace_bytes=1,
        )
    with pytest.raises(ValueError, match=r"\[N, 5\]"):
        plan(Decoder(16), batch, window * 2)
    with pytest.raises(ValueError, match="not those of a plan"):
        _C.emulation.resample(
            b"short", jobs=0, coefficients=0, quantization=0, workspace=0, tensor=0, chroma=0, seed=0
        )


def test_what_the_device_leaves_to_the_cpu_is_known():
    alike, unlike = [(2, 1)] * 3, [(2, 2), (1, 1), (1, 1)]
    images = [
        random_image((40, 40), factors, seed=1, color_space=colors)
        for colors, factors in (("YCbCr", unlike), ("RGB", alike), ("RGB", unlike), ("CMYK", alike))
    ]
    pictures = device_batch(images).pictures
    assert _C.resamples_on_device(Decoder(16)._assembly, pictures).tolist() == [True, True, False, False]
    rgb = Decoder(16, output="rgb")._assembly
    assert _C.resamples_on_device(rgb, pictures).tolist() == [True, True, True, False]


@pytest.mark.cuda
@pytest.mark.sanitized
@pytest.mark.parametrize("output", ["dct", "rgb"])
@pytest.mark.parametrize("name", sorted(FILTERS))
def test_a_gpu_computes_the_bits_of_the_emulation(name, output):
    images = [
        random_image((61, 190), SAMPLINGS[index], seed=index, orientation=index + 1) for index in range(8)
    ]
    images += [random_image((90, 70), [(1, 1)] * 3, seed=8, color_space="RGB")]
    images += [random_image((90, 70), [(1, 1)], seed=9, color_space="grayscale")]
    windows = [Window((1.5, 2.25, 50, 55), flip=index % 2 == 1) for index in range(10)]
    for layout, dtype in (("channels_first", "float32"), ("channels_last", "bfloat16")):
        chroma_size = (24, 8) if output == "dct" and dtype == "float32" else None
        decoder = Decoder(
            (48, 72), output=output, filter=name, layout=layout, dtype=dtype, chroma_size=chroma_size
        )
        expected = resample(decoder, images, windows)
        for got, other in zip(resample(decoder, images, windows, device="cuda"), expected, strict=True):
            if other is None:
                continue
            if name == "lanczos3":  # sines differ in the last bit
                relative = 2**-7 if dtype == "bfloat16" else 0
                limit = TOLERANCE * max(map(largest_magnitude, images)) + relative * other.float().abs()
                assert ((got.float() - other.float()).abs() <= limit).all()
            else:
                assert torch.equal(got, other)
