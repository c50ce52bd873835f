"""`read_batch` onto a device, played on the CPU: coefficients bit by bit, whatever the way and the memory."""

import numpy as np
import pytest
import torch

import fastdct
from emulated import EmulatedBackend
from fastdct._gpu import engine as engines
from fastdct._gpu.engine import Engine
from fastdct._gpu.settings import Budget
from jpegs import make_jpeg
from rows import assert_row, bad_sources, files_of_every_kind

LARGE = Budget()
SMALL = Budget(arena=60_000, coefficients=128 * 2000, scratch=1 << 20)
TINY = Budget(arena=4096, coefficients=128 * 50, scratch=1 << 12)  # most pictures alone are larger
WAYS = ["cpu", "cuda"]


@pytest.fixture
def use(monkeypatch):
    """Lets ``device="cuda"`` be an emulated one of this budget; gives its backend."""

    def use(budget=LARGE, **options):
        engine = Engine(EmulatedBackend(**options), budget)
        monkeypatch.setattr(engines, "engine_of", lambda device: engine)
        return engine.backend

    return use


def host(row):
    """A row with arrays instead of tensors."""
    components = tuple(
        fastdct.batch.CoefficientComponent(
            part.coefficients.numpy(), part.quantization.numpy(), part.sampling
        )
        for part in row.components
    )
    fields = (row.height, row.width, row.subsampling, row.color_space, row.orientation)
    return fastdct.batch.CoefficientImage(*fields, components, row.warnings)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("budget", [LARGE, SMALL, TINY])
@pytest.mark.parametrize("eager", [True, False])
def test_rows_are_what_libjpeg_reads(use, way, budget, eager):
    files = files_of_every_kind()
    backend = use(budget, eager=eager, seed=3)
    batch = fastdct.read_batch(files, device="cuda", entropy_device=way, num_threads=2)
    backend.drain()
    assert len(batch) == len(files)
    for row, file in zip(batch, files, strict=True):
        assert_row(host(row), file)
    assert backend.log.count("copy") > 1 or budget is LARGE


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("layout", ["block", "frequency"])
@pytest.mark.parametrize("num_frequencies", [64, 1, 9])
@pytest.mark.parametrize("luma_only", [False, True])
def test_what_is_not_asked_for_is_left_out(use, way, layout, num_frequencies, luma_only):
    files = files_of_every_kind()
    use(SMALL)
    options = {"layout": layout, "num_frequencies": num_frequencies, "luma_only": luma_only}
    batch = fastdct.read_batch(files, device="cuda", entropy_device=way, **options)
    for row, file in zip(batch, files, strict=True):
        assert_row(host(row), file, **options)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("policy", ["mask", "skip", "raise"])
def test_bad_sources_fail_as_they_do_on_the_cpu(use, tmp_path, way, policy):
    bad, files = bad_sources(tmp_path), files_of_every_kind()
    sources = [source for pair in zip(bad, files, strict=False) for source in pair]
    use(SMALL)
    options = {"on_error": policy, "max_pixels": 1 << 28}
    if policy == "raise":
        messages = []
        for more in ({}, {"device": "cuda", "entropy_device": way}):
            with pytest.raises(fastdct.JpegError) as caught:
                fastdct.read_batch(sources, **options, **more)
            messages.append(str(caught.value))
        assert messages[0] == messages[1]
        return
    expected = fastdct.read_batch(sources, **options)
    batch = fastdct.read_batch(sources, device="cuda", entropy_device=way, **options)
    assert batch.indices == expected.indices
    assert {row: str(error) for row, error in batch.errors.items()} == {
        row: str(error) for row, error in expected.errors.items()
    }
    for row, other in zip(batch, expected, strict=True):
        assert (row is None) == (other is None)
        if row is not None:
            assert row.warnings == other.warnings
            for mine, theirs in zip(row.components, other.components, strict=True):
                np.testing.assert_array_equal(mine.coefficients.numpy(), theirs.coefficients)


def test_rows_are_tensors_of_the_device_that_keep_its_memory(use):
    use()
    batch = fastdct.read_batch([make_jpeg()], device="cuda")
    [component, *_] = batch[0].components
    assert component.coefficients.dtype == torch.int16
    assert component.quantization.dtype == torch.uint16
    assert batch.num_bytes >= component.coefficients.nbytes
    with pytest.raises(ValueError, match="on a device"):
        fastdct.read_batch([make_jpeg()], out=batch)


def test_no_sources_are_no_rows(use):
    use()
    assert list(fastdct.read_batch([], device="cuda")) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"device": "tpu"}, "'cpu', 'cuda'"),
        ({"device": "cuda:x"}, "'cpu', 'cuda'"),
        ({"device": "cuda", "entropy_device": "gpu"}, "'auto', 'cpu' or 'cuda'"),
        ({"entropy_device": "cuda"}, "needs device='cuda'"),
    ],
)
def test_devices_that_make_no_sense_are_errors(options, message):
    with pytest.raises(ValueError, match=message):
        fastdct.read_batch([make_jpeg()], **options)
    with pytest.raises(ValueError, match=message):
        fastdct.Decoder(32, **options)


def test_memory_of_the_host_is_not_for_a_device(use):
    use()
    earlier = fastdct.read_batch([make_jpeg()])
    with pytest.raises(ValueError, match="out is for batches in memory of the host"):
        fastdct.read_batch([make_jpeg()], device="cuda", out=earlier)
