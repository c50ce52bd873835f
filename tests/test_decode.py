"""Files straight to tensors: rows resampled as they are decoded give what whole images give."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import fastdct
from fastdct import JpegError, frequencies
from fastdct.decoder import Decoder
from fastdct.geometry import RandomResizedCrop, Window
from fastdct.reference import transform
from jpegs import make_jpeg, make_pixels

KINDS = [
    {"subsampling": "4:2:0"},
    {"subsampling": "4:4:4"},
    {"subsampling": "4:2:2"},
    {"subsampling": "4:0:0"},
    {"subsampling": "4:2:0", "restart_rows": 1},
    {"subsampling": "4:4:4", "restart_rows": 2, "orientation": 6},
    {"subsampling": "4:2:0", "progressive": True},
]
FILES = [
    make_jpeg(height, width, seed=seed, **kind)
    for seed, kind in enumerate(KINDS)
    for height, width in [(33, 95), (120, 161), (256, 64)]
]
ALL = frequencies.static(192)
LUMA = frequencies.explicit([0, 9, 3], [], [])


@st.composite
def windows(draw):
    data = draw(st.sampled_from(FILES))
    header = fastdct.probe(data)
    sides = (header.width, header.height)
    corners = []
    for side in sides[::-1] if header.orientation >= 5 else sides:
        start = draw(st.floats(0, side * 0.95))
        corners.append((start, draw(st.floats(min(start + 1, side), side))))
    (x1, x2), (y1, y2) = corners
    return data, Window((x1, y1, x2, y2), draw(st.booleans()))


SETTINGS = [
    {"channels": ALL},
    {"channels": LUMA},
    {"channels": frequencies.explicit([], [3, 0], [1])},
    {"channels": 24, "filter": "lanczos3", "dtype": "float16"},
    {"output": "rgb"},
]


@settings(deadline=None, max_examples=80)
@given(windows(), st.sampled_from([(8, 8), (48, 104), (152, 32)]), st.sampled_from(SETTINGS))
def test_a_file_gives_what_its_image_gives(case, size, settings_):
    data, window = case
    decoder = Decoder(size, **settings_)
    expected = decoder.decode(fastdct.read(data), window=window)
    np.testing.assert_array_equal(decoder.decode(data, window=window), expected)


@settings(deadline=None, max_examples=20)
@given(windows())
def test_two_grids_from_a_file(case):
    data, window = case
    decoder = Decoder(64, chroma_size=32)
    streamed, whole = (decoder([source], windows=[window]) for source in (data, fastdct.read(data)))
    assert torch.equal(streamed.tensor, whole.tensor)
    assert torch.equal(streamed.chroma, whole.chroma)


@pytest.mark.parametrize("num_threads", [1, 2, 7])
@pytest.mark.parametrize("level", ["portable", "avx2", "avx512"])
def test_a_batch_of_files_equals_its_images_one_by_one(num_threads, level, monkeypatch):
    monkeypatch.setenv("FASTDCT_CPU", level)
    rule = RandomResizedCrop(generator=torch.Generator().manual_seed(9))
    chosen = [rule(*transform.planes(fastdct.read(data)).upright_size) for data in FILES]
    batch = Decoder(72, num_threads=num_threads)(FILES, windows=chosen)
    for row, data, window in zip(batch.tensor, FILES, chosen, strict=True):
        image = fastdct.read(data)
        np.testing.assert_array_equal(row.numpy(), Decoder(72).decode(image, window=window))


def test_damage_inside_the_window_is_an_error_and_touches_no_other_row():
    good = FILES[1]
    bad = good[: len(good) // 2]
    batch = Decoder(40, on_error="mask", num_threads=1)([good, bad, good, b"\xff\xd8", good])
    assert set(batch.errors) == {1, 3}
    alone = Decoder(40).decode(good)
    for row in (0, 2, 4):
        np.testing.assert_array_equal(batch.tensor[row].numpy(), alone)
    with pytest.raises(JpegError):
        Decoder(40).decode(bad)


def test_rows_below_the_window_are_not_decoded():
    data = make_jpeg(256, 64, subsampling="4:2:0", quality=95)
    window = Window((0, 0, 64, 64))
    expected = Decoder(64).decode(data, window=window)
    cut = data[: len(data) // 2]
    np.testing.assert_array_equal(Decoder(64).decode(cut, window=window), expected)
    with pytest.raises(JpegError):
        Decoder(64).decode(cut)


def test_many_images_leave_nothing_behind_in_each_other():
    decoder = Decoder(56, num_threads=1, on_error="mask")
    forwards = decoder(FILES).tensor
    backwards = decoder(FILES[::-1]).tensor
    assert torch.equal(forwards, backwards.flip(0))


def test_memory_of_dropped_batches_is_used_again():
    decoder = Decoder(64)
    first = decoder(FILES)
    kept = first.tensor.clone()
    second = decoder(FILES[::-1])
    assert torch.equal(first.tensor, kept)  # what is still held is left alone
    addresses = {first.tensor.data_ptr(), second.tensor.data_ptr()}
    del first, second
    assert decoder(FILES).tensor.data_ptr() in addresses
    view = decoder(FILES).tensor[3, 2]
    values = view.clone()
    for _ in range(4):
        decoder(FILES[::-1])
    assert torch.equal(view, values)  # a view holds the memory too
    del decoder
    assert torch.equal(view, values)


def test_decoders_travel_to_other_processes():
    decoder = Decoder(
        40, channels=24, window=Window((0, 0, 30, 20)), normalize=(1, 2), filter="box", num_threads=1
    )
    copy = pickle.loads(pickle.dumps(decoder))
    assert torch.equal(copy(FILES).tensor, decoder(FILES).tensor)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs /proc")
@pytest.mark.parametrize("missing", [0, 2], ids=["whole", "without its last marker"])
def test_threads_keep_no_large_image(missing, tmp_path):
    """Progressive files are read whole, 54 MB here, before a row of them is resampled."""
    path, small = tmp_path / "a.jpg", tmp_path / "small.jpg"
    small.write_bytes(FILES[0])
    pixels = np.tile(make_pixels(250, 250), (12, 12, 1))
    file = make_jpeg(pixels=pixels, subsampling="4:4:4", quality=50, progressive=True)
    path.write_bytes(file[: len(file) - missing])
    program = f"""
import pathlib, resource, fastdct.decoder
def resident():
    return int(pathlib.Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
decode = fastdct.decoder.Decoder(56, num_threads=1)
decode([{str(small)!r}])
before = resident()
decode([{str(path)!r}])
print(resident() - before)
"""
    environment = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "1000000"}  # or malloc keeps what it gets back
    result = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, env=environment)
    assert int(result.stdout) < 27 << 20, "half an image"
