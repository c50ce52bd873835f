"""Entropy decoding as a device does it, its threads played in random order, against the CPU's."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastdct
from device_scans import DAMAGED, IMPOSSIBLE_DC, OVERFLOW, SUBSEQUENCE_BITS, decode
from fastdct import _C
from jpegs import SAMPLINGS, make_image, make_jpeg, make_pixels, scan_start
from rows import encode, files_of_every_kind, through_libjpeg
from test_jpeg_conformance import COMMITTED


def assert_same_as_cpu(decoded, row, file):
    header, components, _ = through_libjpeg(file)
    ours = decoded.batch.header(row)
    assert (ours.height, ours.width, ours.sampling) == (header.height, header.width, header.sampling)
    first = decoded.batch.first_plane[row]
    for index, (found, (expected, table, _)) in enumerate(
        zip(decoded.components(row), components, strict=True)
    ):
        np.testing.assert_array_equal(found, expected)
        number = decoded.batch.planes["quantization"][first + index]
        np.testing.assert_array_equal(decoded.batch.quantization[number], table)


def check(files, *, subsequence_bits=0, seed=0):
    """What the CPU's decoder reads is decoded to the same bits, and nothing else is.

    But for progressive files, and where guesses find the blocks too late: in subsequences that are shorter than a
    block, and in flat pictures whose empty blocks are the same 2 bits in all tables.
    """
    decoded = decode(files, subsequence_bits=subsequence_bits, seed=seed)
    for row, file in enumerate(files):
        reason, status = decoded.batch.reasons[row], decoded.statuses[row]
        anomaly = _C.find_anomaly(file)
        if reason is None and status == 0:
            assert anomaly is None
            assert_same_as_cpu(decoded, row, file)
        elif anomaly is None and reason is None:
            bits_of_block = len(file) * 8 / decoded.num_blocks(row)
            assert bits_of_block > subsequence_bits > 0 or bits_of_block < 3
        elif anomaly is None:
            assert (reason, status) == ("progressive", 0)
    return decoded


def made(sampling, *, color_space="", seed=0, max_step=25):
    """With steps of up to 25, no DC is impossible. RGB and CMYK are written with one pair of tables."""
    image = make_image(90, 130, sampling=sampling, color_space=color_space, max_step=max_step, seed=seed)
    return fastdct.write(image)


@pytest.fixture(scope="module")
def files():
    return [
        *files_of_every_kind(),
        *(made(sampling, seed=seed) for seed, sampling in enumerate(SAMPLINGS.values())),
        made(((1, 1),) * 3, color_space="RGB"),
        made(((2, 2), (1, 1), (1, 1)), color_space="RGB"),
        made(((1, 1),) * 4, color_space="CMYK"),
        made(((2, 2), (1, 1), (1, 1), (2, 2)), color_space="YCCK"),
    ]


@pytest.mark.parametrize("subsequence_bits", [0, *SUBSEQUENCE_BITS])
def test_made_files(files, subsequence_bits):
    decoded = check(files, subsequence_bits=subsequence_bits, seed=subsequence_bits)
    assert (decoded.statuses == 0).sum() >= len(files) - 1
    assert [reason for reason in decoded.batch.reasons if reason] == ["progressive"]


@pytest.mark.parametrize("subsequence_bits", SUBSEQUENCE_BITS)
def test_committed_files(subsequence_bits):
    check([path.read_bytes() for path in sorted(COMMITTED.glob("*.jpg"))], subsequence_bits=subsequence_bits)


def test_conformance_corpus(test_data, run_all):
    paths = sorted(path for path in (test_data / "conformance" / "valid").rglob("*") if path.is_file())
    chosen = paths if run_all else random.Random(5).sample(paths, 150)
    for first in range(0, len(chosen), 50):
        files = [path.read_bytes() for path in chosen[first : first + 50]]
        for subsequence_bits in SUBSEQUENCE_BITS if run_all else SUBSEQUENCE_BITS[2::2]:
            check(files, subsequence_bits=subsequence_bits)


@pytest.mark.parametrize("subsequence_bits", [0, 1024, 16384])
def test_a_larger_picture(subsequence_bits):
    """Whose segments have links and pages of several tiles."""
    pixels = make_pixels(1200, 1600, noise=20)
    files = [encode(pixels, quality=quality, subsampling=2) for quality in (50, 92)]
    files.append(encode(pixels, quality=80, restart_marker_blocks=1))
    assert not check(files, subsequence_bits=subsequence_bits).statuses.any()


def test_a_flat_picture_has_many_blocks_of_few_bits():
    flat = np.full((900, 900, 3), 77, np.uint8)
    files = [encode(flat, optimize=optimize, subsampling=0) for optimize in (False, True)]
    for subsequence_bits in (0, 1024, 16384):
        assert check(files, subsequence_bits=subsequence_bits).statuses[0] == 0


def test_order_of_threads_and_number_of_them_change_nothing(files):
    first = decode(files, seed=1)
    for seed in (2, 3):
        other = decode(files, seed=seed, num_threads=seed)
        np.testing.assert_array_equal(other.blocks, first.blocks)


def test_sources_of_every_kind(tmp_path):
    good = make_jpeg()
    (tmp_path / "good.jpg").write_bytes(good)
    sources = [
        str(tmp_path / "good.jpg"),
        str(tmp_path / "missing.jpg"),
        b"",
        memoryview(good),
        b"\xff\xd8text",
    ]
    sources += [np.frombuffer(good, np.uint8), make_jpeg(progressive=True), make_jpeg(200, 300)]
    decoded = decode(sources)
    reasons = decoded.batch.reasons
    assert [reason is None for reason in reasons] == [True, False, False, True, False, True, False, True]
    assert "cannot be read" in reasons[1]
    assert reasons[6] == "progressive"
    for row in (0, 3, 5):
        assert_same_as_cpu(decoded, row, good)
    assert not decoded.statuses.any()
    batch = _C.ScanBatch(sources, max_pixels=50000, num_threads=2)
    assert batch.reasons[7] == "more pixels than asked for"
    assert len(_C.ScanBatch([], max_pixels=1, num_threads=2)) == 0
    assert decode([]).statuses.size == 0


def test_a_batch_is_written_once():
    batch = _C.ScanBatch([make_jpeg()], max_pixels=1 << 20, num_threads=1)
    arena = np.empty(batch.arena_bytes, np.uint8)
    batch.write(arena.ctypes.data, num_threads=1)
    with pytest.raises(ValueError, match="written before"):
        batch.write(arena.ctypes.data, num_threads=1)
    with pytest.raises(ValueError, match="multiple of 128"):
        _C.ScanBatch([], max_pixels=1, num_threads=1, subsequence_bits=100)


def test_an_impossible_dc_is_left_to_the_cpu():
    file = made(SAMPLINGS["4:2:0"], max_step=255)
    assert _C.find_anomaly(file) is not None
    assert decode([file]).statuses[0] == IMPOSSIBLE_DC


HEALTHY = [
    make_jpeg(64, 80),
    make_jpeg(64, 80, subsampling="4:4:4", optimize=True, quality=95),
    make_jpeg(64, 80, restart_rows=1),
    made(((1, 1),) * 3, color_space="RGB"),
]


@settings(max_examples=60)
@given(data=st.data())
def test_damage(data):
    """Flipped bits, cuts and bytes behind the data: the CPU's answer, or a status that asks for it."""
    damaged = []
    for file in HEALTHY:
        bad = bytearray(file)
        for _ in range(data.draw(st.integers(1, 3))):
            bad[data.draw(st.integers(scan_start(file), len(file) - 3))] ^= 1 << data.draw(st.integers(0, 7))
        end = data.draw(st.sampled_from([len(bad), len(bad) - 2])) - data.draw(st.integers(0, 40))
        damaged += [bytes(bad), bytes(bad[:end]), bytes(bad[:end]) + b"\xff\xd9"]
    subsequence_bits = data.draw(st.sampled_from(SUBSEQUENCE_BITS))
    decoded = decode(damaged, subsequence_bits=subsequence_bits, seed=data.draw(st.integers(0, 9)))
    for row, file in enumerate(damaged):
        if decoded.batch.reasons[row] is None and decoded.statuses[row] == 0:
            assert _C.find_anomaly(file) is None
            assert_same_as_cpu(decoded, row, file)


def test_one_bad_file_costs_itself_only():
    """Zeros are blocks of 6 bits, far more than the picture has: whoever lists them soon has no memory left."""
    good = make_jpeg(200, 300)
    start = scan_start(good)
    cut = good[: len(good) // 2] + b"\xff\xd9"
    zeros = good[:start] + bytes(len(good) - start - 2) + b"\xff\xd9"
    decoded = decode([good, cut, good, zeros, good], subsequence_bits=1024)
    assert decoded.statuses.tolist() == [0, DAMAGED, 0, OVERFLOW, 0]
    for row in (0, 2, 4):
        assert_same_as_cpu(decoded, row, good)


@pytest.mark.parametrize("pattern", [b"\x00", b"\x55", b"\xa5\x3c\x81", b"\xfe\xfd"])
def test_hostile_data_take_bounded_time_and_memory(pattern):
    """A thread goes 64 kbit past its end at most, and a block further: csrc/jpeg/device/link_lists.h."""
    good = make_jpeg(400, 600)
    start = scan_start(good)
    size = len(good) - start - 2
    file = good[:start] + (pattern * size)[:size] + b"\xff\xd9"
    for subsequence_bits in (128, 1024, 16384):
        decoded = decode([file], subsequence_bits=subsequence_bits)
        num_threads = 8 * size // subsequence_bits + 1
        assert decoded.num_bits < 8 * size + num_threads * (65536 + 64 * 31)
        assert decoded.batch.workspace_bytes < 65536 + size * (20 + 65536 // subsequence_bits)
        assert decoded.statuses[0] != 0
