"""The stem that takes DCT blocks apart into cells of 2 x 2 pixels."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from fastdct import frequencies, models
from fastdct.frequencies import ChannelSelection
from fastdct.models.cell_stem import Cells, CellStem
from fastdct.reference.axis import DCT

SIGNS = torch.tensor([[[1.0, 1], [1, 1]], [[1, -1], [1, -1]], [[1, 1], [-1, -1]], [[1, -1], [-1, 1]]])


def samples(coefficients):  # [N, 192, h, w] -> [N, 3, 8 h, 8 w]
    """Y, Cb and Cr by the definition of the inverse DCT."""
    basis = torch.tensor(DCT).float()
    blocks = torch.einsum("ncvuij,vy,ux->ncyxij", coefficients.unflatten(1, (3, 8, 8)), basis, basis)
    return functional.pixel_shuffle(blocks.flatten(1, 3), 8)


def test_cells_are_a_pixel_shuffle_of_another_order():
    x = torch.randn(2, 16 * 5, 3, 4)
    by_channel = x.unflatten(1, (16, 5)).transpose(1, 2).flatten(1, 2)
    assert torch.equal(Cells()(x), functional.pixel_shuffle(by_channel, 4))


def test_a_stem_begins_as_the_inverse_dct():
    """The channels of a cell: sums and differences of its 2 x 2 samples of Y, Cb and Cr, each of variance 1."""
    torch.manual_seed(0)
    std = torch.rand(192) + 0.5
    stem = CellStem(192, 24)
    stem.begin(frequencies.resolve(192), std=std)
    coefficients = torch.randn(400, 192, 2, 3) * std[:, None, None]
    squares = samples(coefficients).unfold(2, 2, 2).unfold(3, 2, 2)  # [N, 3, 8, 12, 2, 2]
    expected = torch.einsum("nkhwyx,syx->nkshw", squares, SIGNS).flatten(1, 2)  # [N, 12, 8, 12]
    with torch.inference_mode():
        cells = stem[1](stem[0](coefficients / std[:, None, None]))
    over = (0, 2, 3)
    torch.testing.assert_close(cells.std(dim=over), torch.ones(12), rtol=0.05, atol=0)
    scale = expected.std(dim=over) / cells.std(dim=over)
    torch.testing.assert_close(cells * scale[:, None, None], expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(
    "selection",
    [
        ChannelSelection("grey", luma=(0, 1, 8), cb=(), cr=()),
        ChannelSelection("mean", luma=(0,), cb=(0,), cr=()),
    ],
    ids=lambda selection: selection.name,
)
def test_what_no_coefficient_gives_is_zero(selection):
    stem = CellStem(selection.num_channels, 24)
    stem.begin(selection, std=[2.0] * selection.num_channels)
    cells = stem[1](stem[0](torch.randn(50, selection.num_channels, 3, 3)))
    lacking = 4 * (3 - sum(count > 0 for count in selection.counts))
    assert cells.isfinite().all()
    assert (cells[:, 12 - lacking :] == 0).all()


@pytest.mark.parametrize("sides", [(4, 5), (1, 1), (3, 1)])
def test_a_block_becomes_two_by_two_positions(sides):
    assert CellStem(24, 24).eval()(torch.randn(2, 24, *sides)).shape == (2, 24, 2 * sides[0], 2 * sides[1])


def test_the_receptive_field_holds_all_blocks_that_a_feature_sees():
    """To 12 pixels: how far the outermost cells' blocks reach depends on where in them the cells lie."""
    model = models.delg_small(channels=24).eval()
    x = torch.randn(1, 24, 72, 72, requires_grad=True)
    third = model.backbone.stages(x, last=3)
    third[0, :, 18, 18].sum().backward()
    seen = x.grad[0].abs().sum(0) > 0
    for side in (8 * seen.any(dim).sum().item() for dim in (0, 1)):
        assert model.receptive_field - 12 <= side <= model.receptive_field
