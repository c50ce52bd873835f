"""Many files in one call: the same coefficients as one by one, whatever the layout, threads, errors and processes."""

import gc
import io
import multiprocessing
import os
import pickle
import resource
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import fastdct
from fastdct import _C, JpegError
from fastdct.frequencies import ZIGZAG
from jpegs import make_jpeg, make_pixels

LEVELS = ("portable", "avx2", "avx512")
SIZES = ((48, 64), (375, 500), (8, 8), (1, 1), (17, 530), (263, 9))


def encode(pixels, **options):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", **options)
    return file.getvalue()


@pytest.fixture(scope="module")
def files():
    made = [
        make_jpeg(height, width, subsampling=subsampling, quality=60 + 7 * (seed % 6), seed=seed)
        for seed, (height, width) in enumerate(SIZES)
        for subsampling in ("4:2:0", "4:4:4", "4:2:2", "4:0:0")
    ]
    made.append(make_jpeg(100, 200, restart_rows=1))
    made += [
        encode(make_pixels(75, 900), restart_marker_blocks=n, subsampling=n % 3)
        for n in (1, 3, 7, 20, 33, 64)
    ]
    made.append(make_jpeg(100, 200, progressive=True))
    made.append(make_jpeg(300, 200, optimize=True, quality=98))
    return made


def frequency_major(coefficients):
    """[Hb, Wb, 8, 8] in natural order → [64, Hb, Wb] in zig-zag order."""
    flat = coefficients.reshape(*coefficients.shape[:2], 64)
    return flat[..., ZIGZAG].transpose(2, 0, 1)


def through_libjpeg(file):
    return _C.read_jpeg_through_libjpeg(file, recover=False, max_pixels=1 << 30)


def assert_row(row, file, *, layout="block", num_frequencies=64, luma_only=False):
    header, components, _ = through_libjpeg(file)
    assert (row.height, row.width) == (header.height, header.width)
    assert len(row.components) == (1 if luma_only else len(components))
    for ours, (coefficients, quantization, sampling) in zip(row.components, components, strict=False):
        planes = frequency_major(coefficients)
        if layout == "block":
            assert ours.coefficients.shape == coefficients.shape
            planes = np.where(np.arange(64)[:, None, None] < num_frequencies, planes, 0)
            np.testing.assert_array_equal(frequency_major(ours.coefficients), planes)
        else:
            np.testing.assert_array_equal(ours.coefficients, planes[:num_frequencies])
        np.testing.assert_array_equal(ours.quantization, quantization)
        assert ours.sampling == sampling


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("layout", ["block", "frequency"])
@pytest.mark.parametrize("num_frequencies", [64, 24, 1, 9])
@pytest.mark.parametrize("luma_only", [False, True])
def test_rows_are_what_libjpeg_reads(files, monkeypatch, level, layout, num_frequencies, luma_only):
    monkeypatch.setenv("FASTDCT_CPU", level)
    options = {"layout": layout, "num_frequencies": num_frequencies, "luma_only": luma_only}
    batch = fastdct.read_batch(files, **options)
    assert len(batch) == len(files)
    for row, file in zip(batch, files, strict=True):
        assert_row(row, file, **options)


@pytest.mark.parametrize("num_threads", [1, 2, 5])
def test_threads_do_not_change_the_result(files, num_threads):
    for row, file in zip(fastdct.read_batch(files, num_threads=num_threads), files, strict=True):
        assert_row(row, file)


@pytest.mark.parametrize("blocks", [0, 1, 13, 250, 4000])
@pytest.mark.parametrize("layout", ["block", "frequency"])
def test_a_large_image_is_shared_out(blocks, layout):
    """Files above 256 KB, with and without restart markers, alone in their batch."""
    file = encode(make_pixels(1500, 2000, noise=30), quality=92, restart_marker_blocks=blocks)
    assert len(file) > 1 << 18
    broken = [file[:-20000], file[: len(file) // 2] + bytes(400) + file[len(file) // 2 :]]
    if blocks > 0:
        broken.append(file.replace(b"\xff\xd3", b"\xff\xd4", 1))
    for damaged in (file, *broken):
        for num_threads in (2, 5):
            row = fastdct.read_batch([damaged], layout=layout, num_threads=num_threads, on_error="mask")[0]
            if damaged is file:
                assert_row(row, file, layout=layout)
            else:
                assert row is None


@pytest.mark.parametrize(
    "options", [{"subsampling": 0}, {"subsampling": 1}, {"subsampling": 2, "optimize": True}]
)
@pytest.mark.parametrize("quality", [60, 95])
def test_threads_do_not_change_what_read_returns(options, quality):
    pixels = make_pixels(1800, 2100, noise=60)
    file = encode(pixels, quality=quality, **options)
    for gray in (False, True):
        if gray:
            file = encode(np.ascontiguousarray(pixels[..., 0]), quality=quality)
        assert len(file) > 1 << 18
        alone = fastdct.read(file)
        for num_threads in (2, 3, 16):
            shared = fastdct.read(file, num_threads=num_threads)
            for ours, theirs in zip(shared.components, alone.components, strict=True):
                np.testing.assert_array_equal(ours.coefficients, theirs.coefficients)
        assert_row(fastdct.read_batch([file], num_frequencies=1, num_threads=2)[0], file, num_frequencies=1)


def test_paths_and_buffers_of_every_kind(files, tmp_path):
    path = tmp_path / "blå.jpg"
    path.write_bytes(files[0])
    kinds = [
        path,
        str(path),
        files[0],
        bytearray(files[0]),
        memoryview(files[0]),
        np.frombuffer(files[0], np.uint8),
    ]
    for row in fastdct.read_batch(kinds):
        assert_row(row, files[0])


def test_an_empty_sequence_gives_an_empty_batch():
    assert list(fastdct.read_batch([])) == []


def bad_sources(tmp_path):
    (tmp_path / "text.jpg").write_text("no picture")
    (tmp_path / "empty.jpg").write_bytes(b"")
    good = make_jpeg()
    return [
        tmp_path / "missing.jpg",
        tmp_path,
        tmp_path / "text.jpg",
        tmp_path / "empty.jpg",
        "a\0b.jpg",
        b"",
        b"\x89PNG\r\n\x1a\n" + bytes(100),
        b"\xff" * 5000,
        good[:30],
        good[: len(good) // 2],
        good.replace(b"\xff\xdb", b"\xff\xee"),  # no quantization tables
        huge_header(),
    ]


def huge_header():
    """An ordinary file whose frame header says 65000 x 65000."""
    good = bytearray(make_jpeg())
    frame = good.index(b"\xff\xc0")
    good[frame + 5 : frame + 9] = (65000).to_bytes(2, "big") * 2
    return bytes(good)


def test_each_bad_source_fails_as_read_does_and_touches_no_other_row(files, tmp_path):
    bad = bad_sources(tmp_path)
    sources = [source for pair in zip(bad, files, strict=False) for source in pair]
    start = time.perf_counter()
    batch = fastdct.read_batch(sources, on_error="mask")
    assert time.perf_counter() - start < 2
    assert set(batch.errors) == set(range(0, len(sources), 2))
    for position, row in enumerate(batch):
        if position % 2:
            assert_row(row, sources[position])
            continue
        assert row is None
        with pytest.raises(JpegError) as caught:
            fastdct.read(sources[position])
        assert str(batch.errors[position]) == str(caught.value)


def test_skip_leaves_failed_rows_out(files):
    batch = fastdct.read_batch([b"", files[0], b"x", files[1]], on_error="skip")
    assert batch.indices == (1, 3)
    assert len(batch) == 2
    assert set(batch.errors) == {0, 2}
    assert_row(batch[1], files[1])


@pytest.mark.parametrize("num_threads", [1, 3])
def test_raise_gives_the_first_error_in_order(files, num_threads):
    sources = [*files[:5], b"", *files[5:9], b"\xff\xd8text", *files]
    with pytest.raises(JpegError, match="empty"):
        fastdct.read_batch(sources, num_threads=num_threads)


def test_max_pixels_is_an_error_of_the_row(files):
    batch = fastdct.read_batch(files, max_pixels=20_000, on_error="mask")
    for row, file in zip(batch, files, strict=True):
        header, _, _ = through_libjpeg(file)
        assert (row is None) == (header.height * header.width > 20_000)


def test_out_reuses_memory(files):
    first = fastdct.read_batch(files)
    size = first.num_bytes
    pointer = first[0].components[0].coefficients.ctypes.data
    second = fastdct.read_batch(files, out=first, num_threads=1)
    third = fastdct.read_batch(files[:3], layout="frequency", out=second, num_threads=1)
    assert third.num_bytes == size
    assert third[0].components[0].coefficients.ctypes.data == pointer
    assert_row(third[0], files[0], layout="frequency")
    with pytest.raises(ValueError, match="given to another"):
        first[0]


def test_arrays_outlive_their_batch(files):
    array = fastdct.read_batch(files)[1].components[0].coefficients
    gc.collect()
    fastdct.read_batch(files)
    _, components, _ = through_libjpeg(files[1])
    np.testing.assert_array_equal(array, components[0][0])


def test_a_sequence(files):
    batch = fastdct.read_batch(files)
    assert len(batch[1:3]) == 2
    assert_row(batch[-1], files[-1])
    with pytest.raises(IndexError):
        batch[len(files)]
    assert repr(batch) == f"CoefficientBatch(rows={len(files)}, errors=0)"
    assert "[6, 8, 8, 8]" in repr(batch[0])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layout": "planar"}, "layout"),
        ({"on_error": "ignore"}, "on_error"),
        ({"num_frequencies": 0}, "num_frequencies"),
        ({"num_frequencies": 65}, "num_frequencies"),
        ({"num_threads": 0}, "num_threads"),
    ],
)
def test_odd_options_are_refused(files, options, message):
    with pytest.raises(ValueError, match=message):
        fastdct.read_batch(files, **options)


def test_a_single_source_is_refused(files):
    with pytest.raises(TypeError, match="sequence of sources"):
        fastdct.read_batch(files[0])
    with pytest.raises(TypeError, match="JPEG source"):
        fastdct.read_batch([1])


def test_an_odd_cpu_level_is_refused(files, monkeypatch):
    monkeypatch.setenv("FASTDCT_CPU", "sse9")
    with pytest.raises(ValueError, match="portable, avx2 or avx512"):
        fastdct.read_batch(files)


def test_the_interpreter_runs_meanwhile(files):
    count = 0
    done = threading.Event()

    def read():
        fastdct.read_batch(files * 20, num_threads=1)
        done.set()

    thread = threading.Thread(target=read)
    thread.start()
    while not done.is_set():
        count += 1
        time.sleep(0.001)
    thread.join()
    assert count > 1


def test_calls_from_several_threads(files):
    failures = []

    def read():
        try:
            for row, file in zip(fastdct.read_batch(files, num_threads=3), files, strict=True):
                assert_row(row, file)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def _read_in_child(files, connection):
    connection.send(
        [row.components[0].coefficients.sum().item() for row in fastdct.read_batch(files, num_threads=3)]
    )


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_decodes(files):
    expected = [
        row.components[0].coefficients.sum().item() for row in fastdct.read_batch(files, num_threads=3)
    ]
    context = multiprocessing.get_context("fork")
    for _ in range(3):
        ours, theirs = context.Pipe()
        child = context.Process(target=_read_in_child, args=(files, theirs))
        child.start()
        assert ours.poll(30), "the child hangs"
        assert ours.recv() == expected
        child.join(30)
        assert child.exitcode == 0


class _Dataset:
    """Two images an item, decoded in the worker."""

    def __init__(self, files):
        self.files = files

    def __len__(self):
        return len(self.files)

    def __getitem__(self, index):
        row = fastdct.read_batch([self.files[index]] * 2, num_threads=2)[1]
        return row.components[0].coefficients.copy()


def test_a_forking_data_loader_decodes(files):
    data = pytest.importorskip("torch.utils.data")
    fastdct.read_batch(files, num_threads=2)
    loader = data.DataLoader(
        _Dataset(files), batch_size=None, num_workers=2, multiprocessing_context="fork", timeout=60
    )
    for array, file in zip(loader, files, strict=True):
        np.testing.assert_array_equal(np.asarray(array), through_libjpeg(file)[1][0][0])


def test_exit_does_not_hang(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(make_jpeg(375, 500))
    program = f"""
import threading, fastdct
fastdct.read_batch([{str(path)!r}] * 50, num_threads=4)
threading.Thread(target=lambda: fastdct.read_batch([{str(path)!r}] * 2000, num_threads=4), daemon=True).start()
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def num_descriptors():
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_bad_files_leak_neither_descriptors_nor_memory(files, tmp_path):
    (tmp_path / "cut.jpg").write_bytes(files[4][: len(files[4]) // 2])
    sources = [*bad_sources(tmp_path), tmp_path / "cut.jpg"] * 10

    def read():
        for _ in range(20):
            fastdct.read_batch(sources, on_error="mask", num_threads=2)

    read()
    gc.collect()
    descriptors, memory = num_descriptors(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(3):
        read()
    assert num_descriptors() == descriptors
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 4 << 10  # KB, of 8000 bad files


@pytest.mark.parametrize("restart_marker_blocks", [0, 100])
def test_a_shared_out_image_leaves_nothing_behind(files, restart_marker_blocks):
    large = encode(make_pixels(1500, 2000, noise=30), quality=92, restart_marker_blocks=restart_marker_blocks)
    for _ in range(3):
        assert_row(fastdct.read_batch([large], num_threads=2)[0], large)
        for row, file in zip(
            fastdct.read_batch(files[:6], num_frequencies=1, num_threads=1), files, strict=False
        ):
            assert_row(row, file, num_frequencies=1)
        assert_row(fastdct.read_batch([files[0]], num_threads=1)[0], files[0])


@pytest.mark.parametrize("num_threads", [1, 2])
@pytest.mark.parametrize("large", [False, True])
def test_memory_is_bounded_by_the_output(files, tmp_path, num_threads, large):
    """The output, the bytes of files in flight, and 2 MB a thread; and a huge page that is not full."""
    path = tmp_path / "a.jpg"
    path.write_bytes(encode(make_pixels(2000, 3000, noise=30), quality=90) if large else files[4])
    program = f"""
import resource, fastdct
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
batch = fastdct.read_batch([{str(path)!r}] * {1 if large else 200}, num_threads={num_threads})
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
size = sum(c.coefficients.nbytes for row in batch for c in row.components)
print((after - before) * 1024 - size)
"""
    environment = {**os.environ, "MALLOC_ARENA_MAX": "1"}
    over = int(
        subprocess.run(
            [sys.executable, "-c", program], check=True, capture_output=True, env=environment
        ).stdout
    )
    in_flight = path.stat().st_size * (1 if large else 3 * num_threads)
    assert over < in_flight + num_threads * (2 << 20) + (2 << 20), f"{over / 2**20:.1f} MB over"


def test_errors_survive_pickling(files):
    batch = fastdct.read_batch([b""], on_error="mask")
    error = pickle.loads(pickle.dumps(batch.errors[0]))
    assert str(error) == str(batch.errors[0])
