"""`DctLoader` with a decoder on a device, played on the CPU: the loader's promises hold there as well."""

import copy
import pickle
import threading

import pytest
import torch

from emulated import EmulatedBackend
from fastdct import Decoder, JpegError
from fastdct._gpu import engine as engines
from fastdct._gpu.engine import Engine
from fastdct.data import DctLoader
from fastdct.photometric import ColorJitter
from loaders import NUM_PHOTOS, RANDOM, assert_same_rows, label, make_photos, rows_of


@pytest.fixture(scope="module")
def photos():
    return make_photos()


@pytest.fixture
def dataset(photos):
    return label(photos)


@pytest.fixture(autouse=True)
def engine(monkeypatch):
    made = Engine(EmulatedBackend())
    monkeypatch.setattr(engines, "engine_of", lambda device: made)
    return made


def loader_of(dataset, *, device="cuda", window=RANDOM, on_error="raise", **options):
    decoder = Decoder(32, channels=24, window=window, on_error=on_error, device=device)
    return DctLoader(dataset, decoder, **{"batch_size": 4, "num_threads": 2, **options})


@pytest.mark.parametrize("photometric", [None, ColorJitter(0.4, 0.4, 0.4)])
def test_rows_are_those_of_the_host(dataset, photometric):
    options = {"shuffle": True, "photometric": photometric}
    expected, found = (list(loader_of(dataset, device=device, **options)) for device in ("cpu", "cuda"))
    for one, other in zip(found, expected, strict=True):
        assert torch.equal(one.labels, other.labels)
        assert torch.equal(one.positions, other.positions)
        assert torch.equal(one.mask, other.mask)
        torch.testing.assert_close(one.tensor, other.tensor, rtol=0, atol=1e-2)


@pytest.mark.parametrize(("num_threads", "batch_size", "prefetch"), [(1, 1, 1), (3, 7, 4)])
def test_a_row_depends_on_seed_epoch_and_position_only(dataset, num_threads, batch_size, prefetch):
    options = {"shuffle": True, "seed": 3}
    more = {"num_threads": num_threads, "batch_size": batch_size, "prefetch": prefetch}
    assert_same_rows(rows_of(loader_of(dataset, **options)), rows_of(loader_of(dataset, **options, **more)))


def test_a_loader_goes_on_where_another_stopped(dataset):
    whole = rows_of(loader_of(dataset, shuffle=True))
    first = loader_of(dataset, shuffle=True)
    batches = iter(first)
    before = rows_of([next(batches), next(batches)])
    state = first.state_dict()
    batches.close()
    second = loader_of(dataset, shuffle=True)
    second.load_state_dict(state)
    assert_same_rows(before | rows_of(second), whole)


@pytest.mark.parametrize("policy", ["skip", "mask", "raise"])
def test_bad_files_fail_as_they_do_on_the_host(photos, tmp_path, policy):
    sources = [*photos]
    for index, content in enumerate([b"no picture", photos[0][: len(photos[0]) // 2]]):
        sources[5 * index + 2] = tmp_path / f"bad{index}.jpg"
        sources[5 * index + 2].write_bytes(content)
    sources[12] = tmp_path / "missing.jpg"
    host, device = (loader_of(label(sources), device=place, on_error=policy) for place in ("cpu", "cuda"))
    if policy == "raise":
        for loader in (host, device):
            with pytest.raises(JpegError, match=r"bad0\.jpg"):
                list(loader)
        return
    expected, found = list(host), list(device)
    assert {name: str(error) for name, error in device.errors.items()} == {
        name: str(error) for name, error in host.errors.items()
    }
    assert len(device.errors) == 3
    for one, other in zip(found, expected, strict=True):
        assert torch.equal(one.mask, other.mask)
        assert torch.equal(one.labels, other.labels)
        torch.testing.assert_close(one.tensor, other.tensor, rtol=0, atol=1e-2)


def test_threads_end_with_the_pass_however_it_ends(photos):
    def threads():
        return [thread for thread in threading.enumerate() if thread.name.startswith("fastdct")]

    batches = iter(loader_of(photos, batch_size=1))
    next(batches)
    assert threads()
    batches.close()
    assert not threads()


def test_a_loader_has_its_decoder_s_device(photos):
    with pytest.raises(ValueError, match="the decoder makes tensors on cuda, not cpu"):
        DctLoader(photos, Decoder(32, device="cuda"), batch_size=4, device="cpu")
    with pytest.raises(ValueError, match="not pinned"):
        loader_of(photos, pin_memory=True)
    [batch] = DctLoader(photos, Decoder(32, device="cuda"), batch_size=NUM_PHOTOS, device="cuda")
    assert batch.tensor.shape == (NUM_PHOTOS, 64, 4, 4)


def test_decoders_are_copied_and_pickled_with_their_device(photos):
    decoder = Decoder(32, device="cuda", entropy_device="cpu")
    expected = decoder(photos[:3]).tensor
    for other in (copy.copy(decoder), pickle.loads(pickle.dumps(decoder)), Decoder(32).on("cuda")):
        assert other.device == "cuda"
        assert torch.equal(other(photos[:3]).tensor, expected)
    assert decoder.on("cpu").device == "cpu"
