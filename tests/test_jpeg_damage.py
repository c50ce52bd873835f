"""Truncated and corrupt files: an error, or what is left and a warning; never silent garbage.

The rule is written down in csrc/jpeg/libjpeg_damage.h.
"""

from __future__ import annotations

import random
import re
from pathlib import Path

import numpy as np
import pytest

import fastdct
from fastdct import JpegError, JpegImage
from jpegs import assert_same, find_segment, make_jpeg, read_or_error, scan_start, segment

CONFORMANCE = Path(__file__).parent / "conformance"
FILES = {
    "baseline": make_jpeg(40, 56, quality=75),
    "4:4:4 optimized": make_jpeg(33, 31, subsampling="4:4:4", quality=40, optimize=True),
    "grayscale": make_jpeg(48, 48, subsampling="4:0:0"),
    "restart markers": make_jpeg(64, 48, subsampling="4:2:2", restart_rows=1),
    "progressive": make_jpeg(40, 56, progressive=True),
    "progressive grayscale": make_jpeg(24, 24, subsampling="4:0:0", progressive=True),
    "one scan a component": (CONFORMANCE / "non_interleaved_444.jpg").read_bytes(),
    "arithmetic": (CONFORMANCE / "arithmetic_420.jpg").read_bytes(),
    "progressive arithmetic": (CONFORMANCE / "arithmetic_progressive_420.jpg").read_bytes(),
}
NUM_CUTS = 150
NUM_FLIPS = 300


def blocks(image: JpegImage) -> np.ndarray:
    """Blocks [N, 64] of the only component, in the order of the scan."""
    (component,) = image.components
    return component.coefficients.reshape(-1, 64)


def num_equal(image: JpegImage, other: JpegImage) -> int:
    """Blocks before the first that differs."""
    differ = (blocks(image) != blocks(other)).any(1)
    return int(differ.argmax()) if differ.any() else len(differ)


def is_damaged(image: JpegImage) -> bool:
    return any(warning.startswith("damaged: ") for warning in image.warnings)


@pytest.mark.parametrize("name", FILES)
def test_every_truncation(name, run_all):
    """Cut anywhere: an error that says so, or the whole image where only the end-of-image marker is gone."""
    data = FILES[name]
    whole = fastdct.read(data)
    cuts = range(len(data)) if run_all else sorted(random.Random(name).sample(range(len(data)), NUM_CUTS))
    for cut in [*cuts, len(data) - 3, len(data) - 2, len(data) - 1]:
        image = read_or_error(data[:cut])
        if isinstance(image, JpegError):
            assert re.match("<bytes>: (truncated|not a JPEG|Not a JPEG|the data are empty)", str(image)), (
                cut,
                image,
            )
            check_recovered(data[:cut], whole, cut < scan_start(data))
        else:
            assert cut >= len(data) - 2, (
                f"byte {cut} of {len(data)} is the first that is missing, and nothing was said"
            )
            assert image.warnings == ("note: the end-of-image marker is missing",)
            assert_same(image, whole)


def check_recovered(cut: bytes, whole: JpegImage, in_header: bool) -> None:
    image = read_or_error(cut, recover=True)
    if isinstance(image, JpegError):
        assert in_header, image
        return
    assert is_damaged(image)
    assert [c.coefficients.shape for c in image.components] == [
        c.coefficients.shape for c in whole.components
    ]


def test_blocks_before_a_cut_are_recovered_and_the_rest_is_zero():
    data = FILES["grayscale"]
    whole = fastdct.read(data)
    num_recovered = []
    for cut in range(scan_start(data), len(data)):
        image = fastdct.read(data[:cut], recover=True)
        num_recovered.append(num_equal(image, whole))
        assert not blocks(image)[
            num_recovered[-1] + 1 :
        ].any()  # the block at the cut may hold a part of itself
    assert num_recovered == sorted(num_recovered)
    assert num_recovered[-1] == len(blocks(whole))
    assert np.bincount(num_recovered).max() < 200  # bytes a block: progress all the way


def test_a_lost_segment_costs_its_own_blocks_only():
    """Restart markers are there for this: a row of MCUs is hurt, the others are whole."""
    data = bytearray(FILES["restart markers"])
    whole = fastdct.read(bytes(data))
    first = data.index(b"\xff\xd0")
    second = data.index(b"\xff\xd1")
    data[first + 2 : second] = b"\xff\x00" * ((second - first) // 2 - 1)
    with pytest.raises(JpegError, match="Corrupt JPEG data"):
        fastdct.read(bytes(data))
    image = fastdct.read(bytes(data), recover=True)
    assert is_damaged(image)
    for ours, theirs in zip(image.components, whole.components, strict=True):
        differ = (ours.coefficients != theirs.coefficients).any((2, 3)).any(1)
        assert np.flatnonzero(differ).tolist() == [1]


@pytest.mark.parametrize("name", FILES)
def test_bit_flips(name, run_all):
    """Whatever a flip does, reading ends in an image or a JpegError, strict is never laxer than recover, and what
    the scan held before the flip is unharmed.
    """
    data = FILES[name]
    whole = fastdct.read(data)
    generator = random.Random(name)
    for _ in range(NUM_FLIPS * (20 if run_all else 1)):
        position = generator.randrange(2, len(data))
        flipped = bytearray(data)
        flipped[position] ^= 1 << generator.randrange(8)
        strict = read_or_error(bytes(flipped), max_pixels=1 << 20)
        image = read_or_error(bytes(flipped), max_pixels=1 << 20, recover=True)
        if isinstance(strict, JpegImage):
            assert isinstance(image, JpegImage)
            assert_same(strict, image)
            assert not is_damaged(image)
        elif isinstance(image, JpegImage):
            assert is_damaged(image)
        if name == "grayscale" and position >= scan_start(data):
            intact = num_equal(fastdct.read(data[:position], recover=True), whole)
            assert num_equal(image, whole) >= intact - 1  # the block at the cut may be right by chance


def test_most_flips_that_desynchronise_are_seen():
    """Flips whose bytes are left over, or run out: the detector must not be blunted unnoticed."""
    data = make_jpeg(160, 160, quality=85)
    generator = random.Random(5)
    start = scan_start(data)
    seen = 0
    for _ in range(300):
        flipped = bytearray(data)
        flipped[generator.randrange(start, len(data) - 2)] ^= 1 << generator.randrange(8)
        image = read_or_error(bytes(flipped))
        seen += isinstance(image, JpegError) or bool(image.warnings)
    assert seen > 60


class TestRule:
    """One case for each line of the rule."""

    gray = make_jpeg(64, 64, subsampling="4:0:0", seed=3)
    progressive = make_jpeg(64, 64, progressive=True, seed=3)

    def scans(self, data: bytes) -> list[int]:
        """Offsets of the tables and headers that begin each scan of a progressive file."""
        ends = [match.end() for match in re.finditer(rb"\xff(?=[\xc4\xda])", data)]
        starts = [end - 1 for end in ends if end - 1 >= find_segment(data, 0xDA)]
        return [s for s in starts if data[s + 1] == 0xC4] or starts

    def test_few_bytes_left_over_are_a_note(self):
        data = self.gray[:-2] + bytes(range(1, 12)) + self.gray[-2:]
        image = fastdct.read(data)
        assert re.match(
            r"note: .*extraneous bytes before marker 0xd9 \(scan 1, after 8 of 8", image.warnings[0]
        )
        assert_same(image, fastdct.read(self.gray))

    def test_many_bytes_left_over_are_damage(self):
        data = self.gray[:-2] + bytes(range(1, 60)) + self.gray[-2:]
        with pytest.raises(JpegError, match="extraneous bytes before marker 0xd9"):
            fastdct.read(data)
        assert_same(fastdct.read(data, recover=True), fastdct.read(self.gray))

    def edited(self, level: int) -> bytes:
        image = fastdct.read(self.gray)
        image.components[0].coefficients[..., 0, 0] = -(-level // int(image.components[0].quantization[0, 0]))
        return fastdct.write(image)

    def test_impossible_dc_is_a_note(self):
        (warning,) = fastdct.read(self.edited(1100)).warnings
        assert re.match(r"note: component 0 has a DC coefficient \(\d+\) that no 8-bit picture has$", warning)

    def test_largest_dc_is_no_note(self):
        assert fastdct.read(self.edited(1016)).warnings == ()

    def test_impossible_dc_with_bytes_left_over_is_damage(self):
        data = self.edited(1100)
        data = data[:-2] + bytes(range(1, 12)) + data[-2:]
        with pytest.raises(JpegError, match="that no 8-bit picture has, and bytes were left over"):
            fastdct.read(data)

    def test_garbage_between_segments_is_a_note(self):
        data = self.gray[:2] + b"junk" + self.gray[2:]
        image = fastdct.read(data)
        assert image.warnings == (
            "note: Corrupt JPEG data: 4 extraneous bytes before marker 0xe0 (before the first scan)",
        )
        assert_same(image, fastdct.read(self.gray))

    def test_unknown_adobe_transform_is_a_note(self):
        adobe = segment(0xEE, b"Adobe\0\x64\0\0\0\0\x07")
        offset = find_segment(self.progressive, 0xE0)
        data = self.progressive[:2] + adobe + self.progressive[offset + 18 :]
        assert fastdct.read(data).warnings[0].startswith("note: Unknown Adobe color transform code 7")

    def test_bytes_after_the_image_are_nobodys(self):
        assert fastdct.read(self.gray + b"\xff\xd8 another picture, a video").warnings == ()

    def test_incomplete_progression_with_end_marker_is_a_note(self):
        cut = self.scans(self.progressive)[4]
        image = fastdct.read(self.progressive[:cut] + b"\xff\xd9")
        assert all(
            warning.startswith("note: incomplete progression: component") for warning in image.warnings
        )
        assert image.warnings

    def test_incomplete_progression_without_end_marker_is_damage(self):
        for cut in self.scans(self.progressive)[1:]:
            with pytest.raises(JpegError, match="truncated: incomplete progression: component"):
                fastdct.read(self.progressive[:cut])

    def test_a_component_without_scan_is_damage(self):
        data = FILES["one scan a component"]
        second = data.index(b"\xff\xda", scan_start(data))
        cut = data[:second] + b"\xff\xd9"
        with pytest.raises(JpegError, match="component 1 is in no scan"):
            fastdct.read(cut)
        image = fastdct.read(cut, recover=True)
        whole = fastdct.read(data)
        np.testing.assert_array_equal(image.components[0].coefficients, whole.components[0].coefficients)
        assert not image.components[1].coefficients.any()
        np.testing.assert_array_equal(image.components[1].quantization, whole.components[1].quantization)

    @pytest.mark.parametrize("name", ["arithmetic", "progressive arithmetic"])
    def test_arithmetic_without_end_marker_is_damage(self, name):
        with pytest.raises(JpegError, match=r"truncated: .*the end-of-image marker is missing"):
            fastdct.read(FILES[name][:-2])

    def test_many_warnings_are_counted(self):
        data = self.gray[: scan_start(self.gray)] + b"\xff\x00" * 40 + b"\xff\xd9"
        warnings = fastdct.read(data, recover=True).warnings
        assert len(warnings) <= 17

    def test_a_fatal_error_keeps_the_scans_before_it(self):
        starts = self.scans(self.progressive)
        data = bytearray(self.progressive)
        header = data.index(b"\xff\xda", starts[3])
        data[header + 4] = 9  # components in the scan: more than there may be
        with pytest.raises(JpegError, match=r"^<bytes>: (?!truncated)"):
            fastdct.read(bytes(data))
        image = fastdct.read(bytes(data), recover=True)
        assert is_damaged(image)
        assert_same(image, fastdct.read(self.progressive[: starts[3]] + b"\xff\xd9"))


def test_error_names_file_and_cause(tmp_path):
    path = tmp_path / "half.jpg"
    path.write_bytes(FILES["baseline"][: len(FILES["baseline"]) * 3 // 4])
    with pytest.raises(JpegError) as raised:
        fastdct.read(path)
    assert raised.value.source_name == str(path)
    assert re.search(
        r"half\.jpg: truncated: .*premature end of data segment \(scan 1, after \d of 3 MCU rows\)",
        str(raised.value),
    )
