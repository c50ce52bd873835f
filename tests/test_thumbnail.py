import io

import numpy as np
import pytest
from PIL import Image

import fastdct
from fastdct.reference.transform import planes_from_pixels
from fastdct.web.thumbnail import thumbnail
from test_reference import encode, picture


@pytest.mark.parametrize("size", [(300, 400), (400, 300), (30, 50), (5, 900)])
def test_a_thumbnail_is_a_small_likeness(size):
    rgb = picture(*size)
    data = thumbnail(fastdct.read(encode(rgb, quality=95)), max_side=160)
    small = Image.open(io.BytesIO(data))
    assert max(small.size) <= max(160, 8)
    assert len(data) < 30_000
    expected = np.asarray(Image.fromarray(rgb).resize(small.size, Image.Resampling.BILINEAR)).astype(float)
    assert np.abs(np.asarray(small) - expected).mean() < 8


def test_a_thumbnail_is_upright():
    exif = Image.Exif()
    exif[0x0112] = 6
    small = Image.open(io.BytesIO(thumbnail(fastdct.read(encode(picture(80, 160), exif=exif)))))
    assert small.size == (80, 160)


def test_pixels_have_thumbnails_too():
    small = Image.open(io.BytesIO(thumbnail(planes_from_pixels(picture(64, 64)))))
    assert small.size == (64, 64)


def test_a_thumbnail_holds_at_least_one_block():
    with pytest.raises(ValueError, match="8 pixels"):
        thumbnail(planes_from_pixels(picture(64, 64)), max_side=7)
