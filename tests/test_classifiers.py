"""Networks by name: parameters, complexity, inputs, and what they say of what does not fit."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fastdct import cli, frequencies, models
from fastdct.models.stages import DEPTHS

NAMES = models.names()
SMALL = [name for name in NAMES if name.startswith(("resnet18", "resnet50"))]


def on_meta(name, **options):
    with torch.device("meta"):
        return models.create(name, **options)


def torchvision_shapes():
    """Shapes of torchvision's state dicts; a number stands for the five tensors of batch normalisation."""
    entries = json.loads((Path(__file__).parent / "torchvision_shapes.json").read_text())
    for network, tensors in entries.items():
        shapes = {}
        for key, shape in tensors.items():
            if isinstance(shape, int):
                names = ("weight", "bias", "running_mean", "running_var")
                shapes |= {f"{key}.{name}": [shape] for name in names}
                shapes[f"{key}.num_batches_tracked"] = []
            else:
                shapes[key] = shape
        yield pytest.param(network, shapes, id=network)


@pytest.mark.parametrize(("name", "shapes"), list(torchvision_shapes()))
def test_state_dict_is_torchvision_s(name, shapes):
    state = on_meta(name).state_dict()
    assert {key: list(value.shape) for key, value in state.items()} == shapes


def test_mobilenet_on_coefficients_keeps_the_layers_behind_the_first():
    ours, whole = on_meta("mobilenetv2-dct-24").state_dict(), on_meta("mobilenetv2-rgb").state_dict()
    kept = {key for key in whole if not key.startswith("features") or int(key.split(".")[1]) >= 5}
    assert kept == {key for key in ours if not key.startswith("stem")}
    assert all(ours[key].shape == whole[key].shape for key in kept)


@pytest.mark.parametrize("depth", [50, 101, 152])
def test_v1_has_the_same_parameters_and_other_strides(depth):
    new, old = on_meta(f"resnet{depth}-rgb"), on_meta(f"resnet{depth}-rgb-v1")
    assert new.state_dict().keys() == old.state_dict().keys()
    assert (new.layer2[0].conv1.stride, new.layer2[0].conv2.stride) == ((1, 1), (2, 2))
    assert (old.layer2[0].conv1.stride, old.layer2[0].conv2.stride) == ((2, 2), (1, 1))


# Santos and Almeida, "The good, the bad, and the ugly: neural networks straight from JPEG" (2020), table of
# complexity: GFLOPs and millions of parameters as printed, and how near the reading comes to the GFLOPs.
@pytest.mark.parametrize(
    ("name", "printed", "tolerance", "parameters"),
    [
        ("resnet50-rgb-v1", 3.86, 0.005, 25.6),
        ("resnet50-upsampling-rfa", 5.40, 0.005, 28.4),
        ("resnet50-fbs-32", 3.68, 0.006, 26.2),
        ("resnet50-fbs-16", 3.18, 0.014, 25.6),
    ],
)
def test_complexity_is_the_published_table_s(name, printed, tolerance, parameters):
    found = models.complexity(on_meta(name))
    assert found.multiply_adds / 1e9 == pytest.approx(printed, abs=tolerance)
    assert round(found.keras_parameters / 1e6, 1) == parameters


# torchvision's documentation of its weights: GFLOPS of one 224 × 224 picture.
@pytest.mark.parametrize(
    ("name", "published"),
    [("resnet18-rgb", 1.81), ("resnet50-rgb", 4.09), ("resnet152-rgb", 11.51), ("vgg16-rgb", 15.47)],
)
def test_complexity_of_pixel_networks_is_torchvision_s(name, published):
    assert round(models.complexity(on_meta(name)).multiply_adds / 1e9, 2) == published


def test_complexity_leaves_the_network_alone():
    network = models.create("resnet18-dct-24", num_classes=3).train()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    assert models.complexity(network, size=224).multiply_adds * 3 < models.complexity(network).multiply_adds
    assert network.training
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())


@pytest.mark.parametrize("name", NAMES)
def test_every_network_takes_what_its_input_says(name):
    network = on_meta(name, num_classes=7)
    inputs = [torch.empty((2, *shape), device="meta") for shape in network.config.input.shapes]
    assert network(*inputs).shape == (2, 7)
    assert network.config.name == name


@pytest.mark.parametrize("name", SMALL)
def test_the_decoder_makes_the_network_s_input(name):
    config = on_meta(name).config
    decoder = config.decoder()
    shapes = [decoder.shape] if decoder.chroma_shape is None else [decoder.shape, decoder.chroma_shape]
    assert tuple(shapes) == config.input.shapes
    half = config.decoder(config.input.size // 2)
    assert half.shape[1:] == tuple(side // 2 for side in decoder.shape[1:])


@pytest.mark.parametrize(
    "name",
    [
        "mobilenetv2-dct-24",
        "resnet18-dct-24",
        "resnet18-upsampling-rfa",
        "resnet18-deconvolution-rfa",
        "resnet50-late-concat-rfa",
    ],
)
def test_a_batch_equals_its_singles_and_learns_everywhere(name):
    torch.manual_seed(0)
    network = models.create(name, num_classes=3)
    shapes = [(channels, side // 7, side // 7) for channels, side, _ in network.config.input.shapes]
    inputs = [torch.randn(3, *shape) for shape in shapes]
    network.eval()
    with torch.inference_mode():
        whole = network(*inputs)
        singles = torch.cat([network(*(x[i : i + 1] for x in inputs)) for i in range(3)])
    torch.testing.assert_close(whole, singles, rtol=1e-4, atol=1e-4)
    network.train()(*inputs).square().sum().backward()
    silent = [key for key, value in network.named_parameters() if value.grad is None or not value.grad.any()]
    assert silent == []


def test_growing_kernels_keep_the_grid():
    network = on_meta("resnet50-upsampling-rfa")
    assert [block.conv2.kernel_size[0] for block in network.layer1] == [1, 2, 3]
    assert network.layer1(torch.empty(1, 192, 28, 20, device="meta")).shape == (1, 1024, 28, 20)


def test_even_kernels_pad_below_and_right():
    block = models.blocks.convolution(1, 1, kernel=2)
    block.weight.data.fill_(1)
    x = torch.arange(9.0).reshape(1, 1, 3, 3)
    assert block(x)[0, 0].tolist() == [[8, 12, 7], [20, 24, 13], [13, 15, 8]]


def test_bands_have_their_share_of_the_width():
    widths = {count: on_meta(f"resnet50-fbs-{count}").out_channels for count in (16, 32, 64)}
    assert widths == {16: (256, 512, 1024, 2048), 32: (512, 512, 1024, 2048), 64: (1024, 512, 1024, 2048)}


@pytest.mark.parametrize(
    ("thin", "widths"), [("", (1024, 512, 512, 512)), ("-thinner", (384, 384, 768, 256))]
)
def test_the_late_concatenation_has_the_third_stage_s_width(thin, widths):
    network = on_meta(f"resnet50-late-concat-rfa{thin}")
    joined = network.layer3[0].bn3.num_features, network.chroma[0].bn3.num_features
    assert (*network.out_channels[:2], *joined) == widths
    assert sum(joined) == network.layer3[1].conv1.in_channels == 1024


@pytest.mark.parametrize(
    ("name", "shapes", "expected"),
    [
        (
            "resnet18-dct-24",
            [(1, 64, 56, 56)],
            r"resnet18-dct-24 takes DCT tensors \[N, 24, H/8, W/8\] \(channels static-24\), not \[1, 64, 56, 56\]",
        ),
        ("resnet18-dct-64", [(1, 64, 0, 28)], r"takes DCT tensors .*not \[1, 64, 0, 28\]"),
        (
            "resnet18-late-concat-rfa",
            [(2, 64, 28, 28), (1, 128, 14, 14)],
            r"not \[2, 64, 28, 28\], \[1, 128, 14, 14\]",
        ),
        ("vgg16-dct-64", [(1, 64, 7, 9)], r"vgg16-dct-64 takes grids of at least 8 × 8, not \[1, 64, 7, 9\]"),
        ("vgg16-dct-64", [(1, 3, 224, 224)], r"vgg16-dct-64 takes DCT tensors \[N, 64, H/8, W/8\]"),
        (
            "resnet18-rgb",
            [(1, 64, 56, 56)],
            r"resnet18-rgb takes RGB pixels \[N, 3, H, W\], not \[1, 64, 56, 56\]",
        ),
        ("resnet18-rgb", [(3, 224, 224)], r"not \[3, 224, 224\]"),
        (
            "resnet50-deconvolution-rfa",
            [(1, 192, 28, 28)],
            r"takes two DCT tensors, luma \[N, 64, H/8, W/8\] and chroma \[N, 128, H/16, W/16\]",
        ),
        (
            "resnet50-late-concat-rfa",
            [(1, 64, 28, 28), (1, 128, 28, 28)],
            r"chroma \[N, 128, H/16, W/16\] .*not \[1, 64, 28, 28\], \[1, 128, 28, 28\]",
        ),
    ],
)
def test_inputs_that_do_not_fit_are_named(name, shapes, expected):
    with pytest.raises(ValueError, match=expected):
        on_meta(name)(*(torch.empty(shape, device="meta") for shape in shapes))


def test_integers_are_refused_with_the_remedy():
    with pytest.raises(ValueError, match=r'resnet18-dct-64 takes floating-point.*int16.*dtype="float32"'):
        on_meta("resnet18-dct-64")(torch.empty(1, 64, 28, 28, dtype=torch.int16, device="meta"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "resnet50-dct-63"}, "no network 'resnet50-dct-63'; did you mean resnet50-dct-64"),
        ({"name": "alexnet"}, "`fastdct models` lists all"),
        ({"name": "resnet18-rgb", "channels": frequencies.fbs(8)}, "takes pixels and no DCT channels"),
        ({"name": "resnet18-rgb", "num_classes": 0}, "num_classes must be at least 1"),
    ],
)
def test_what_cannot_be_built_is_refused(arguments, message):
    name = arguments.pop("name")
    with pytest.raises(ValueError, match=message):
        on_meta(name, **arguments)


@settings(max_examples=6)
@given(luma=st.integers(1, 64), chroma=st.integers(1, 64))
def test_any_selection_can_be_the_input(luma, chroma):
    selection = frequencies.zigzag_first(luma, chroma)
    for name in ("resnet18-dct-64", "resnet18-deconvolution-rfa"):
        network = on_meta(name, num_classes=2, channels=selection)
        inputs = [torch.empty((1, *shape), device="meta") for shape in network.config.input.shapes]
        assert network(*inputs).shape == (1, 2)


@pytest.mark.parametrize("name", ["resnet18-rgb", "resnet18-dct-32", "resnet50-late-concat-rfa"])
def test_config_round_trip(name):
    config = on_meta(name, num_classes=2).config
    count = sum(shape[0] for shape in config.input.shapes)
    config = dataclasses.replace(config, mean=(1.5,) * count, std=(2.0,) * count, classes=("a", "b"))
    assert models.ClassifierConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config
    assert config.normalize == (config.mean, config.std)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mean": (0.0,)}, "24 channels need as many means"),
        ({"mean": (0.0,) * 24, "std": (0.0,) * 24}, "must be positive"),
        ({"classes": ("a",)}, "2 classes need as many names, not 1"),
    ],
)
def test_config_refuses_contradictions(change, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(on_meta("resnet18-dct-24", num_classes=2).config, **change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "fastdct-delg"}, "found 'fastdct-delg' version 1"),
        ({"colour": 1}, r"unknown fields \['colour'\]"),
    ],
)
def test_config_refuses_other_records(change, message):
    record = on_meta("resnet18-dct-24", num_classes=2).config.to_dict() | change
    with pytest.raises(ValueError, match=message):
        models.ClassifierConfig.from_dict(record)


def test_all_depths_have_all_inputs():
    for depth in DEPTHS:
        kinds = {name.partition("-")[2] for name in NAMES if name.startswith(f"resnet{depth}-")}
        assert len(kinds) == 14 + (depth >= 50)


def test_saved_networks_come_back(tmp_path):
    torch.manual_seed(0)
    network = models.create("resnet18-dct-24", num_classes=2, channels=frequencies.fbs(4)).eval()
    network.config = dataclasses.replace(network.config, mean=(1.0,) * 12, std=(3.0,) * 12)
    models.save(network, tmp_path)
    loaded = models.load_classifier(tmp_path)
    assert loaded.config == network.config
    x = torch.randn(1, 12, 8, 8)
    assert torch.equal(loaded(x), network(x))


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ("resnet18-dct-64", r"layer1\.0\.conv1\.weight is \[64, 64, 3, 3\], .* \[64, 24, 3, 3\]"),
        ("resnet18-upsampling-rfa", r"and \d+ more"),
        ("resnet34-dct-24", r"has layer1\.2\.bn1\.bias, which the network does not"),
    ],
)
def test_weights_of_another_network_are_refused(other, message):
    with pytest.raises(
        models.WeightsError, match=f"not weights of resnet18-dct-24 with 1000 classes: .*{message}"
    ):
        on_meta("resnet18-dct-24").load_state_dict(on_meta(other).state_dict())


def test_weights_of_another_kind_are_refused(tmp_path):
    models.save(models.delg_small(), tmp_path)
    with pytest.raises(
        models.WeightsError, match="expected 'fastdct-classifier' version 1, found 'fastdct-delg'"
    ):
        models.load_classifier(tmp_path)


def test_the_command_prints_the_table(capsys):
    assert cli.main(["models", "resnet50-fbs-*"]) == 0
    heading, *rows = capsys.readouterr().out.splitlines()
    assert heading.split()[:3] == ["network", "input", "from"]
    assert [row.split() for row in rows] == [
        ["resnet50-fbs-16", "48×28×28", "224²", "window", "3.193", "25.49", "25.57"],
        ["resnet50-fbs-32", "96×28×28", "224²", "window", "3.685", "26.12", "26.20"],
        ["resnet50-fbs-64", "192×28×28", "224²", "window", "5.397", "28.31", "28.40"],
    ]
    assert cli.main(["models", "alexnet*"]) == 1
    assert "no network is named 'alexnet*'" in capsys.readouterr().err
