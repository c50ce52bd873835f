"""Weights that training starts from: torchvision's state dicts, folders of ours, and what is refused."""

from __future__ import annotations

import pickle

import pytest
import torch
from safetensors.torch import save_file

from fastdct import models
from fastdct.models import ResNet
from fastdct.training import ClassifyTraining, DelgTraining
from fastdct.training.warm_start import IMAGENET, read_state, take_weights


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return models.create("resnet18-rgb", num_classes=10)


@pytest.fixture(scope="module")
def file(network, tmp_path_factory):
    """As torchvision's weights come: a state dict by torch.save."""
    path = tmp_path_factory.mktemp("weights") / "resnet18.pth"
    torch.save(network.state_dict(), path)
    return path


def test_with_64_channels_every_stage_takes_the_weights(network, file):
    backbone = ResNet(64, depth=18)
    assert take_weights(backbone, read_state(file), name="them") == ()
    for key, value in backbone.state_dict().items():
        assert torch.equal(value, network.state_dict()[key]), key


def test_with_other_channels_the_layers_at_the_input_stay_as_drawn(network, file):
    backbone = ResNet(192, depth=18)
    drawn = {key: value.clone() for key, value in backbone.state_dict().items()}
    left = take_weights(backbone, read_state(file), name="them")
    assert set(left) == {
        key for key in drawn if key == "layer1.0.conv1.weight" or "layer1.0.downsample" in key
    } - {"layer1.0.downsample.1.num_batches_tracked"}
    for key, value in backbone.state_dict().items():
        assert torch.equal(value, drawn[key] if key in left else network.state_dict().get(key, drawn[key])), (
            key
        )


def test_safetensors_are_the_same(network, file, tmp_path):
    save_file(network.state_dict(), tmp_path / "resnet18.safetensors")
    other = read_state(tmp_path / "resnet18.safetensors")
    assert all(torch.equal(value, other[key]) for key, value in read_state(file).items())


def test_weights_of_another_network_are_refused(file):
    with pytest.raises(
        models.WeightsError, match=r"them: weights of another network: layer1\.2\.conv1\.weight must be"
    ):
        take_weights(ResNet(64, depth=34), read_state(file), name="them")
    with pytest.raises(models.WeightsError, match=r"layer1\.0\.bn1\.weight must be \[32\] and is \[64\]"):
        take_weights(ResNet(64, depth=18, width=0.5), read_state(file), name="them")


class Malice:
    def __reduce__(self):
        return (print, ("executed",))


@pytest.mark.parametrize(
    "content",
    # The third asks for what it never stored, the fourth's text is not UTF-8.
    [b"", b"nothing", b"h\x8e.", b"X\x01\x00\x00\x00\xff.", pickle.dumps(Malice(), protocol=2)],
)
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_a_file_of_something_else_is_refused_and_nothing_executed(tmp_path, content, suffix, capsys):
    path = tmp_path / f"weights{suffix}"
    path.write_bytes(content)
    with pytest.raises(models.WeightsError, match=f"weights{suffix}: cannot be read as weights"):
        read_state(path)
    assert "executed" not in capsys.readouterr().out


def test_a_checkpoint_that_is_no_state_dict_and_a_missing_file_are_named(tmp_path):
    torch.save({"epoch": 3}, tmp_path / "other.pt")
    with pytest.raises(models.WeightsError, match=r"other\.pt: holds something else than tensors by name"):
        read_state(tmp_path / "other.pt")
    with pytest.raises(models.WeightsError, match=r"absent\.pth: there is no such file"):
        read_state(tmp_path / "absent.pth")


def test_classifiers_start_from_both_kinds(network, file, tmp_path):
    """Pixels are normalised as torchvision's weights want it; another number of classes has a new last layer."""
    config = ClassifyTraining(labels=tmp_path, output=tmp_path, model="resnet18-rgb", initial=str(file))
    objective = config.objective(["a", "b", "c"])
    assert objective.keeps_statistics
    assert objective.statistics == IMAGENET
    assert torch.equal(objective.model.conv1.weight, network.conv1.weight)
    assert objective.model.fc.weight.shape == (3, 512)
    models.save(objective.model, tmp_path / "ours")
    again = ClassifyTraining(
        labels=tmp_path, output=tmp_path, model="resnet18-rgb", initial=str(tmp_path / "ours")
    )
    ours = again.objective(["a", "b", "c"])
    assert ours.keeps_statistics
    assert torch.equal(ours.model.fc.weight, objective.model.fc.weight)
    on_blocks = ClassifyTraining(labels=tmp_path, output=tmp_path, model="resnet18-dct-64", initial=str(file))
    blocks = on_blocks.objective(["a", "b", "c"])
    assert not blocks.keeps_statistics
    assert torch.equal(blocks.model.layer1[0].conv1.weight, network.layer1[0].conv1.weight)


def test_delg_refuses_weights_of_another_backbone(file, tmp_path):
    config = DelgTraining(labels=tmp_path, output=tmp_path, model="delg-resnet50", initial=str(file))
    with pytest.raises(models.WeightsError, match=r"resnet18\.pth: weights of another network"):
        config.objective(["a", "b"])
