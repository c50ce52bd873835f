"""fastdct beside others in one process, in threads, and what its extension shows of itself."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import pytest

import fastdct
from fastdct import _C, JpegError
from jpegs import assert_same, make_jpeg, make_pixels, read_or_error

NEIGHBOURS = [name for name in ("PIL.Image", "cv2", "simplejpeg", "jpeglib") if find_spec(name.split(".")[0])]

READ_BESIDE_NEIGHBOUR = """
import hashlib, importlib, io, sys

def digest(path):
    import fastdct
    image = fastdct.read(path)
    hashes = [hashlib.sha1(component.coefficients.tobytes()).hexdigest() for component in image.components]
    again = fastdct.read(fastdct.write(image))
    assert all((a.coefficients == b.coefficients).all() for a, b in zip(image.components, again.components))
    return ";".join(hashes)

def use(name, path):
    module = importlib.import_module(name)
    data = open(path, "rb").read()
    if name == "PIL.Image":
        module.open(io.BytesIO(data)).load()
    elif name == "cv2":
        assert module.imread(path) is not None
    elif name == "simplejpeg":
        module.decode_jpeg(data)
    else:
        module.read_dct(path)

_, path, first, *names = sys.argv
results = [digest(path)] if first == "fastdct" else []
for name in names:
    use(name, path)
    results.append(digest(path))
    use(name, path)
assert len(set(results)) == 1
print(results[0])
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    path.write_bytes(make_jpeg(100, 120))
    return path


@pytest.fixture
def expected(path: Path) -> str:

    components = fastdct.read(path).components
    return ";".join(hashlib.sha1(component.coefficients.tobytes()).hexdigest() for component in components)


@pytest.mark.parametrize("first", ["fastdct", "neighbour"])
@pytest.mark.parametrize(
    "names", [*([name] for name in NEIGHBOURS), NEIGHBOURS, NEIGHBOURS[::-1]], ids="+".join
)
def test_neighbours_with_their_own_libjpeg(names, first, path, expected):
    assert "PIL.Image" in NEIGHBOURS
    command = [sys.executable, "-c", READ_BESIDE_NEIGHBOUR, str(path), first, *names]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == expected


@pytest.mark.skipif(shutil.which("nm") is None or sys.platform != "linux", reason="needs nm and ELF")
def test_only_the_init_function_is_exported():
    command = ["nm", "-D", "--defined-only", "--format=posix", _C.__file__]
    listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert [line.split()[0] for line in listing.splitlines()] == ["PyInit__C"]


def test_core_is_imported_without_torch():
    code = "import sys, fastdct.jpeg; print(sorted({'torch', 'PIL', 'cv2', 'lancedb', 'faiss', 'rich'} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"


def test_gil_is_released_while_reading():
    """With thread switches all but turned off, another thread gets to run only if the reading one lets go."""
    data = make_jpeg(pixels=make_pixels(1200, 1600), progressive=True)
    fastdct.read(data)
    about_to_read, done = threading.Event(), threading.Event()
    interval = sys.getswitchinterval()

    def read() -> None:
        about_to_read.set()
        fastdct.read(data)
        done.set()

    sys.setswitchinterval(100)
    try:
        thread = threading.Thread(target=read)
        thread.start()
        about_to_read.wait()
        ran_during_the_read = not done.is_set()
    finally:
        sys.setswitchinterval(interval)
        thread.join()
    assert ran_during_the_read


def test_threads_read_what_one_reads():
    files = [make_jpeg(40 + i, 90 - i, progressive=i % 2 == 0, seed=i) for i in range(12)]
    files += [data[: len(data) // 2] for data in files]
    alone = [read_or_error(data) for data in files]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(read_or_error, files * 20))
    for index, result in enumerate(together):
        reference = alone[index % len(files)]
        if isinstance(reference, JpegError):
            assert str(result) == str(reference)
        else:
            assert_same(result, reference)
