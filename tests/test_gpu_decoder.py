"""`Decoder` on a device, played on the CPU: the same tensors as on the host, whatever the way, the files and the memory."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

import fastdct
from emulated import EmulatedBackend
from fastdct import Decoder, JpegError
from fastdct._gpu import engine as engines
from fastdct._gpu.engine import Engine
from fastdct._gpu.scans import Scans
from fastdct._gpu.settings import Budget
from fastdct.geometry import CenterCrop, RandomResizedCrop, Window
from jpegs import SAMPLINGS, make_image, make_jpeg

TINY = Budget(arena=4096, coefficients=128 * 50, scratch=1 << 12)  # most pictures alone are larger
TOLERANCE = 2e-6  # of the largest coefficient: twice what either may be off
WAYS = ["cpu", "cuda"]


@pytest.fixture
def use(monkeypatch):
    """Lets ``device="cuda"`` be an emulated one of this budget; gives its backend."""

    def use(budget=Budget(), **options):  # noqa: B008
        engine = Engine(EmulatedBackend(**options), budget)
        monkeypatch.setattr(engines, "engine_of", lambda device: engine)
        return engine.backend

    return use


@pytest.fixture(scope="module")
def files():
    """Of every kind: baseline and not, of all colours and samplings, upright and not."""
    made = [make_jpeg(60 + 7 * i, 90 - 5 * i, seed=i, subsampling=s) for i, s in enumerate(SAMPLED)]
    made += [make_jpeg(70, 50, progressive=True), make_jpeg(70, 50, restart_rows=1), make_jpeg(200, 300)]
    made += [make_jpeg(56, 91, orientation=orientation) for orientation in (3, 5, 6)]
    made += [fastdct.write(make_image(50, 41, sampling=sampling)) for sampling in SAMPLINGS.values()]
    made.append(fastdct.write(make_image(50, 60, sampling=SAMPLINGS["4:4:4"], color_space="RGB")))
    four = ((1, 1), (1, 1), (1, 1), (1, 1))
    made.append(fastdct.write(make_image(50, 60, sampling=four, color_space="YCCK")))
    return made


SAMPLED = ("4:0:0", "4:4:4", "4:2:2", "4:2:0")


def assert_close(one, other, *, largest=0.0):
    """``largest`` coefficient, where the tensors do not show it."""
    assert one.indices == other.indices
    assert {row: str(error) for row, error in one.errors.items()} == {
        row: str(error) for row, error in other.errors.items()
    }
    for mine, theirs in ((one.tensor, other.tensor), (one.chroma, other.chroma)):
        assert (mine is None) == (theirs is None)
        if theirs is None:
            continue
        assert (mine.shape, mine.dtype, mine.stride()) == (theirs.shape, theirs.dtype, theirs.stride())
        largest = max(float(theirs.double().abs().max()), largest, 1e-9)
        allowed = {torch.bfloat16: 2**-7, torch.float16: 2**-10, torch.float32: TOLERANCE}
        error = float((mine.double() - theirs.double()).abs().max())
        if theirs.dtype in allowed:
            assert error <= allowed[theirs.dtype] * largest
        else:
            assert error <= 1  # a half may be rounded either way


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("budget", [Budget(), TINY])
@pytest.mark.parametrize("eager", [True, False])
def test_tensors_are_those_of_the_host(use, files, way, budget, eager):
    backend = use(budget, eager=eager, seed=5)
    found = Decoder(48, device="cuda", entropy_device=way)(files)
    backend.drain()
    assert_close(found, Decoder(48)(files))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "options",
    [
        {"size": (32, 64), "channels": 24, "layout": "channels_last", "dtype": "bfloat16"},
        {"size": 64, "channels": 192, "chroma_size": 32, "normalize": (5.0, 30.0), "dtype": "float16"},
        {
            "size": 40,
            "dtype": "int16",
            "filter": "lanczos3",
            "chroma_size": (16, 24),
            "layout": "channels_last",
        },
        {"size": 40, "output": "rgb"},
        {"size": 40, "output": "rgb", "dtype": "float32", "layout": "channels_last"},
        {"size": 40, "upright": False, "filter": "bicubic"},
    ],
)
def test_every_output_is_that_of_the_host(use, files, way, options):
    use()
    largest = float(Decoder(options["size"], channels=192)(files).tensor.abs().max())  # pixels are clamped
    found = Decoder(**options, device="cuda", entropy_device=way)(files)
    assert_close(found, Decoder(**options)(files), largest=largest if options.get("output") == "rgb" else 0.0)


@pytest.mark.parametrize("way", WAYS)
def test_windows_of_rules_and_margins(use, files, way):
    use()
    for rule in (
        lambda: RandomResizedCrop(generator=torch.Generator().manual_seed(3)),
        lambda: CenterCrop(75),
    ):
        expected = Decoder(32, window=rule())(files)
        assert_close(Decoder(32, window=rule(), device="cuda", entropy_device=way)(files), expected)
    windows = [Window((1.5, 2, 30, 33), flip=bool(index % 2)) for index in range(len(files))]
    expected = Decoder(32)(files, windows=windows)
    assert_close(Decoder(32, device="cuda", entropy_device=way)(files, windows=windows), expected)


@pytest.mark.parametrize("way", WAYS)
def test_sources_of_every_kind(use, files, tmp_path, way):
    use()
    path = tmp_path / "photo.jpg"
    path.write_bytes(files[3])
    sources = [path, str(path), files[0], np.frombuffer(files[1], np.uint8), fastdct.read(files[2])]
    assert_close(Decoder(32, device="cuda", entropy_device=way)(sources), Decoder(32)(sources))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("policy", ["skip", "mask", "raise"])
def test_bad_sources_fail_as_they_do_on_the_host(use, files, way, policy):
    use()
    broken = files[3][: len(files[3]) // 2]
    sources = [files[0], b"no picture", files[1], broken, files[4], broken]
    decoders = Decoder(32, on_error=policy), Decoder(32, on_error=policy, device="cuda", entropy_device=way)
    if policy != "raise":
        expected, found = (decoder(sources) for decoder in decoders)
        assert set(found.errors) == {1, 3, 5}
        return assert_close(found, expected)
    for bad in (sources, [files[0], broken]):
        messages = []
        for decoder in decoders:
            with pytest.raises(JpegError) as caught:
                decoder(bad)
            messages.append(str(caught.value))
        assert messages[0] == messages[1]
    return None


def test_what_the_device_fails_at_is_decoded_on_the_host(use, files, monkeypatch):
    """Its blocks are garbage then, and its status says so."""
    backend = use(TINY)
    launch = Scans.launch

    def spoilt(self, backend, arena, coefficients):
        statuses = launch(self, backend, arena, coefficients)
        planes = self.describe().planes
        for picture in self.describe().pictures:
            if picture["row"] % 3:
                continue
            statuses[self.positions.index(picture["row"])] = 4
            first = int(planes["first_block"][picture["first_plane"]])
            coefficients[first : first + 3] = 12345
        return statuses

    monkeypatch.setattr(Scans, "launch", spoilt)
    found = Decoder(48, device="cuda", entropy_device="cuda")(files)
    assert_close(found, Decoder(48)(files))
    assert backend.log.count("download") == 1
    rows = fastdct.read_batch(files, device="cuda", entropy_device="cuda")
    for row, other in zip(rows, fastdct.read_batch(files), strict=True):
        for mine, theirs in zip(row.components, other.components, strict=True):
            np.testing.assert_array_equal(mine.coefficients.numpy(), theirs.coefficients)


def test_the_host_waits_once_and_only_for_statuses(use, files):
    backend = use()
    for way, waits in (("cpu", []), ("cuda", ["download"])):
        backend.log.clear()
        Decoder(32, device="cuda", entropy_device=way)(files)
        first = next((i for i, event in enumerate(backend.log) if event in ("wait", "download")), None)
        assert [event for event in backend.log if event == "download"] == waits
        assert (first is None) == (
            not waits
        )  # arenas, of which copies have long ended, are asked for after it


def test_both_ways_are_tried_then_one_is_kept(use, files):
    backend = use()
    decoder = Decoder(16, channels=24, device="cuda")
    batch = files[:4] * 10
    ways = []
    for _ in range(7):
        backend.log.clear()
        decoder(batch)
        ways.append("decode_scans" in backend.log)
    assert ways[:4] == [True, False, True, False]
    assert len(set(ways[4:])) == 1


def test_an_empty_batch_is_a_batch(use):
    use()
    assert Decoder(32, channels=24, device="cuda")([]).tensor.shape == (0, 24, 4, 4)


def test_memory_of_the_caller_s_is_filled(use, files):
    use()
    decoder = Decoder(32, chroma_size=16, device="cuda")
    out, out_chroma = decoder.empty(len(files)), decoder.empty_chroma(len(files))
    batch = decoder(files, out=out, out_chroma=out_chroma)
    assert batch.tensor is out
    assert batch.chroma is out_chroma
    assert_close(batch, Decoder(32, chroma_size=16)(files))
    with pytest.raises(ValueError, match="it must be float32"):
        decoder(files, out=out[:1])
    with pytest.raises(ValueError, match="not pinned"):
        decoder.empty(3, pinned=True)


def test_one_array_is_of_the_host(use, files):
    use()
    with pytest.raises(ValueError, match="call the decoder"):
        Decoder(32, device="cuda").decode(files[0])


def test_threads_take_turns(use, files):
    use(TINY)
    decoder = Decoder(32, device="cuda", num_threads=1)
    batches = [files[start : start + 5] for start in range(8)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(decoder, batches))
    for batch, sources in zip(found, batches, strict=True):
        assert_close(batch, Decoder(32)(sources))
