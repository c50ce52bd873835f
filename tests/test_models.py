"""Networks: shapes, sizes, gradients and geometry."""

from __future__ import annotations

import dataclasses
import math

import pytest
import torch

from fastdct import frequencies, models
from fastdct.models import heads
from fastdct.models.config import DelgConfig
from fastdct.models.resnet import ResNet


@pytest.fixture(scope="module")
def small() -> models.Delg:
    torch.manual_seed(0)
    return models.delg_resnet18()


def test_shapes_and_norms(small):
    output = small.eval()(torch.randn(2, 64, 28, 20))
    assert output.global_descriptor.shape == (2, 256)
    assert output.local_descriptors.shape == (2, 128, 14, 10)
    assert output.attention.shape == (2, 1, 14, 10)
    torch.testing.assert_close(output.global_descriptor.norm(dim=1), torch.ones(2))
    torch.testing.assert_close(output.local_descriptors.norm(dim=1), torch.ones(2, 14, 10))
    assert (output.attention > 0).all()


def test_local_alone_equals_local_of_forward(small):
    x = torch.randn(1, 64, 16, 16)
    output = small.eval()(x)
    descriptors, attention = small.local(x)
    torch.testing.assert_close(descriptors, output.local_descriptors, rtol=0, atol=0)
    torch.testing.assert_close(attention, output.attention, rtol=0, atol=0)


def test_parameter_budget(small):
    assert sum(parameter.numel() for parameter in small.parameters()) <= 3_500_000


# torchvision's counts without the stem (9 408 + 128) and without the classifier.
@pytest.mark.parametrize(
    ("depth", "expected"),
    [
        (18, 11_689_512 - 513_000),
        (34, 21_797_672 - 513_000),
        (50, 25_557_032 - 2_049_000),
        (101, 44_549_160 - 2_049_000),
    ],
)
def test_backbone_has_the_published_number_of_parameters(depth, expected):
    with torch.device("meta"):
        backbone = ResNet(64, depth=depth)
    assert sum(parameter.numel() for parameter in backbone.parameters()) == expected - 9_408 - 128


@pytest.mark.parametrize(("channels", "projected"), [(64, False), (24, True), (192, True)])
def test_first_block_is_projected_only_where_channels_differ(channels, projected):
    backbone = ResNet(channels, depth=18).eval()
    assert (backbone.layer1[0].downsample is not None) is projected
    assert backbone(torch.randn(1, channels, 8, 8)).shape == (1, 512, 1, 1)


def test_bottleneck_stride_sits_in_the_3x3_convolution():
    with torch.device("meta"):
        block = ResNet(64, depth=50).layer2[0]
    assert (block.conv1.stride, block.conv2.stride) == ((1, 1), (2, 2))


def test_resnet50_shapes():
    model = models.delg_resnet50().eval()
    with torch.inference_mode():
        output = model(torch.randn(1, 64, 8, 8))
    assert output.global_descriptor.shape == (1, 2048)
    assert output.local_descriptors.shape == (1, 1024, 2, 2)
    assert (model.config.stride, model.config.local_dim) == (32, 1024)


@pytest.mark.parametrize("shape", [(1, 3, 224, 224), (64, 28, 28), (1, 24, 28, 28)])
def test_wrong_input_is_named(small, shape):
    with pytest.raises(ValueError, match=r"takes DCT tensors \[N, 64, H/8, W/8\]"):
        small(torch.zeros(shape))


@pytest.mark.parametrize(("depth", "strides"), [(20, (1, 2, 2, 2)), (18, (1, 2, 2)), (18, (1, 3, 1, 1))])
def test_impossible_backbones_are_refused(depth, strides):
    with pytest.raises(ValueError, match=r"ResNet-20|strides are four"):
        ResNet(64, depth=depth, strides=strides)


def test_local_branch_sends_no_gradient_to_the_backbone(small):
    small.train()
    small.zero_grad()
    output = small(torch.randn(2, 64, 16, 16))
    heads.attention_pool(output.local_descriptors, output.attention).square().sum().backward()
    assert all(parameter.grad is None for parameter in small.backbone.parameters())
    assert all(parameter.grad.abs().sum() > 0 for parameter in small.attention.parameters())
    output.global_descriptor[:, 0].sum().backward()
    assert all(parameter.grad is not None for parameter in small.backbone.parameters())


@pytest.mark.parametrize("build", [models.delg_resnet18, models.delg_resnet50])
def test_keypoints_are_centres_of_receptive_fields(build):
    """With equal weights the gradient of one local feature is its receptive field, mirror-symmetric."""
    model = build()
    with torch.no_grad():
        for parameter in model.backbone.parameters():
            parameter.fill_(1.0 / parameter[0].numel() if parameter.ndim > 1 else 1.0)
    blocks = 64 if model.config.depth == 18 else 128
    x = torch.full((1, 64, blocks, blocks), 0.1, requires_grad=True)
    features = model.eval().backbone.stages(x, last=3)  # [1, C, H, W]
    height, width = features.shape[2:]
    row, column = height // 2, width // 2 - 1
    features[0, :, row, column].sum().backward()
    field = x.grad[0].sum(0)  # [blocks, blocks]
    assert (field[0] == 0).all()  # the field is whole, the border does not cut it
    assert (field[-1] == 0).all()
    centres = 8 * torch.arange(blocks) + 4.0  # pixels
    measured_x = (field.sum(0) * centres).sum() / field.sum()
    measured_y = (field.sum(1) * centres).sum() / field.sum()
    expected = model.keypoint_grid(height, width)[row, column]
    torch.testing.assert_close(torch.stack([measured_x, measured_y]), expected, atol=0.01, rtol=0)


def test_keypoint_grid_is_x_then_y(small):
    grid = small.keypoint_grid(2, 3)
    assert grid.shape == (2, 3, 2)
    assert grid[1, 2].tolist() == [2 * 16 + 4, 16 + 4]


def test_small_delg():
    model = models.delg_small().eval()
    output = model(torch.randn(2, 64, 28, 20))
    assert output.global_descriptor.shape == (2, 512)
    assert output.local_descriptors.shape == (2, 128, 14, 10)
    assert output.attention.shape == (2, 1, 14, 10)
    assert sum(parameter.numel() for parameter in model.parameters()) <= 3_500_000
    assert (model.config.stride, model.config.local_dim, model.config.depth) == (16, 128, None)


def test_small_delg_s_layers_are_those_of_the_network_on_pixels():
    """From what its stem stands in for, the rest makes what the published layers make of pixels."""
    torch.manual_seed(0)
    network = models.MobileNetV2(padding="same", batch_norm=False).eval()
    backbone = models.delg_small().eval().backbone
    state = network.state_dict()
    backbone.load_state_dict({key: state[key] for key in backbone.state_dict() if key in state}, strict=False)
    backbone.stem = torch.nn.Identity()
    with torch.inference_mode():
        pixels = torch.randn(1, 3, 96, 64)
        answer = backbone(network.features[:3](pixels))
        torch.testing.assert_close(answer, network.features(pixels), rtol=1e-4, atol=1e-5)


def test_small_delg_s_keypoints_are_centres_of_the_receptive_fields_on_pixels():
    """Its stem gives what layers on pixels give, so that those say what a feature is centred on."""
    twin = models.delg_small(channels=None).eval()
    with torch.no_grad():
        for parameter in twin.backbone.parameters():
            parameter.fill_(1.0 / parameter[0].numel() if parameter.ndim > 1 else 0.0)
    x = torch.full((1, 3, 1024, 1024), 0.01, requires_grad=True)
    features = twin.backbone.stages(x, last=3)
    row, column = 32, 31
    features[0, :, row, column].sum().backward()
    field = x.grad[0].sum(0)
    felt = torch.stack([field.any(dim=0).sum(), field.any(dim=1).sum()])
    assert felt.tolist() == [twin.receptive_field] * 2
    centres = torch.arange(1024) + 0.5
    measured = torch.stack([(field.sum(0) * centres).sum(), (field.sum(1) * centres).sum()]) / field.sum()
    for model in (twin, models.delg_small()):
        expected = model.keypoint_grid(64, 64)[row, column]
        torch.testing.assert_close(measured, expected, atol=0.01, rtol=0)


def test_gem_with_p_1_is_the_mean():
    x = torch.rand(2, 5, 4, 3) + 0.1
    torch.testing.assert_close(heads.GeM(1.0)(x), x.mean(dim=(2, 3)))


def test_gem_with_large_p_is_the_maximum():
    x = torch.rand(2, 5, 4, 3) * 1e6
    torch.testing.assert_close(heads.GeM(1e4)(x), x.amax(dim=(2, 3)), rtol=1e-3, atol=0)


def test_gem_is_the_formula():
    x = torch.rand(2, 5, 4, 3, dtype=torch.float64) + 0.1
    expected = x.pow(3).mean(dim=(2, 3)).pow(1 / 3)
    torch.testing.assert_close(heads.GeM(3.0)(x), expected.float())


@pytest.mark.parametrize("value", [0.0, -1.0, 1e-30, 1e12, 1e30])
def test_gem_stays_finite(value):
    x = torch.full((1, 2, 3, 3), value, requires_grad=True)
    pooled = heads.GeM(3.0, learnable=True)(x)
    pooled.sum().backward()
    assert torch.isfinite(pooled).all()
    assert torch.isfinite(x.grad).all()


def test_gem_gradient_is_that_of_the_formula():
    x = torch.rand(1, 2, 3, 3) + 0.1
    ours, plain = x.clone().requires_grad_(), x.clone().requires_grad_()
    heads.GeM(3.0)(ours).sum().backward()
    plain.pow(3).mean(dim=(2, 3)).pow(1 / 3).sum().backward()
    torch.testing.assert_close(ours.grad, plain.grad)


def test_gem_exponent_is_learned_only_when_asked():
    assert [name for name, _ in heads.GeM(3.0, learnable=True).named_parameters()] == ["p"]
    assert list(heads.GeM(3.0).parameters()) == []
    assert float(heads.GeM(3.0).state_dict()["p"]) == 3.0
    with pytest.raises(ValueError, match="must be positive"):
        heads.GeM(0.0)


def test_attention_pool_is_a_weighted_mean():
    descriptors = torch.randn(2, 3, 2, 2)
    attention = torch.rand(2, 1, 2, 2)
    expected = torch.stack(
        [
            sum(descriptors[n, :, i, j] * attention[n, 0, i, j] for i in (0, 1) for j in (0, 1)) / 4
            for n in (0, 1)
        ]
    )
    torch.testing.assert_close(heads.attention_pool(descriptors, attention), expected)


def test_config_round_trip():
    config = models.delg_resnet18(channels=frequencies.fbs(8)).config
    config = dataclasses.replace(config, attention_threshold=0.25, mean=(1.5,) * 24)
    assert DelgConfig.from_dict(config.to_dict()) == config
    assert config.to_dict()["derived"] == {"stride": 16, "offset": 4.0, "local_dim": 128}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mean": (0.0,)}, "64 channels need as many means"),
        ({"std": (0.0,) * 64}, "must be positive"),
        ({"embedding_dim": 0}, "at least 1 value, not 0"),
        ({"reduction": -1}, r"not 2048 \(embedding_dim\), -1 \(reduction\)"),
        ({"backbone": "resnet19"}, "no backbone 'resnet19': it is one of mobilenetv2, resnet18"),
        ({"backbone": "mobilenetv2", "width": 0.5}, "width and strides are of ResNets"),
    ],
)
def test_config_refuses_contradictions(change, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(models.delg_resnet50().config, **change)


def test_default_pyramid_is_the_source_s(small):
    assert small.config.scales == pytest.approx((1 / math.sqrt(2), 1.0, math.sqrt(2)))
    assert small.config.input_area == 448 * 448
