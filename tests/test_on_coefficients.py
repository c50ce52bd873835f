"""Networks on pixels, fed with coefficients: equal to the definition, folded or not, compiled and exported."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import fastdct
from fastdct import frequencies, models
from fastdct.models.coefficients import Conversion, ToPixels
from fastdct.models.folding import fold
from fastdct.reference.axis import DCT
from fastdct.reference.colour import YCBCR_TO_RGB
from made import encoded, photo

MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)


def blocks_to_samples(values):
    """The inverse DCT by definition: [N, 64, Hb, Wb] → float64 [N, H, W], level-shifted."""
    count, _, rows, columns = values.shape
    blocks = values.astype(np.float64).reshape(count, 8, 8, rows, columns)
    return np.einsum("nvuhw,vy,ux->nhywx", blocks, DCT, DCT).reshape(count, rows * 8, columns * 8)


def doubled(samples):
    """Each pixel 3/4 of its sample and 1/4 of the nearest other; the border's goes on. [N, h, w] → [N, 2h, 2w]."""
    for axis in (1, 2):
        ends = [(1, 1) if axis == current else (0, 0) for current in range(3)]
        padded = np.pad(samples, ends, mode="edge")
        size = samples.shape[axis]
        before, here, after = (padded.take(range(i, i + size), axis) for i in range(3))
        pair = np.stack([(before + 3 * here) / 4, (3 * here + after) / 4], axis + 1)
        samples = pair.reshape([2 * n if i == axis else n for i, n in enumerate(samples.shape)])
    return samples


def to_rgb(luma, cb, cr, mean=MEAN, std=STD):
    rgb = np.einsum("rc,cnhw->nrhw", YCBCR_TO_RGB, np.stack([luma, cb, cr])) + 128
    return (rgb - np.reshape(mean, (3, 1, 1))) / np.reshape(std, (3, 1, 1))


def defined(values, selection):
    """Normalised RGB of coefficients [N, C, Hb, Wb] by definition."""
    every = np.zeros((len(values), 3, 64, *values.shape[2:]))
    start = 0
    for component, indices in enumerate((selection.luma, selection.cb, selection.cr)):
        every[:, component, list(indices)] = values[:, start : start + len(indices)]
        start += len(indices)
    return to_rgb(*(blocks_to_samples(every[:, component]) for component in range(3)))


def coefficients(shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)) * 40


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return models.create("resnet18-rgb", num_classes=10).eval()


def wrapped(network, **options):
    return models.on_coefficients(network, **({"mean": MEAN, "std": STD} | options))


@settings(max_examples=20)
@given(
    luma=st.integers(1, 64),
    chroma=st.integers(0, 64),
    rows=st.integers(1, 3),
    columns=st.integers(1, 3),
    seed=st.integers(0, 2**16),
)
def test_pixels_are_the_definition(luma, chroma, rows, columns, seed):
    selection = frequencies.zigzag_first(luma, chroma)
    x = coefficients((2, selection.num_channels, rows, columns), seed)
    layer = ToPixels(Conversion(selection, np.array(MEAN), np.array(STD)))
    np.testing.assert_allclose(layer(x).numpy(), defined(x.numpy(), selection), atol=2e-5)


def test_a_decoder_s_normalisation_is_undone():
    random = np.random.default_rng(0)
    mean, std = random.normal(0, 20, 64), random.uniform(0.5, 30, 64)
    x = coefficients((1, 64, 3, 2))
    normalised = (x - torch.from_numpy(mean).float()[:, None, None]) / torch.from_numpy(std).float()[
        :, None, None
    ]
    selection = frequencies.static(64)
    layer = ToPixels(Conversion(selection, np.array(MEAN), np.array(STD), (mean, std)))
    np.testing.assert_allclose(layer(normalised).numpy(), defined(x.numpy(), selection), atol=2e-5)


def test_quantised_integers_are_taken(network):
    table = np.arange(1.0, 193.0)
    x = torch.randint(-3, 4, (1, 192, 4, 4), generator=torch.Generator().manual_seed(0), dtype=torch.int16)
    plain = x * torch.from_numpy(table).float()[:, None, None]
    layer = wrapped(network, normalize=(0.0, table))
    torch.testing.assert_close(layer(x), wrapped(network)(plain), rtol=1e-4, atol=1e-4)


@settings(max_examples=10)
@given(rows=st.integers(1, 3), columns=st.integers(1, 3), seed=st.integers(0, 2**16))
def test_two_grids_are_the_definition(rows, columns, seed):
    luma = coefficients((2, 64, 2 * rows, 2 * columns), seed)
    chroma = coefficients((2, 128, rows, columns), seed + 1)
    pixels = wrapped(nn.Identity(), two_grids=True)(luma, chroma)
    cb, cr = (doubled(blocks_to_samples(part)) for part in np.split(chroma.numpy(), 2, axis=1))
    np.testing.assert_allclose(pixels.numpy(), to_rgb(blocks_to_samples(luma.numpy()), cb, cr), atol=2e-5)


@pytest.mark.parametrize("two_grids", [False, True])
def test_a_file_gives_the_pixels_that_it_holds(two_grids):
    """Of a whole picture at its own size, one grid or two, the decoder's RGB but for rounding; soft, so that nothing clamps."""
    pixels = (photo(3, height=64, width=96) // 2 + 64).astype(np.uint8)
    data = encoded(pixels, quality=90, subsampling="4:2:0")
    layer = models.on_coefficients(nn.Identity(), mean=0, std=1, two_grids=two_grids)
    batch = (
        layer.input.decoder((64, 96))([data])
        if not two_grids
        else fastdct.Decoder((64, 96), channels=192, chroma_size=(32, 48))([data])
    )
    inputs = [batch.tensor] if batch.chroma is None else [batch.tensor, batch.chroma]
    rgb = fastdct.Decoder((64, 96), output="rgb", dtype="float32")([data]).tensor
    torch.testing.assert_close(layer(*inputs), rgb, rtol=0, atol=2e-3)


@pytest.mark.parametrize("folded", [False, True])
@pytest.mark.parametrize("channels", [192, 64, 24])
def test_answers_are_those_from_pixels(network, channels, folded):
    selection = frequencies.static(channels)
    x = coefficients((2, channels, 6, 9))
    expected = network(torch.from_numpy(defined(x.numpy(), selection)).float())
    torch.testing.assert_close(
        wrapped(network, channels=channels, folded=folded)(x), expected, rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize("padding", ["symmetric", "same"])
def test_mobilenet_folds_with_either_padding(padding):
    torch.manual_seed(0)
    network = models.MobileNetV2(padding=padding, batch_norm=False, num_classes=5).eval()
    x = coefficients((1, 24, 8, 8))
    plain, folded = (wrapped(network, channels=24, folded=choice) for choice in (False, True))
    torch.testing.assert_close(folded(x), plain(x), rtol=1e-4, atol=1e-5)


@settings(max_examples=25)
@given(
    kernel=st.integers(1, 9),
    stride=st.sampled_from([1, 2, 4, 8]),
    bias=st.booleans(),
    rows=st.integers(1, 3),
    columns=st.integers(1, 3),
)
def test_any_convolution_that_keeps_the_grid_folds(kernel, stride, bias, rows, columns):
    torch.manual_seed(kernel)
    convolution = nn.Conv2d(3, 4, kernel, stride=stride, padding=kernel // 2, bias=bias)
    if kernel < stride or (stride == 1 and kernel % 2 == 0):
        return  # leaves pixels out, or makes a row more than there are pixels
    conversion = Conversion(frequencies.static(24), np.array(MEAN), np.array(STD))
    x = coefficients((1, 24, rows, columns))
    expected = convolution(ToPixels(conversion)(x))
    if expected.shape[2:] != (8 * rows // stride, 8 * columns // stride):
        return
    torch.testing.assert_close(fold(convolution, conversion)(x), expected, rtol=1e-4, atol=1e-4)


class UsesItsInputTwice(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3, stride=2, padding=1)

    def forward(self, x):
        return self.first(x) + x.square().mean()


class AnswersTwice(UsesItsInputTwice):
    def forward(self, x):
        return self.first(x), x


class NormalisesByItself(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3, stride=2, padding=1)

    def forward(self, x):
        return self.first(x / 2)


@pytest.mark.parametrize(
    ("network", "options", "message"),
    [
        (nn.Identity(), {"mean": None}, "give mean and std"),
        (UsesItsInputTwice(), {"folded": True}, "uses its input beside the first convolution"),
        (
            AnswersTwice(),
            {"folded": True},
            "answers with a tuple; to be folded it must answer with one tensor",
        ),
        (NormalisesByItself(), {"folded": True}, "0 convolutions take this network's input"),
        (nn.Sequential(nn.Conv2d(3, 8, 3, stride=3)), {"folded": True}, "the stride 1, 2, 4 or 8"),
        (nn.Sequential(nn.Conv2d(3, 6, 3, groups=3)), {"folded": True}, "without groups"),
        (
            nn.Sequential(nn.Conv2d(3, 6, 3, padding=1, padding_mode="reflect")),
            {"folded": True},
            "none of zeros",
        ),
        (
            nn.Sequential(nn.Conv2d(3, 6, 3, padding=1)),
            {"folded": True, "two_grids": True},
            "leave out two_grids",
        ),
        (
            nn.Sequential(nn.Conv2d(3, 6, 3, padding=1)),
            {"folded": True, "channels": frequencies.zigzag_first(8, 0)},
            "zigzag-8-0 lacks the DC coefficient",
        ),
        (nn.Identity(), {"two_grids": True, "normalize": (1.0, 1.0)}, "give no mean for them"),
    ],
)
def test_what_cannot_be_wrapped_is_refused(network, options, message):
    with pytest.raises(ValueError, match=message):
        wrapped(network, **options)


@pytest.mark.parametrize("folded", [False, True])
def test_wrong_channels_are_named(network, folded):
    layer = wrapped(network, channels=24, folded=folded)
    with pytest.raises(ValueError, match=r"takes DCT tensors \[N, 24, H/8, W/8\] .*not \[1, 3, 48, 48\]"):
        layer(torch.zeros(1, 3, 48, 48))


def test_weights_are_shared_unless_folded_and_modes_kept(network):
    plain, folded = wrapped(network), wrapped(network, folded=True)
    assert plain.network is network
    assert folded.network is not network
    assert not folded.training
    assert network.config.input.channels is None
    assert torch.equal(folded.network.layer1[0].conv1.weight, network.layer1[0].conv1.weight)


@pytest.mark.parametrize("options", [{}, {"folded": True, "channels": 24}, {"two_grids": True}])
def test_it_compiles_whole(network, options):
    layer = wrapped(network, **options)
    inputs = [coefficients((2, shape[0], shape[1] // 7, shape[2] // 7)) for shape in layer.input.shapes]
    compiled = torch.compile(layer, fullgraph=True, backend="eager")
    with torch.inference_mode():
        torch.testing.assert_close(compiled(*inputs), layer(*inputs))


@pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning")  # torch 2.13's exporter, of itself
@pytest.mark.parametrize("options", [{}, {"folded": True, "channels": 24}, {"two_grids": True}])
def test_onnxruntime_says_the_same(network, options):
    onnxruntime = pytest.importorskip("onnxruntime")
    layer = wrapped(network, **options)
    inputs = [coefficients((2, shape[0], shape[1] // 7, shape[2] // 7)) for shape in layer.input.shapes]
    program = torch.onnx.export(layer, tuple(inputs), dynamo=True, verbose=False)
    stream = io.BytesIO()
    program.save(stream)
    session = onnxruntime.InferenceSession(stream.getvalue(), providers=["CPUExecutionProvider"])
    names = [entry.name for entry in session.get_inputs()]
    [answer] = session.run(None, {name: x.numpy() for name, x in zip(names, inputs, strict=True)})
    np.testing.assert_allclose(answer, layer(*inputs).detach().numpy(), rtol=1e-4, atol=1e-4)
