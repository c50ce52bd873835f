"""Full-size pixels against libjpeg-turbo's decode, through Pillow, and against the plain definition."""

import io

import numpy as np
import pytest
from PIL import Image, ImageOps

import fastdct
from fastdct import JpegError
from fastdct.pixels import read_pixels
from fastdct.reference import transform
from jpegs import SAMPLINGS, make_jpeg
from test_resample import random_image


def pillow(data):
    return np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")).astype(int)


@pytest.mark.parametrize("level", ["portable", "avx2", "avx512"])
@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0", "4:0:0"])
@pytest.mark.parametrize("size", [(64, 64), (61, 83), (1, 1), (7, 300), (129, 17)])
def test_pixels_are_libjpeg_turbos(size, subsampling, level, monkeypatch):
    monkeypatch.setenv("FASTDCT_CPU", level)
    data = make_jpeg(*size, subsampling=subsampling)
    error = np.abs(read_pixels(data).astype(int) - pillow(data))
    assert error.max() <= 3
    if error.size > 1000:
        assert (error <= 2).mean() >= 0.999
        assert (error <= 1).mean() >= 0.98


@pytest.mark.parametrize("sampling", SAMPLINGS.values())
def test_any_sampling_is_as_defined(sampling):
    image = random_image(
        (75, 58), sampling, seed=1, color_space="YCbCr" if len(sampling) == 3 else "grayscale"
    )
    error = np.abs(read_pixels(image).astype(int) - transform.pixels(image))
    assert error.max() <= 2  # a sample on the edge of rounding, and what it does to a colour
    assert (error == 0).mean() > 0.99


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_stand_upright_unless_told_otherwise(orientation):
    data = make_jpeg(40, 56, subsampling="4:4:4", orientation=orientation)
    assert np.abs(read_pixels(data).astype(int) - pillow(data)).max() <= 3
    stored = np.asarray(Image.open(io.BytesIO(data))).astype(int)
    assert np.abs(read_pixels(data, upright=False).astype(int) - stored).max() <= 3
    np.testing.assert_array_equal(read_pixels(fastdct.read(data)), read_pixels(data))


def test_rgb_and_cmyk_files():
    coded = random_image((40, 48), [(1, 1)] * 3, seed=4, color_space="RGB")
    assert np.abs(read_pixels(coded).astype(int) - transform.pixels(coded)).max() <= 1
    buffer = io.BytesIO()
    Image.fromarray(np.asarray(pillow(make_jpeg()), np.uint8)).convert("CMYK").save(
        buffer, "JPEG", quality=95
    )
    error = np.abs(read_pixels(buffer.getvalue()).astype(int) - pillow(buffer.getvalue()))
    assert error.max() <= 3


def test_what_cannot_be_decoded_is_an_error(tmp_path):
    path = tmp_path / "cut.jpg"
    path.write_bytes(make_jpeg(200, 200)[:2000])
    with pytest.raises(JpegError, match=r"cut\.jpg"):
        read_pixels(path)
    with pytest.raises(JpegError, match="max_pixels"):
        read_pixels(make_jpeg(100, 100), max_pixels=9999)
