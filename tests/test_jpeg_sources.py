"""What may be read: the same image from every kind of source."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import numpy as np
import pytest

import fastdct
from fastdct import JpegError
from jpegs import assert_same, make_jpeg

DATA = make_jpeg(seed=1)


@pytest.mark.parametrize(
    "wrap",
    [
        bytes,
        bytearray,
        memoryview,
        lambda data: np.frombuffer(data, np.uint8),
        lambda data: np.frombuffer(data, "S1"),
        lambda data: np.repeat(np.frombuffer(data, np.uint8), 3)[::3],
        lambda data: memoryview(np.repeat(np.frombuffer(data, np.uint8), 2))[::2],
    ],
    ids=["bytes", "bytearray", "memoryview", "array", "S1 array", "strided array", "strided memoryview"],
)
def test_buffers(wrap):
    assert_same(fastdct.read(wrap(DATA)), fastdct.read(DATA))
    assert fastdct.probe(wrap(DATA)) == fastdct.probe(DATA)


@pytest.mark.parametrize("wrap", [str, Path, os.fsencode], ids=["str", "Path", "PathLike of bytes"])
def test_paths(wrap, tmp_path):
    path = tmp_path / "naïve photo.jpg"
    path.write_bytes(DATA)
    source = wrap(path)
    if isinstance(source, bytes):
        source = type("P", (os.PathLike,), {"__fspath__": lambda self: os.fsencode(path)})()
    assert_same(fastdct.read(source), fastdct.read(DATA))


def test_tensor():
    torch = pytest.importorskip("torch")
    tensor = torch.tensor(list(DATA), dtype=torch.uint8)
    assert_same(fastdct.read(tensor), fastdct.read(DATA))
    with pytest.raises(TypeError, match="<Tensor> must be uint8 and one-dimensional, not int64"):
        fastdct.read(tensor.long())


def test_tensor_by_duck_type():
    class Tensor:
        def __init__(self, array):
            self.array = array

        def detach(self):
            return self

        cpu = detach

        def numpy(self):
            return self.array

    assert_same(fastdct.read(Tensor(np.frombuffer(DATA, np.uint8))), fastdct.read(DATA))


@pytest.mark.parametrize("source", [None, 7, [255, 216], io.BytesIO(b"")])
def test_other_types(source):
    with pytest.raises(TypeError, match=r"a JPEG source is a path, bytes, .*, not"):
        fastdct.read(source)


@pytest.mark.parametrize("array", [np.zeros((4, 4), np.uint8), np.zeros(9, np.int16), np.zeros(9, np.int8)])
def test_wrong_arrays(array):
    with pytest.raises(TypeError, match="must be uint8 and one-dimensional, not"):
        fastdct.read(array)


def test_missing_file(tmp_path):
    for function in (fastdct.read, fastdct.probe):
        with pytest.raises(JpegError, match=r"nowhere\.jpg: cannot be read: No such file") as raised:
            function(tmp_path / "nowhere.jpg")
        assert raised.value.source_name == str(tmp_path / "nowhere.jpg")


def test_directory(tmp_path):
    with pytest.raises(JpegError, match="cannot be read: a directory, not a file"):
        fastdct.read(tmp_path)


def test_files_that_come_in_parts(tmp_path, monkeypatch):
    (tmp_path / "photo.jpg").write_bytes(DATA)
    whole, header = fastdct.read(DATA), fastdct.probe(DATA)
    read = os.read
    monkeypatch.setattr(os, "read", lambda descriptor, count: read(descriptor, min(count, 1000)))
    assert_same(fastdct.read(tmp_path / "photo.jpg"), whole)
    assert fastdct.probe(tmp_path / "photo.jpg") == header


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no POSIX special files")
def test_special_files(tmp_path):
    """Reading these would never end: a pipe that nobody writes to, a device that never stops."""
    os.mkfifo(tmp_path / "pipe.jpg")
    for path in (tmp_path / "pipe.jpg", "/dev/zero"):
        with pytest.raises(JpegError, match="cannot be read: not a regular file"):
            fastdct.read(path)


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="everything is readable here")
def test_unreadable_file(tmp_path):
    path = tmp_path / "secret.jpg"
    path.write_bytes(DATA)
    path.chmod(0)
    with pytest.raises(JpegError, match=r"secret\.jpg: cannot be read: Permission denied"):
        fastdct.read(path)


def test_null_in_path():
    with pytest.raises(JpegError, match=r"cannot be read: .*null"):
        fastdct.read("a\0b.jpg")


def test_image_outlives_its_source():
    buffer = bytearray(DATA)
    image = fastdct.read(buffer)
    buffer[:] = bytes(len(buffer))
    del buffer
    assert_same(image, fastdct.read(DATA))
