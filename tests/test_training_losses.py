"""ArcFace and the attention loss against their formulas."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional

from fastdct.data import LoadedBatch
from fastdct.models import DelgOutput
from fastdct.training import DelgTraining
from fastdct.training.losses import DelgLoss
from fastdct.training.margins import ArcFace, CurricularFace


def _plain_arcface(descriptors, labels, prototypes, *, margin, scale):
    """The formula, angle by angle, in float64."""
    cosines = functional.normalize(descriptors.double()) @ functional.normalize(prototypes.double()).T
    theta = cosines.clamp(-1, 1).acos()
    logits = cosines.clone()
    for row, label in enumerate(labels.tolist()):
        if theta[row, label] <= math.pi - margin:
            logits[row, label] = math.cos(theta[row, label] + margin)
    return functional.cross_entropy(scale * logits, labels)


@pytest.mark.parametrize("margin", [0.0, 0.15, 0.5])
def test_arcface_is_the_formula(margin):
    torch.manual_seed(0)
    loss = ArcFace(8, 5, margin=margin, scale=30.0)
    descriptors = functional.normalize(torch.randn(64, 8), dim=1)
    labels = torch.randint(5, (64,))
    expected = _plain_arcface(descriptors, labels, loss.prototypes.detach(), margin=margin, scale=30.0)
    torch.testing.assert_close(loss(descriptors, labels).double(), expected, rtol=1e-4, atol=1e-4)


def test_sub_centres_count_by_the_nearest():
    torch.manual_seed(0)
    loss = ArcFace(8, 5, margin=0.15, centres=3)
    descriptors = functional.normalize(torch.randn(16, 8), dim=1)
    labels = torch.randint(5, (16,))
    prototypes = loss.prototypes.detach().reshape(5, 3, 8)
    total = 0.0
    for descriptor, label in zip(descriptors, labels.tolist(), strict=True):
        nearest = [
            max(functional.cosine_similarity(descriptor, centre, dim=0).item() for centre in centres)
            for centres in prototypes
        ]
        nearest[label] = math.cos(math.acos(nearest[label]) + 0.15)
        total += math.log(sum(math.exp(30 * cosine) for cosine in nearest)) - 30 * nearest[label]
    assert loss(descriptors, labels).item() == pytest.approx(total / 16, rel=1e-4)
    torch.testing.assert_close(ArcFace(8, 5, centres=1).cosines(descriptors).shape, torch.Size([16, 5]))


def test_curricularface_is_the_formula_step_after_step():
    """Equations 4 to 6, example by example; t moves by a hundredth towards the mean cosine of the own class."""
    torch.manual_seed(0)
    loss, t = CurricularFace(8, 5, margin=0.3, scale=20.0), 0.0
    prototypes = functional.normalize(loss.prototypes.detach(), dim=1)
    for _ in range(3):
        descriptors = functional.normalize(torch.randn(32, 8), dim=1)
        labels = torch.randint(5, (32,))
        cosines = (descriptors @ prototypes.T).tolist()
        t += 0.01 * (sum(row[label] for row, label in zip(cosines, labels.tolist(), strict=True)) / 32 - t)
        total, hard = 0.0, 0
        for row, label in zip(cosines, labels.tolist(), strict=True):
            theta = math.acos(row[label])
            own = math.cos(theta + 0.3) if theta <= math.pi - 0.3 else row[label]
            others = [c for j, c in enumerate(row) if j != label]
            hard += sum(c > own for c in others)
            logits = [own, *(c * (t + c) if c > own else c for c in others)]
            total += math.log(sum(math.exp(20 * logit) for logit in logits)) - 20 * own
        assert 0 < hard < 32 * 4
        assert loss(descriptors, labels).item() == pytest.approx(total / 32, rel=1e-4)
    assert loss.t.item() == pytest.approx(t, rel=1e-4)
    loss.eval()
    loss(descriptors, labels)
    assert loss.t.item() == pytest.approx(t, rel=1e-4)  # judged, not trained


def _own_logit(theta, *, margin):
    """The own-class logit, scale 1, of a descriptor at angle theta from its prototype."""
    loss = ArcFace(2, 2, margin=margin, scale=1.0)
    with torch.no_grad():
        loss.prototypes.copy_(torch.tensor([[1.0, 0.0], [0.0, 1.0]]))
    descriptor = torch.tensor([[math.cos(theta), -math.sin(theta)]])
    other = -math.sin(theta)
    value = loss(descriptor, torch.tensor([0])).item()  # log(1 + exp(other - own))
    return other - math.log(math.expm1(value))


@pytest.mark.parametrize("theta", [0.5, math.pi / 2, math.pi - 0.16])
def test_margin_is_added_up_to_the_boundary(theta):
    assert _own_logit(theta, margin=0.15) == pytest.approx(math.cos(theta + 0.15), abs=1e-4)


@pytest.mark.parametrize("theta", [math.pi - 0.14, math.pi - 0.01])
def test_margin_is_left_out_beyond_the_boundary(theta):
    assert _own_logit(theta, margin=0.15) == pytest.approx(math.cos(theta), abs=1e-4)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_gradient_is_finite_where_the_sine_is_zero(sign):
    loss = ArcFace(4, 3)
    descriptors = sign * functional.normalize(loss.prototypes.detach()[:1], dim=1)
    descriptors.requires_grad_()
    loss(descriptors, torch.tensor([0])).backward()
    assert torch.isfinite(descriptors.grad).all()
    assert torch.isfinite(loss.prototypes.grad).all()


def test_scale_is_learned_from_30():
    loss = ArcFace(4, 3)
    assert loss.scale.item() == 30.0
    loss(functional.normalize(torch.randn(6, 4), dim=1), torch.tensor([0, 1, 2, 0, 1, 2])).backward()
    assert loss.scale.grad.abs() > 0


def test_total_is_the_weighted_sum():
    torch.manual_seed(0)
    loss = DelgLoss(ArcFace(6, 3), local_dim=4, attention_weight=0.5)
    output = DelgOutput(
        functional.normalize(torch.randn(5, 6), dim=1),
        functional.normalize(torch.randn(5, 4, 3, 3), dim=1),
        torch.rand(5, 1, 3, 3),
    )
    labels = torch.tensor([0, 1, 2, 0, 1])
    losses = loss(output, labels)
    pooled = (output.local_descriptors * output.attention).mean(dim=(2, 3))
    expected = functional.cross_entropy(loss.attention_classifier(pooled), labels)
    torch.testing.assert_close(losses.attention, expected)
    torch.testing.assert_close(losses.total, losses.descriptor + 0.5 * losses.attention)


def test_the_autoencoder_is_the_formula(tmp_path):
    """Descriptor, attention on what is rebuilt, and ten times the mean squared error; the backbone learns of the first."""
    torch.manual_seed(0)
    config = DelgTraining(labels=tmp_path, output=tmp_path, autoencoder=16, channels=24)
    objective = config.objective(["a", "b", "c"])
    model = objective.model
    assert model.config.reduction == model.config.local_dim == 16
    batch = LoadedBatch(
        torch.randn(4, 24, 8, 8), torch.tensor([0, 1, 2, 0]), torch.arange(4), torch.ones(4, dtype=torch.bool)
    )
    losses = objective(batch)
    with torch.no_grad():
        features = model.train().backbone.stages(batch.tensor, last=3)
        weight, bias = model.reduction.weight.flatten(1), model.reduction.bias
        reduced = torch.einsum("rc,nchw->nrhw", weight, features) + bias[:, None, None]
        rebuilt = torch.einsum("cr,nrhw->nchw", objective.rebuild.weight.flatten(1), reduced)
        rebuilt = (rebuilt + objective.rebuild.bias[:, None, None]).clamp(min=0)
        lost = (rebuilt - features).square().mean()
        pooled = (functional.normalize(rebuilt, dim=1) * model.attention(features)).mean(dim=(2, 3))
        attention = functional.cross_entropy(objective.loss.attention_classifier(pooled), batch.labels)
    torch.testing.assert_close(losses["autoencoder_loss"], lost, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(losses["attention_loss"], attention, rtol=1e-4, atol=1e-5)
    total = losses["descriptor_loss"] + losses["attention_loss"] + 10 * losses["autoencoder_loss"]
    torch.testing.assert_close(losses["loss"], total)
    objective.zero_grad()
    (losses["loss"] - losses["descriptor_loss"]).backward()
    backbone = [parameter.grad for parameter in model.backbone.parameters()]
    assert all(gradient is None or not gradient.any() for gradient in backbone)
    assert model.reduction.weight.grad.any()
    assert not any("rebuild" in name for name in model.state_dict())  # training's alone


@pytest.mark.parametrize(
    ("options", "p", "learned"),
    [({}, 3.0, False), ({"gem_p": 2.5}, 2.5, False), ({"gem_learnable": True}, 3.0, True)],
)
def test_the_exponent_of_pooling_is_given_or_learned(tmp_path, options, p, learned):
    objective = DelgTraining(labels=tmp_path, output=tmp_path, channels=24, **options).objective(["a", "b"])
    model = objective.model
    assert (model.pool.p.item(), model.config.gem_p, model.config.gem_learnable) == (p, p, learned)
    batch = LoadedBatch(
        torch.randn(2, 24, 8, 8), torch.tensor([0, 1]), torch.arange(2), torch.ones(2, dtype=torch.bool)
    )
    objective(batch)["loss"].backward()
    assert [name for name, _ in objective.named_parameters() if name == "model.pool.p"] == [
        "model.pool.p"
    ] * learned
    assert not learned or model.pool.p.grad != 0


def test_weights_that_training_starts_from_keep_their_exponent(tmp_path):
    network = DelgTraining(labels=tmp_path, output=tmp_path, initial="delg-small").network(None)
    assert (network.pool.p.item(), network.config.gem_learnable) == (2.0, False)
    learned = DelgTraining(labels=tmp_path, output=tmp_path, initial="delg-small", gem_learnable=True)
    network = learned.network(None)
    assert (network.pool.p.item(), network.pool.p.requires_grad) == (2.0, True)
    again = learned.network(network.config.to_dict())
    assert again.pool.p.requires_grad


@pytest.mark.parametrize("initial", [None, "delg-small"])
@pytest.mark.parametrize(
    ("options", "side"), [({}, 448), ({"late_size": 512}, 512), ({"late_size": 512, "input_size": 256}, 256)]
)
def test_a_network_is_used_at_the_size_that_its_own_training_ends_with(tmp_path, initial, options, side):
    """Not at that of the weights that it started from."""
    training = DelgTraining(labels=tmp_path, output=tmp_path, initial=initial, **options)
    assert training.network(None).config.input_area == side * side


def test_weights_of_another_length_are_refused_by_the_autoencoder(tmp_path):
    config = DelgTraining(labels=tmp_path, output=tmp_path, initial="delg-small", autoencoder=16)
    with pytest.raises(ValueError, match=r"delg-small has local descriptors of \d+ values, not 16"):
        config.objective(["a", "b"])
