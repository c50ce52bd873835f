"""The RGB twin of DELG: the same network behind a published stem, trained, stored and used as the one on coefficients."""

from __future__ import annotations

import json

import pytest
import torch
from torch.nn import functional

from fastdct import models
from fastdct.models import resnet
from fastdct.retrieval import Extractor
from fastdct.training import DelgTraining, train
from fastdct.training.warm_start import take_weights
from jpegs import make_class_folders


def test_the_backbone_takes_all_weights_of_a_classifier_on_pixels():
    state = models.create("resnet18-rgb", num_classes=3).state_dict()
    backbone = resnet.PixelResNet(depth=18)
    assert take_weights(backbone, state, name="them") == ()
    assert torch.equal(backbone.conv1.weight, state["conv1.weight"])
    x = torch.randn(1, 3, 64, 64)
    classifier = models.create("resnet18-rgb", num_classes=3)
    classifier.load_state_dict(state)
    torch.testing.assert_close(backbone.eval()(x), classifier.eval().features(x))


@pytest.mark.parametrize("build", [models.delg_resnet18, models.delg_resnet50])
def test_keypoints_are_centres_of_receptive_fields(build, monkeypatch):
    """With equal weights an impulse is felt exactly where the field reaches; a mean in place of the maximum, which is felt
    at one place alone."""
    monkeypatch.setattr(resnet.functional, "max_pool2d", functional.avg_pool2d)
    model = build(channels=None).eval()
    with torch.no_grad():
        for parameter in model.backbone.parameters():
            parameter.fill_(1.0 / parameter[0].numel() if parameter.ndim > 1 else 1.0)
    side = 16 * (-(-2 * model.receptive_field // 16))
    x = torch.full((1, 3, side, side), 0.1, requires_grad=True)
    third = model.backbone.stages(x, last=3)
    row, column = third.shape[2] // 2, third.shape[3] // 2 - 1
    third[0, :, row, column].sum().backward()
    felt = x.grad[0].sum(0)
    rows, columns = (torch.nonzero(felt.sum(dim)).flatten().tolist() for dim in (1, 0))
    centre = model.keypoint_grid(*third.shape[2:])[row, column].tolist()
    half = model.receptive_field / 2
    assert [columns[0], columns[-1] + 1] == [centre[0] - half, centre[0] + half]
    assert [rows[0], rows[-1] + 1] == [centre[1] - half, centre[1] + half]


def test_wrong_inputs_are_named():
    with pytest.raises(
        ValueError, match=r"delg-resnet18 takes RGB pixels \[N, 3, H, W\], not \[1, 64, 8, 8\]"
    ):
        models.delg_resnet18(channels=None)(torch.zeros(1, 64, 8, 8))


def test_it_trains_and_describes_pictures(tmp_path):
    photos = make_class_folders(tmp_path / "photos", classes=2, photos=5)
    options = {"size": 64, "epochs": 3, "batch_size": 8, "learning_rate": 0.02, "crop_area": 0.5}
    train(DelgTraining(labels=photos, output=tmp_path / "rgb", channels=0, **options))
    losses = [
        json.loads(line)["loss"] for line in (tmp_path / "rgb" / "metrics.jsonl").read_text().splitlines()
    ]
    assert losses[-1] < losses[0]
    model = models.load(tmp_path / "rgb")
    assert model.config.channels is None
    assert model.config.input_area == 64 * 64
    assert min(model.config.mean) > 20  # of 0..255
    features = Extractor(model).extract(photos / "class0" / "0.jpg")
    assert len(features.keypoints) > 0
    assert (features.keypoints >= 0).all()
    assert (features.keypoints <= [88, 72]).all()
