"""Large images that several threads share out, and what reads leave to those after them on the same threads."""

import functools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastdct
from fastdct import _C
from jpegs import make_jpeg, make_pixels
from rows import assert_row, encode, files_of_every_kind, through_libjpeg


@pytest.fixture(scope="module")
def files():
    return files_of_every_kind()


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


@functools.cache
def mixture():
    """Files that threads share out, others, and damaged ones, in turn; each with libjpeg-turbo's error, or None."""
    pixels = make_pixels(700, 1000, noise=60)
    large = [
        encode(pixels, quality=95),
        encode(pixels, quality=95, restart_marker_blocks=50),
        encode(pixels, quality=95, optimize=True, subsampling=0),
        encode(np.ascontiguousarray(pixels[..., 1]), quality=97),
        encode(pixels[:320, :320], quality=99, progressive=True),
    ]
    small = [
        make_jpeg(48, 64, seed=1),
        make_jpeg(123, 260, subsampling="4:4:4", progressive=True),
        make_jpeg(100, 200, restart_rows=1, optimize=True),
        make_jpeg(75, 90, subsampling="4:0:0", quality=40),
    ]
    assert all(len(file) > 1 << 18 for file in large[:4])
    files = [
        *large,
        *small,
        *(damaged(file) for file in large + small),
        *(file[: len(file) // 2] for file in large),
    ]
    return [(file, error_of(file)) for file in files]


def damaged(file):
    """A copy with a byte of its data changed."""
    place = len(file) * 2 // 3
    return file[:place] + bytes([file[place] ^ 0x10]) + file[place + 1 :]


def error_of(file):
    try:
        through_libjpeg(file)
    except _C.JpegError as error:
        return str(error)
    return None


READS = st.lists(
    st.tuples(
        st.lists(st.integers(0, 22), min_size=1, max_size=4),
        st.fixed_dictionaries(
            {
                "num_frequencies": st.sampled_from([1, 1, 9, 64]),
                "layout": st.sampled_from(["block", "frequency"]),
                "luma_only": st.booleans(),
            }
        ),
        st.integers(1, 3),
        st.booleans(),
    ),
    min_size=2,
    max_size=5,
)


@settings(max_examples=25)
@given(READS)
def test_reads_leave_nothing_to_the_next_ones(reads):
    """Decoders stay with their thread: whatever they read before, in parts, for its DC or in vain, changes nothing."""
    batch = None
    for chosen, options, num_threads, reuse in reads:
        files, errors = zip(*(mixture()[index] for index in chosen), strict=True)
        batch = fastdct.read_batch(
            files, **options, num_threads=num_threads, on_error="mask", out=batch if reuse else None
        )
        for position, (row, file, error) in enumerate(zip(batch, files, errors, strict=True)):
            if error is None:
                assert_row(row, file, **options)
            else:
                assert row is None
                assert error in str(batch.errors[position])
