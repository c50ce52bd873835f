"""The loader: what comes, in which order, on how many threads, and what happens when it goes wrong."""

from __future__ import annotations

import copy
import gc
import threading

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fastdct import Decoder, JpegError, Window
from fastdct.data import DctLoader, Labelled, Sample, Sources
from fastdct.data.ahead import ReadAhead
from fastdct.geometry import RandomCrop
from fastdct.photometric import ColorJitter
from jpegs import make_jpeg
from loaders import NUM_PHOTOS, assert_same_rows, label, loader_of, make_photos, rows_of


@pytest.fixture(scope="module")
def photos():
    return make_photos()


@pytest.fixture(scope="module")
def dataset(photos):
    return label(photos)


# --- contents ------------------------------------------------------------------------------------------------


def test_batches_are_the_decoder_s(photos, dataset):
    batches = list(loader_of(dataset, window=None))
    assert [len(batch.tensor) for batch in batches] == [4, 4, 4, 4, 4, 3]
    assert torch.equal(
        torch.cat([batch.tensor for batch in batches]), Decoder(32, channels=24)(photos).tensor
    )
    assert torch.cat([batch.labels for batch in batches]).tolist() == [seed % 5 for seed in range(NUM_PHOTOS)]
    assert torch.cat([batch.positions for batch in batches]).tolist() == list(range(NUM_PHOTOS))
    assert all(batch.mask.all() and batch.chroma is None for batch in batches)


def test_a_list_of_bytes_has_no_labels(photos):
    [batch] = loader_of(photos[:3])
    assert batch.labels is None


def test_labels_that_are_no_integers_come_as_they_are(photos):
    [batch] = loader_of(Sources(photos[:2], labels=["cat", "dog"]))
    assert batch.labels == ("cat", "dog")
    [batch] = loader_of(Sources(photos[:2], labels=np.array([3, 4])))
    assert batch.labels.tolist() == [3, 4]
    with pytest.raises(ValueError, match="2 labels for 3 sources"):
        Sources(photos[:3], labels=[1, 2])


@pytest.mark.parametrize(
    "options",
    [
        {"chroma_size": 16},
        {"dtype": "bfloat16"},
        {"output": "rgb", "dtype": "uint8"},
        {"layout": "channels_last"},
        {"dtype": "int16"},
    ],
)
def test_every_output_of_a_decoder_is_loaded(photos, options):
    decoder = Decoder(32, window=Window((3, 5, 30, 40)), **options)
    expected = decoder(photos)
    batches = list(DctLoader(photos, decoder, batch_size=10))
    assert torch.equal(torch.cat([batch.tensor for batch in batches]), expected.tensor)
    assert batches[0].tensor.is_contiguous(
        memory_format=torch.channels_last
        if options.get("layout") == "channels_last"
        else torch.contiguous_format
    )
    if expected.chroma is not None:
        assert torch.equal(torch.cat([batch.chroma for batch in batches]), expected.chroma)


@settings(max_examples=15)
@given(
    num_threads=st.integers(1, 5),
    batch_size=st.integers(1, 30),
    prefetch=st.integers(1, 4),
    shuffle=st.booleans(),
)
def test_a_row_depends_on_seed_epoch_and_position_only(dataset, num_threads, batch_size, prefetch, shuffle):
    options = {"photometric": ColorJitter(0.4, 0.4, 0.4), "seed": 3}
    expected = rows_of(loader_of(dataset, **options))
    loader = loader_of(
        dataset,
        **options,
        num_threads=num_threads,
        batch_size=batch_size,
        prefetch=prefetch,
        shuffle=shuffle,
    )
    assert_same_rows(rows_of(loader), expected)


def test_epochs_and_seeds_differ_and_can_be_chosen(dataset):
    loader = loader_of(dataset, shuffle=True)
    first, second = (list(loader) for _ in range(2))
    assert first[0].positions.tolist() != second[0].positions.tolist()
    assert not any(torch.equal(row, rows_of(second)[position]) for position, row in rows_of(first).items())
    other = loader_of(dataset, shuffle=True)
    other.set_epoch(1)
    assert_same_rows(rows_of(other), rows_of(second))
    reseeded = list(loader_of(dataset, shuffle=True, seed=1))
    assert reseeded[0].positions.tolist() != first[0].positions.tolist()


def test_rules_of_one_s_own_and_fixed_windows_are_used(photos):
    for window in (Window((4, 4, 30, 30)), lambda height, width: Window((4, 4, 30, 30))):
        [batch] = loader_of(photos[:2], window=window)
        expected = Decoder(32, channels=24)(photos[:2], windows=[Window((4, 4, 30, 30))] * 2)
        assert torch.equal(batch.tensor, expected.tensor)


# --- errors --------------------------------------------------------------------------------------------------


@pytest.fixture
def damaged(photos, tmp_path):
    """Files 2 and 9 are bad in different ways."""
    paths = [tmp_path / f"{index}.jpg" for index in range(11)]
    for index, path in enumerate(paths):
        path.write_bytes(photos[index])
    paths[2].write_bytes(photos[2][: len(photos[2]) // 2])
    paths[9].unlink()
    return Labelled(tuple(paths), tuple(range(11)), tuple("abcdefghijk"))


def test_a_bad_file_raises_after_the_batches_before_it(damaged):
    batches = iter(loader_of(damaged, batch_size=2))
    next(batches)
    with pytest.raises(JpegError, match=r"2\.jpg"):
        next(batches)


@pytest.mark.parametrize("policy", ["skip", "mask"])
def test_policies_leave_out_or_mask_and_name_what_failed(damaged, policy):
    loader = loader_of(damaged, window=None, on_error=policy, photometric=ColorJitter((2.0, 2.0)))
    batches = list(loader)
    good = [position for position in range(11) if position not in (2, 9)]
    positions = [position for batch in batches for position in batch.positions.tolist()]
    labels = [label for batch in batches for label in batch.labels.tolist()]
    assert positions == labels == (good if policy == "skip" else list(range(11)))
    assert {name.split("/")[-1] for name in loader.errors} == {"2.jpg", "9.jpg"}
    assert "cannot be read" in str(loader.errors[str(damaged.sources[9])])
    if policy == "mask":
        mask = torch.cat([batch.mask for batch in batches])
        assert mask.logical_not().nonzero().flatten().tolist() == [2, 9]
        assert not batches[0].tensor[2].any()
    sound = Sources([damaged.sources[position] for position in good])
    expected = rows_of(loader_of(sound, window=None, photometric=ColorJitter((2.0, 2.0))))
    rows = rows_of(batches)
    assert_same_rows({place: rows[position] for place, position in enumerate(good)}, expected)


def test_batches_of_which_nothing_is_left_do_not_come(photos):
    loader = loader_of([photos[0], b"", b"x", photos[1]], on_error="skip", batch_size=1)
    assert len(list(loader)) == 2
    assert set(loader.errors) == {"sources[1]", "sources[2]"}
    assert len(list(loader)) == 2  # and the next pass counts anew
    assert len(loader.errors) == 2


class Reads:
    """A dataset that reads by itself, and fails as it likes."""

    def __init__(self, photos, error):
        self.photos, self.error = photos, error

    def __len__(self):
        return len(self.photos)

    def __getitem__(self, position, /):
        if position == 1:
            raise self.error
        return Sample(self.photos[position], position, f"number {position}")


def test_errors_of_the_dataset_are_errors_of_the_loader(photos):
    bad = Reads(photos[:3], JpegError("far/away.jpg", "gone"))
    loader = loader_of(bad, on_error="skip")
    assert [batch.positions.tolist() for batch in loader] == [[0, 2]]
    assert "far/away.jpg" in loader.errors
    with pytest.raises(JpegError, match=r"far/away\.jpg: gone"):
        list(loader_of(bad))
    with pytest.raises(ZeroDivisionError):
        list(loader_of(Reads(photos[:3], ZeroDivisionError()), on_error="skip"))


def test_a_rule_s_error_names_the_picture(photos):
    with pytest.raises(ValueError, match=r"sources\[1\]: RandomCrop: 41 × 41 pixels do not fit"):
        list(loader_of([make_jpeg(50, 50), make_jpeg(40, 60)], window=RandomCrop(41)))
    with pytest.raises(ValueError, match=r"sources\[0\]: box .* lies outside"):
        list(loader_of(photos[:1], window=Window((900, 0, 950, 5))))


def test_an_error_of_a_photometric_change_names_the_picture(photos):
    def change(tensor, decoder, *, generator):
        raise RuntimeError("no light")

    with pytest.raises(RuntimeError, match="no light") as caught:
        list(loader_of(photos[:1], photometric=change))
    assert caught.value.__notes__ == ["while changing sources[0]"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "batch_size must be at least 1, not 0"),
        ({"num_threads": 0}, "num_threads"),
        ({"prefetch": 0}, "prefetch"),
        ({"rank": 2, "num_replicas": 2}, "rank 2 is not one of 2 replicas"),
    ],
)
def test_numbers_out_of_range_are_refused(dataset, options, message):
    with pytest.raises(ValueError, match=message):
        loader_of(dataset, **options)


def test_an_empty_dataset_is_refused():
    with pytest.raises(ValueError, match="dataset is empty"):
        loader_of([])


# --- threads and memory --------------------------------------------------------------------------------------


def decoding_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("fastdct")]


def test_threads_end_with_the_pass_however_it_ends(damaged, photos):
    list(loader_of(photos))
    assert not decoding_threads()
    batches = iter(loader_of(photos, batch_size=1))
    next(batches)
    assert decoding_threads()
    batches.close()
    assert not decoding_threads()
    for _ in loader_of(photos):
        break
    gc.collect()
    assert not decoding_threads()
    with pytest.raises(JpegError):
        list(loader_of(damaged))
    assert not decoding_threads()


def test_no_more_is_made_than_prefetch_allows(photos):
    read = []

    class Counted(Reads):
        def __getitem__(self, position, /):
            read.append(position)
            return Sample(photos[position], 0, "")

    batches = iter(loader_of(Counted(photos, None), batch_size=2, prefetch=2))
    next(batches)
    assert max(read) < 2 * 3
    batches.close()


def test_batches_do_not_share_memory(photos):
    kept = list(loader_of(photos))
    copies = [batch.tensor.clone() for batch in kept]
    list(loader_of(photos))
    assert all(torch.equal(batch.tensor, copied) for batch, copied in zip(kept, copies, strict=True))


def test_a_loader_works_in_inference_mode(damaged):
    loader = loader_of(damaged, on_error="mask", photometric=ColorJitter(0.5))
    with torch.inference_mode():
        inside = list(loader)
    loader.set_epoch(0)
    assert_same_rows(rows_of(inside), rows_of(loader))


def test_the_caller_s_decoder_stays_as_it_is(dataset):
    decoder = Decoder(32, channels=24, num_threads=3, on_error="mask")
    before = {name: value for name, value in vars(decoder).items() if name != "_assembly"}
    list(DctLoader(dataset, decoder, batch_size=8))
    assert {name: value for name, value in vars(decoder).items() if name != "_assembly"} == before
    assert copy.copy(decoder).num_threads == 3


def test_reading_ahead_passes_errors_on_and_stops():
    def items():
        yield 1
        raise OSError("gone")

    ahead = iter(ReadAhead(items(), depth=3))
    assert next(ahead) == 1
    with pytest.raises(OSError, match="gone"):
        next(ahead)
    endless = ReadAhead(iter(int, 1), depth=2)
    assert next(iter(endless)) == 0
    endless.close()
    assert not decoding_threads()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
@pytest.mark.parametrize(
    "options", [{"device": "cuda"}, {"pin_memory": True}, {"device": "cuda:1", "pin_memory": False}]
)
def test_what_needs_a_device_is_refused_at_once_without_one(dataset, options):
    with pytest.raises(ValueError, match="need a CUDA device, and torch sees none here; leave them out"):
        loader_of(dataset, **options)


@pytest.mark.cuda
def test_memory_is_pinned_for_both_grids(photos):
    decoder = Decoder(32, chroma_size=16)
    [batch] = DctLoader(photos, decoder, batch_size=NUM_PHOTOS, pin_memory=True)
    assert batch.tensor.is_pinned()
    assert batch.chroma.is_pinned()
    assert torch.equal(batch.chroma, decoder(photos).chroma)


@pytest.mark.cuda
@pytest.mark.parametrize("has_kernels", [True, False])
def test_batches_arrive_on_a_device(dataset, has_kernels, monkeypatch):
    """Decoded there or, by a build without CUDA, decoded on the host and copied."""
    monkeypatch.setattr("fastdct.data.loader.has_kernels", lambda: has_kernels)
    plain = rows_of(loader_of(dataset))
    arrived = list(loader_of(dataset, device="cuda"))
    assert all(batch.tensor.is_cuda and batch.labels.is_cuda for batch in arrived)
    rows = {position: row.cpu() for position, row in rows_of(arrived).items()}
    if not has_kernels:
        return assert_same_rows(rows, plain)
    assert rows.keys() == plain.keys()
    for position, row in rows.items():
        torch.testing.assert_close(row, plain[position], rtol=0, atol=1e-2)
    return None
