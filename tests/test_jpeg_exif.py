"""The EXIF parser, through the header it gives its orientation to."""

from __future__ import annotations

import pytest

from fastdct.jpeg import probe
from jpegs import make_jpeg, segment, tiff


@pytest.mark.parametrize("order", ["MM", "II"])
class TestExif:
    """The orientation is found where TIFF says it is, and nothing else is believed."""

    def orientation(self, payload: bytes) -> int:
        data = make_jpeg()
        return probe(data[:2] + segment(0xE1, payload) + data[2:]).orientation

    @pytest.mark.parametrize("value", range(1, 9))
    def test_values(self, order, value):
        assert self.orientation(b"Exif\0\0" + tiff(order, [(0x0112, 3, 1, value)])) == value

    def test_among_other_tags(self, order):
        entries = [(0x0100, 4, 1, 3), (0x0110, 2, 4, 9), (0x0112, 3, 1, 8), (0x0132, 2, 4, 1)]
        assert self.orientation(b"Exif\0\0" + tiff(order, entries)) == 8

    @pytest.mark.parametrize(
        "payload",
        [
            lambda order: b"Exif\0\0" + tiff(order, [(0x0112, 3, 1, 9)]),  # no such orientation
            lambda order: b"Exif\0\0" + tiff(order, [(0x0112, 3, 1, 0)]),
            lambda order: b"Exif\0\0" + tiff(order, [(0x0112, 4, 1, 6)]),  # not SHORT
            lambda order: b"Exif\0\0" + tiff(order, [(0x0112, 3, 2, 6)]),  # two of them
            lambda order: b"Exif\0\0" + tiff(order, [(0x0111, 3, 1, 6)]),  # another tag
            lambda order: b"Exif\0\0" + tiff(order, [(0x0112, 3, 1, 6)], offset=0xFFFFFFFF),
            lambda order: b"Exif\0\0" + tiff(order, [(0x0112, 3, 1, 6)])[:19],  # cut
            lambda order: b"Exif\0\0" + tiff(order, [], count=65535),
            lambda order: b"Xmp \0\0" + tiff(order, [(0x0112, 3, 1, 6)]),
            lambda order: b"Exif\0\0XX" + tiff(order, [(0x0112, 3, 1, 6)])[2:],
            lambda order: b"Exif\0\0",
            lambda order: b"",
        ],
    )
    def test_none(self, order, payload):
        assert self.orientation(payload(order)) == 1
