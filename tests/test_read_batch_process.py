"""`read_batch` in its process: other threads, forked children, exit, descriptors and memory."""

import gc
import multiprocessing
import os
import resource
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import fastdct
from jpegs import make_jpeg, make_pixels, segment
from rows import assert_row, bad_sources, encode, files_of_every_kind, through_libjpeg


@pytest.fixture(scope="module")
def files():
    return files_of_every_kind()


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


def test_data_behind_a_small_picture_take_no_memory(tmp_path):
    """16 MB of zeros after the one block of a picture, which are 67 million blocks to who passes over them."""
    codes = bytes([1] + [0] * 15) + b"\0"  # of symbol 0 alone: 0
    frame = b"\x08" + bytes((0, 8, 0, 8, 1, 1, 0x11, 0))
    file = b"\xff\xd8" + segment(0xDB, b"\0" + b"\1" * 64) + segment(0xC0, frame)
    file += segment(0xC4, b"\x00" + codes) + segment(0xC4, b"\x10" + codes)
    file += segment(0xDA, bytes((1, 1, 0, 0, 63, 0))) + bytes(16 << 20) + b"\xff\xd9"
    path = tmp_path / "a.jpg"
    path.write_bytes(file)
    program = f"""
import pathlib, resource, fastdct
file = pathlib.Path({str(path)!r}).read_bytes()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    fastdct.read(file, num_threads=2)
except fastdct.JpegError as error:
    assert "extraneous bytes" in str(error)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    result = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    assert int(result.stdout) < 24 << 10, "the data without stuffing, 16 MB, and little more"


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
