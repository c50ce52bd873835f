"""Decoding on a GPU: what the emulated device of the other tests is for. Needs one; FASTDCT_FAIL_WITHOUT_CUDA=1 makes that a failure."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import fastdct  # noqa: E402
from fastdct import Decoder  # noqa: E402
from fastdct._gpu import engine as engines  # noqa: E402
from fastdct._gpu.backend import CudaBackend  # noqa: E402
from fastdct._gpu.engine import Engine  # noqa: E402
from fastdct._gpu.settings import Budget  # noqa: E402
from fastdct.data import DctLoader  # noqa: E402
from fastdct.photometric import ColorJitter  # noqa: E402
from jpegs import make_jpeg  # noqa: E402
from loaders import RANDOM, label, make_photos, rows_of  # noqa: E402
from rows import assert_row, bad_sources, files_of_every_kind  # noqa: E402
from test_gpu_read import host  # noqa: E402

pytestmark = pytest.mark.cuda
WAYS = ["cpu", "cuda"]
SMALL = Budget(arena=1 << 17, coefficients=1 << 21, scratch=1 << 24)


@pytest.fixture
def small(monkeypatch):
    """Many chunks of few pictures."""
    engine = Engine(CudaBackend(torch.device("cuda")), SMALL)
    monkeypatch.setattr(engines, "engine_of", lambda device: engine)


def on_host(row):
    return host(
        fastdct.batch.CoefficientImage(
            *(row.height, row.width, row.subsampling, row.color_space, row.orientation),
            tuple(
                fastdct.batch.CoefficientComponent(
                    part.coefficients.cpu(), part.quantization.cpu(), part.sampling
                )
                for part in row.components
            ),
            row.warnings,
        )
    )


@pytest.mark.sanitized
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("layout", ["block", "frequency"])
@pytest.mark.parametrize("num_frequencies", [64, 9])
def test_coefficients_are_the_cpu_s(small, way, layout, num_frequencies):
    files = files_of_every_kind()
    options = {"layout": layout, "num_frequencies": num_frequencies}
    batch = fastdct.read_batch(files, device="cuda", entropy_device=way, **options)
    for row, file in zip(batch, files, strict=True):
        assert all(part.coefficients.is_cuda for part in row.components)
        assert_row(on_host(row), file, **options)


@pytest.mark.parametrize("way", WAYS)
def test_bad_sources_fail_as_they_do_on_the_cpu(tmp_path, way):
    bad, files = bad_sources(tmp_path), files_of_every_kind()
    sources = [source for pair in zip(bad, files, strict=False) for source in pair]
    options = {"on_error": "mask", "max_pixels": 1 << 28}
    expected = fastdct.read_batch(sources, **options)
    batch = fastdct.read_batch(sources, device="cuda", entropy_device=way, **options)
    assert {row: str(error) for row, error in batch.errors.items()} == {
        row: str(error) for row, error in expected.errors.items()
    }
    for position, row in enumerate(batch):
        if row is not None:
            assert_row(on_host(row), sources[position])


def mixed_files():
    files = files_of_every_kind()
    return [
        *files,
        make_jpeg(90, 70, progressive=True),
        make_jpeg(80, 96, orientation=6),
        make_jpeg(300, 400),
    ]


@pytest.mark.sanitized
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"channels": 24, "dtype": "bfloat16", "layout": "channels_last"},
        {"chroma_size": 32, "normalize": (3.0, 40.0)},
        {"output": "rgb", "dtype": "float32"},
        {"window": RANDOM},
    ],
)
def test_tensors_are_the_cpu_s(small, way, options):
    files, windows = mixed_files(), None
    if "window" in options:
        rule, options = options["window"], {}
        generator = torch.Generator().manual_seed(1)
        headers = [fastdct.probe(file) for file in files]
        windows = [rule(h.height, h.width, generator=generator) for h in headers if h.orientation == 1]
        files = [file for file, h in zip(files, headers, strict=True) if h.orientation == 1]
    expected = Decoder(64, **options)(files, windows=windows)
    found = Decoder(64, **options, device="cuda", entropy_device=way)(files, windows=windows)
    for one, other in ((found.tensor, expected.tensor), (found.chroma, expected.chroma)):
        if other is not None:
            assert one.is_cuda
            assert one.stride() == other.stride()
            tolerance = 2**-7 if other.dtype == torch.bfloat16 else 2e-6
            error = (one.cpu().double() - other.double()).abs().max() / other.double().abs().max()
            assert float(error) < tolerance


def test_a_stream_of_the_caller_s_is_used():
    files, stream = mixed_files(), torch.cuda.Stream()
    expected = Decoder(64)(files).tensor
    decoder = Decoder(64, device="cuda", entropy_device="cpu")
    with torch.cuda.stream(stream):
        for _ in range(3):  # memory is allocated, for which CUDA may wait
            decoder(files)
        torch.cuda.synchronize()
        torch.cuda._sleep(100_000_000)  # what follows on this stream comes late
        found = decoder(files).tensor
        event = stream.record_event()
    assert not event.query(), "the host has waited"
    event.synchronize()
    assert float((found.cpu() - expected).abs().max() / expected.abs().max()) < 2e-6


def test_memory_of_the_caller_s_is_filled():
    files = mixed_files()
    decoder = Decoder(64, device="cuda")
    out = torch.full((len(files), *decoder.shape), 7.0, device="cuda")
    assert decoder(files, out=out).tensor is out
    assert torch.equal(out, decoder(files).tensor)
    with pytest.raises(ValueError, match="on cuda:0"):
        decoder(files, out=torch.empty((len(files), *decoder.shape)))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("photometric", [None, ColorJitter(0.4, 0.4, 0.4)])
def test_a_loader_s_rows_are_the_cpu_s(way, photometric):
    dataset = label(make_photos())
    options = {"batch_size": 4, "shuffle": True, "num_threads": 2, "photometric": photometric}
    decoders = [
        Decoder(32, channels=24, window=RANDOM),
        Decoder(32, channels=24, window=RANDOM, device="cuda", entropy_device=way),
    ]
    expected, found = (rows_of(DctLoader(dataset, decoder, **options)) for decoder in decoders)
    assert found.keys() == expected.keys()
    for position, row in found.items():
        assert row.is_cuda
        torch.testing.assert_close(row.cpu(), expected[position], rtol=0, atol=1e-2)


def test_many_batches_in_a_row_do_not_disturb_each_other():
    """Results that are kept stay as they are, while arenas and torch's memory are used again."""
    random = np.random.default_rng(0)
    files = [make_jpeg(40 + 8 * (seed % 9), 50 + 6 * (seed % 11), seed=seed) for seed in range(60)]
    decoder = Decoder(48, device="cuda")
    kept = []
    for _ in range(8):
        chosen = random.permutation(len(files))[:40].tolist()
        kept.append((chosen, decoder([files[index] for index in chosen]).tensor))
    expected = Decoder(48)(files).tensor
    for chosen, tensor in kept:
        assert float((tensor.cpu() - expected[chosen]).abs().max() / expected.abs().max()) < 2e-6
