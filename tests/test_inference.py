"""Networks made ready to be run say what they said before."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from fastdct import models


def network(name):
    """With statistics as training leaves them, not those of a new network."""
    torch.manual_seed(0)
    model = models.create(name, num_classes=5).eval()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 2)
    return model


def inputs_of(model, count):
    factor = 4 if model.config.input.size == 448 else 2
    shapes = [
        (channels, rows // factor, columns // factor) for channels, rows, columns in model.config.input.shapes
    ]
    return [torch.randn(count, *shape) for shape in shapes]


def assert_same(found, expected, *, tolerance):
    assert (found.float() - expected).abs().max() <= tolerance * expected.abs().max()


@pytest.mark.parametrize(
    "name",
    ["resnet18-dct-24", "resnet18-rgb", "resnet18-fbs-16", "resnet18-late-concat-rfa", "mobilenetv2-dct-24"],
)
def test_folding_and_bfloat16_keep_the_answer_and_the_model(name):
    model = network(name)
    before = copy.deepcopy(model.state_dict())
    with torch.inference_mode():
        inputs = inputs_of(model, 2)
        expected = model(*inputs)
        ready = models.for_inference(model)
        assert_same(ready(*inputs), expected, tolerance=1e-5)
        half = models.for_inference(model, dtype=torch.bfloat16)
        answer = half(*(tensor.bfloat16() for tensor in inputs))
    assert answer.dtype == torch.bfloat16
    assert_same(answer, expected, tolerance=0.05)
    assert ready.config == model.config
    assert not any(parameter.requires_grad for parameter in ready.parameters())
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_batch_norms_behind_convolutions_are_gone():
    ready = models.for_inference(network("resnet18-rgb"))
    assert not any(isinstance(module, nn.BatchNorm2d) for module in ready.modules())
    assert ready.conv1.bias is not None


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_pointwise_convolutions_are_products(bias, memory_format):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(24, 32, 1, bias=bias), nn.ReLU6(inplace=True)).eval()
    ready = models.for_inference(model)
    x = torch.randn(2, 24, 7, 5).contiguous(memory_format=memory_format)
    before = x.clone()
    with torch.inference_mode():
        assert_same(ready(x), model(x), tolerance=1e-5)
    assert torch.equal(x, before)
    assert not any(isinstance(module, nn.Conv2d) for module in ready.modules())


@pytest.mark.parametrize(
    "convolution", [{"stride": 2}, {"padding": 1}, {"groups": 2}, {"kernel_size": 3}], ids=str
)
def test_other_convolutions_stay(convolution):
    model = nn.Sequential(nn.Conv2d(8, 8, **{"kernel_size": 1, **convolution})).eval()
    assert isinstance(models.for_inference(model)[0], nn.Conv2d)


def test_convolutions_of_another_kind_stay():
    class Doubled(nn.Conv2d):
        def forward(self, x):
            return 2 * super().forward(x)

    model = nn.Sequential(Doubled(8, 8, 1)).eval()
    x = torch.randn(1, 8, 3, 3)
    with torch.inference_mode():
        assert_same(models.for_inference(model)(x), model(x), tolerance=1e-6)


@pytest.mark.filterwarnings(
    "ignore:.torch.jit.script_method:DeprecationWarning"
)  # of a module that torch imports
def test_compiled_networks_say_the_same():
    torch.manual_seed(0)
    stem = [nn.Conv2d(24, 32, 3, padding=1, bias=False), nn.BatchNorm2d(32), nn.ReLU()]
    model = nn.Sequential(*stem, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 5)).eval()
    ready = models.for_inference(model, compiled=True)
    for count in (1, 3):
        x = torch.randn(count, 24, 14, 14)
        answer = ready(x)  # gradients are on here, and must not be recorded
        assert not answer.requires_grad
        assert_same(answer, model(x), tolerance=1e-5)
