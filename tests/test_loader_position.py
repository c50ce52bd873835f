"""Which rows a loader gives: shared out over ranks, and after it was resumed."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import DistributedSampler

from fastdct.data import Sources
from fastdct.photometric import ColorJitter
from loaders import NUM_PHOTOS, assert_same_rows, label, loader_of, make_photos, rows_of


@pytest.fixture(scope="module")
def photos():
    return make_photos()


@pytest.fixture(scope="module")
def dataset(photos):
    return label(photos)


# --- ranks ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("shuffle", [False, True])
def test_ranks_share_as_torch_s_sampler_does(dataset, shuffle, drop_last):
    for rank in range(3):
        loader = loader_of(
            dataset, rank=rank, num_replicas=3, shuffle=shuffle, seed=7, drop_last=drop_last, batch_size=2
        )
        loader.set_epoch(4)
        sampler = DistributedSampler(
            range(NUM_PHOTOS), num_replicas=3, rank=rank, shuffle=shuffle, seed=7, drop_last=drop_last
        )
        sampler.set_epoch(4)
        expected = list(sampler)
        if drop_last:
            expected = expected[: len(expected) // 2 * 2]
        batches = list(loader)
        assert torch.cat([batch.positions for batch in batches]).tolist() == expected
        assert len(batches) == len(loader)


def test_a_picture_is_drawn_alike_in_any_rank(dataset):
    alone = rows_of(loader_of(dataset, shuffle=True))
    shared = {}
    for rank in range(2):
        shared |= rows_of(loader_of(dataset, shuffle=True, rank=rank, num_replicas=2))
    assert_same_rows(shared, alone)


# --- position ------------------------------------------------------------------------------------------------


@settings(max_examples=12)
@given(done=st.integers(0, 6), epoch=st.integers(0, 3))
def test_a_resumed_loader_goes_on_exactly(dataset, done, epoch):
    options = {"shuffle": True, "photometric": ColorJitter(0.3), "seed": 5}
    straight = loader_of(dataset, **options)
    straight.set_epoch(epoch)
    expected = [*straight, *straight]  # this epoch and the next
    stopped = loader_of(dataset, **options)
    stopped.set_epoch(epoch)
    batches = iter(stopped)
    for _ in range(done):
        next(batches)
    state = stopped.state_dict()
    batches.close()
    resumed = loader_of(dataset, **options, num_threads=1)
    resumed.load_state_dict(state)
    resumed.set_epoch(resumed.epoch)  # as a loop over epochs does
    rest = [batch for _ in range(epoch, epoch + 2) for batch in resumed][: 12 - done]
    assert len(rest) == 12 - done
    for batch, wanted in zip(rest, expected[done:], strict=True):
        assert torch.equal(batch.positions, wanted.positions)
        assert torch.equal(batch.tensor, wanted.tensor)


def test_the_state_is_plain_and_counts_what_was_handed_out(dataset):
    loader = loader_of(dataset)
    assert loader.state_dict()["batches"] == 0
    for number, _ in enumerate(loader, start=1):
        state = loader.state_dict()
        assert (state["epoch"], state["batches"]) == ((0, number) if number < 6 else (1, 0))
    assert all(isinstance(value, int) for value in state.values())


def test_another_pass_and_another_epoch_begin_at_the_beginning(dataset):
    loader = loader_of(dataset)
    for _ in loader:
        break
    assert len(list(loader)) == 6
    loader.load_state_dict({**loader.state_dict(), "batches": 4})
    loader.set_epoch(9)
    assert len(list(loader)) == 6


def test_a_state_of_other_batches_is_refused(dataset):
    state = loader_of(dataset).state_dict()
    with pytest.raises(ValueError, match="a loader with batch_size 4, this one has 5"):
        loader_of(dataset, batch_size=5).load_state_dict(state)
    with pytest.raises(ValueError, match="num_replicas 1, this one has 2"):
        loader_of(dataset, num_replicas=2).load_state_dict(state)
    with pytest.raises(ValueError, match="num_batches"):
        loader_of(Sources([b""] * 3)).load_state_dict(state)
    loader_of(dataset, num_threads=1, prefetch=5).load_state_dict(state)
