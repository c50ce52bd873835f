"""Files of other decoders' test suites against what libjpeg-turbo read from them elsewhere."""

from __future__ import annotations

import csv
import hashlib
import random
import re
from pathlib import Path

import numpy as np
import pytest

import fastdct
from fastdct import JpegError, JpegImage
from jpegs import assert_same, read_or_error

COMMITTED = Path(__file__).parent / "conformance"
DAMAGED = {"damaged_no_dc.jpg": "Inconsistent progression", "damaged_progressive.jpg": "premature end"}
NOTED = {"incomplete_progression.jpg": "incomplete progression", "leftover_bytes.jpg": "3 extraneous bytes"}
NUM_SAMPLED = 400  # rows of the corpus in a run without --all

# Valid files that a strict read refuses, and why that is right.
REFUSED = {
    "lossless": "lossless",
    "12-bit": "12-bit extended",
    "damaged": "premature end|extraneous bytes|incomplete progression|Inconsistent progression|Invalid component ID",
    "not a JPEG": "not a JPEG file",
}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def sha1(array: np.ndarray, dtype: str) -> str:
    return hashlib.sha1(np.ascontiguousarray(array).astype(dtype).tobytes()).hexdigest()


def coefficient_hashes(image: JpegImage) -> str:
    return ";".join(sha1(component.coefficients, "<i2") for component in image.components)


def table_hashes(image: JpegImage) -> set[str]:
    """Every table list that jpeglib may have returned: those of the slots, which components may share."""
    tables = [component.quantization for component in image.components]
    distinct = [table for i, table in enumerate(tables) if not any((table == t).all() for t in tables[:i])]
    return {sha1(np.stack(each), "<u2") for each in (distinct, tables, tables[:2])}


@pytest.mark.parametrize("row", rows(COMMITTED / "expected.csv"), ids=lambda row: row["file"])
def test_committed_file(row):
    path = COMMITTED / row["file"]
    image = fastdct.read(path, recover=True)
    header = fastdct.probe(path)
    assert f"{image.height}x{image.width}" == row["size"]
    assert (header.process, image.color_space) == (row["process"], row["color_space"])
    assert ";".join(f"{h}x{v}" for h, v in header.sampling) == row["sampling"]
    assert coefficient_hashes(image) == row["coefficients_sha1"]
    assert ";".join(sha1(c.quantization, "<u2") for c in image.components) == row["quantization_sha1"]


@pytest.mark.parametrize("path", sorted(COMMITTED.glob("*.jpg")), ids=lambda path: path.name)
def test_committed_file_is_judged(path):
    if path.name in DAMAGED:
        with pytest.raises(JpegError, match=DAMAGED[path.name]):
            fastdct.read(path)
        warnings = fastdct.read(path, recover=True).warnings
        assert any(warning.startswith("damaged: ") for warning in warnings)
    elif path.name in NOTED:
        (warning,) = fastdct.read(path).warnings
        assert warning.startswith("note: ")
        assert NOTED[path.name] in warning
    else:
        image = fastdct.read(path)
        assert image.warnings == ()
        assert_same(fastdct.read(fastdct.write(image)), image)


def test_valid_corpus(test_data):
    for row in rows(test_data / "conformance" / "expected.csv"):
        if row["kind"] == "valid":
            check_valid(test_data / "conformance" / row["path"], row)


def check_valid(path: Path, row: dict[str, str]) -> None:
    image = read_or_error(path)
    if isinstance(image, JpegError):
        check_refusal(path, row, image)
        return
    if row["dct"] == "ok":
        assert coefficient_hashes(image) == row["dct_sha1"]
        assert row["qt_sha1"] in table_hashes(image)
    else:  # the oracle could not open it: broken ICC chunks, which are not our business
        assert row["sof"] == "baseline"
    assert_same(fastdct.read(fastdct.write(image)), image)


def check_refusal(path: Path, row: dict[str, str], error: JpegError) -> None:
    assert path.name in str(error)
    if row["sof"] == "":
        kind = "not a JPEG"
    elif row["sof"] == "lossless":
        kind = "lossless"
    else:
        kind = "damaged" if row["precision"] == "8" else "12-bit"
    assert re.search(REFUSED[kind], str(error)), error
    if kind == "damaged" and row["dct"] == "ok":
        image = fastdct.read(path, recover=True)
        assert coefficient_hashes(image) == row["dct_sha1"]
        assert any(warning.startswith("damaged: ") for warning in image.warnings)


def test_fuzz_corpus(test_data, run_all):
    """No crash, no hang; where we read, we read what the oracle read, damaged or not."""
    chosen = [row for row in rows(test_data / "conformance" / "expected.csv") if row["kind"] == "fuzz"]
    if not run_all:
        chosen = random.Random(20).sample(chosen, NUM_SAMPLED)
    num_read = 0
    for row in chosen:
        path = test_data / "conformance" / row["path"]
        for recover in (False, True):
            image = read_or_error(path, recover=recover, max_pixels=40_000_000)
            if isinstance(image, JpegError):
                assert path.name in str(image)
                assert not (recover and row["dct"] == "ok"), image
            elif row["dct"] == "ok":
                assert coefficient_hashes(image) == row["dct_sha1"], path.name
                num_read += 1
    assert num_read > len(chosen) // 10


def test_every_photo_reads_without_a_note(test_data, run_all):
    photos = sorted(p for p in test_data.rglob("*.jp*g") if "conformance" not in p.parts)
    if not run_all:
        photos = random.Random(21).sample(photos, min(len(photos), 300))
    assert photos
    for photo in photos:
        assert fastdct.read(photo).warnings == (), photo
