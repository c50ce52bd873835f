"""Many files in one call: the same coefficients as one by one, whatever the layout, order and errors."""

import gc
import pickle
import time

import numpy as np
import pytest

import fastdct
from fastdct import JpegError
from rows import assert_row, bad_sources, files_of_every_kind, through_libjpeg

LEVELS = ("portable", "avx2", "avx512")


@pytest.fixture(scope="module")
def files():
    return files_of_every_kind()


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


def test_errors_survive_pickling(files):
    batch = fastdct.read_batch([b""], on_error="mask")
    error = pickle.loads(pickle.dumps(batch.errors[0]))
    assert str(error) == str(batch.errors[0])
