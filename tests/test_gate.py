"""Gates over channels: what they draw, what they learn, and how they are stored."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from fastdct import frequencies, models


def made(name="resnet18-dct-24", **options):
    torch.manual_seed(0)
    return models.create(name, num_classes=3, gated=True, **options)


def test_a_trained_gate_decides_and_a_training_one_draws():
    gate = models.ChannelGate(50)
    means = torch.randn(40, 50)
    torch.manual_seed(0)
    drawn, again = gate(means), gate(means)
    assert set(drawn.unique().tolist()) == {0.0, 1.0}
    assert not torch.equal(drawn, again)
    assert drawn.mean().item() == pytest.approx(torch.tensor(1.9).sigmoid().item(), abs=0.03)
    gate.eval()
    assert torch.equal(gate(means), torch.ones(40, 50))  # as it begins: all open


def test_a_closed_channel_is_not_looked_at():
    network = made().eval()
    with torch.no_grad():
        network.gate.logits.bias[2 * 5 : 2 * 5 + 2] = torch.tensor([9.0, 0.0])  # channel 5: off
    x = torch.randn(2, 24, 8, 8)
    output = network.with_gates(x)
    assert output.open.tolist() == [[float(channel != 5) for channel in range(24)]] * 2
    assert output.num_open.item() == 23
    without = x.clone()
    without[:, 5] = 0
    assert torch.equal(output.logits, network.network(without))
    assert torch.equal(network(x), output.logits)


@pytest.mark.parametrize("name", ["resnet18-dct-24", "resnet18-late-concat-rfa"])
def test_gradients_pass_the_draw(name):
    network = made(name).train()
    inputs = [torch.randn(2, c, side // 7, side // 7) for c, side, _ in network.config.input.shapes]
    output = network.with_gates(*inputs)
    assert output.open.shape == (2, network.config.input.channels.num_channels)
    output.logits.square().sum().backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in network.gate.parameters())


class Mean(models.Classifier):
    """Logits from the means of channels: enough to learn a label that one of them decides."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        self.fc = nn.Linear(config.input.channels.num_channels, 2)

    def forward(self, x):
        return self.fc(x.mean(dim=(2, 3)))


def test_the_regulariser_closes_channels_that_say_nothing():
    torch.manual_seed(0)
    selection = frequencies.zigzag_first(6, 1)
    spec = models.InputSpec(size=8, channels=selection)
    network = models.Gated(Mean(models.ClassifierConfig(name="mean", num_classes=2, input=spec)))
    optimizer = torch.optim.Adam(network.parameters(), lr=0.05)
    for _ in range(150):
        x = torch.randn(64, 8, 1, 1)
        output = network.with_gates(x)
        loss = functional.cross_entropy(output.logits, (x[:, 2, 0, 0] > 0).long()) + 0.05 * output.num_open
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    x = torch.randn(256, 8, 1, 1)
    output = network.eval().with_gates(x)
    accuracy = (output.logits.argmax(1) == (x[:, 2, 0, 0] > 0)).float().mean()
    share = output.open.mean(0)
    assert accuracy > 0.9
    assert share[2] > 0.45
    assert share[[0, 1, 3, 4, 5, 6, 7]].max() < 0.1


def test_it_is_stored_with_its_network(tmp_path):
    network = made(channels=frequencies.fbs(4)).eval()
    models.save(network, tmp_path)
    loaded = models.load_classifier(tmp_path)
    assert isinstance(loaded, models.Gated)
    assert loaded.config == network.config
    x = torch.randn(1, 12, 8, 8)
    assert torch.equal(loaded(x), network(x))


def test_it_compiles_whole():
    network = made().eval()
    x = torch.randn(2, 24, 8, 8)
    compiled = torch.compile(network, fullgraph=True, backend="eager")
    with torch.inference_mode():
        torch.testing.assert_close(compiled(x), network(x))


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="resnet18-rgb takes pixels"):
        made("resnet18-rgb")
    with pytest.raises(ValueError, match=r"takes DCT tensors \[N, 24, H/8, W/8\]"):
        made()(torch.zeros(1, 64, 8, 8))
