"""MobileNetV2: the published network, and the same from a quantised file."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from fastdct import models
from made import write_quantized


@pytest.fixture(scope="module")
def network() -> models.MobileNetV2:
    torch.manual_seed(0)
    return models.MobileNetV2().eval()


def test_is_torchvision_s_network(network):
    state = network.state_dict()
    assert sum(parameter.numel() for parameter in network.parameters()) == 3_504_872  # torchvision's count
    assert len(state) == 314
    shapes = {
        "features.0.0.weight": (32, 3, 3, 3),
        "features.1.conv.0.0.weight": (32, 1, 3, 3),
        "features.1.conv.2.running_var": (16,),
        "features.7.conv.1.0.weight": (192, 1, 3, 3),
        "features.17.conv.3.num_batches_tracked": (),
        "features.18.1.bias": (1280,),
        "classifier.1.weight": (1000, 1280),
    }
    assert {key: tuple(state[key].shape) for key in shapes} == shapes


@pytest.mark.parametrize("padding", ["symmetric", "same"])
@pytest.mark.parametrize(("height", "width"), [(64, 96), (65, 33)])
def test_sizes_are_halved_five_times_rounded_up(padding, height, width):
    features = models.MobileNetV2(padding=padding).eval().features(torch.zeros(1, 3, height, width))
    assert features.shape == (1, 1280, -(-height // 32), -(-width // 32))


@pytest.mark.parametrize(("size", "stride"), [(8, 1), (8, 2), (7, 2), (7, 1)])
def test_same_padding_is_the_definition(size, stride):
    """TensorFlow: ceil(size / stride) outputs; of the cells lacking, the smaller half goes before."""
    layer = models.mobilenet.Convolution(1, 1, 3, stride=stride, groups=1, bias=False, padding="same")
    layer.weight.data.fill_(1)
    x = torch.arange(1.0, size + 1).expand(1, 1, size, size)
    row = layer(x)[0, 0, size // 2 // stride].tolist()
    outputs = -(-size // stride)
    before = max((outputs - 1) * stride + 3 - size, 0) // 2
    starts = [index * stride - before for index in range(outputs)]
    sums = [sum(cell + 1 for cell in range(start, start + 3) if 0 <= cell < size) for start in starts]
    assert row == [3 * value for value in sums]


def plain_logits(arrays, x):
    """The network written out from table 2 of the paper: x [N, 3, H, W], H and W multiples of 32."""
    layer = -1

    def convolved(x, stride=1, *, depthwise=False, active=True):
        nonlocal layer
        layer += 1
        part = {name: arrays[f"{layer:03}.{name}"] for name in ("weight_q", "scale", "zero_point", "bias")}
        integers = part["weight_q"].astype(np.float64) - part["zero_point"][:, None, None, None]
        weight = torch.from_numpy(integers * part["scale"][:, None, None, None])
        kernel = weight.shape[2]
        if kernel == 3:
            x = functional.pad(x, (0, 1, 0, 1) if stride == 2 else (1, 1, 1, 1))
        groups = x.shape[1] if depthwise else 1
        y = functional.conv2d(x, weight, torch.from_numpy(part["bias"]).double(), stride, groups=groups)
        return y.clamp(0, 6) if active else y

    x = convolved(x.double(), 2)
    table = [
        (1, 16, 1, 1),
        (6, 24, 2, 2),
        (6, 32, 3, 2),
        (6, 64, 4, 2),
        (6, 96, 3, 1),
        (6, 160, 3, 2),
        (6, 320, 1, 1),
    ]
    for expansion, _, count, first_stride in table:
        for index in range(count):
            stride = first_stride if index == 0 else 1
            y = convolved(x) if expansion > 1 else x
            y = convolved(convolved(y, stride, depthwise=True), active=False)
            x = x + y if index > 0 else y
    pooled = convolved(x).mean(dim=(2, 3), keepdim=True)
    return convolved(pooled, active=False).flatten(1)


def test_quantised_weights_give_the_logits_of_a_plain_reading(tmp_path, network):
    arrays = write_quantized(tmp_path / "net.npz", network)
    loaded = models.load_quantized(tmp_path / "net.npz")
    assert not loaded.training
    x = torch.rand(2, 3, 64, 96) * 2 - 1
    with torch.inference_mode():
        torch.testing.assert_close(loaded(x), plain_logits(arrays, x).float(), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda arrays: arrays.pop("meta_json"), "does not say how its network is made"),
        (
            lambda arrays: arrays.update(meta_json=np.zeros(3, np.uint8)),
            "does not say how its network is made",
        ),
        (
            lambda arrays: arrays.update(meta_json=np.frombuffer(b'{"ops": []}', np.uint8)),
            "holds 0 convolutions that are not MobileNetV2's",
        ),
        (
            lambda arrays: arrays.update(meta_json=np.frombuffer(b'{"ops": [{"key": "000"}]}', np.uint8)),
            "does not say how its network is made",
        ),
        (
            lambda arrays: arrays.update(meta_json=np.frombuffer(b'{"ops": [3]}', np.uint8)),
            "does not say how its network is made",
        ),
        (lambda arrays: arrays.update({"010.bias": np.full(144, "a")}), r"010\.bias holds <U1, not numbers"),
        (lambda arrays: arrays.pop("010.bias"), r"lacks 010\.bias"),
        (
            lambda arrays: arrays.update({"010.bias": np.zeros(3, np.float32)}),
            r"010\.bias is \[3\], not \[144\]",
        ),
    ],
)
def test_other_archives_are_refused(tmp_path, network, edit, message):
    write_quantized(tmp_path / "net.npz", network, edit=edit)
    with pytest.raises(models.WeightsError, match=rf"net\.npz.*{message}"):
        models.load_quantized(tmp_path / "net.npz")


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04" + bytes(50)])
def test_files_that_are_no_archive_are_refused(tmp_path, content):
    (tmp_path / "net.npz").write_bytes(content)
    with pytest.raises(models.WeightsError, match=r"net\.npz is damaged or no npz file"):
        models.load_quantized(tmp_path / "net.npz")
    with pytest.raises(FileNotFoundError):
        models.load_quantized(tmp_path / "nowhere.npz")
