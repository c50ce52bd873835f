"""Reading and probing well-formed files."""

from __future__ import annotations

import io
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import fastdct
from fastdct import JpegError
from fastdct._image import block_grid
from jpegs import (
    SUBSAMPLINGS,
    assert_same,
    component_pixels,
    find_segment,
    make_image,
    make_jpeg,
    make_pixels,
)

MAX_ROUNDING = 1.0  # libjpeg's integer inverse DCT against the definition in float64, after rounding


def pillow_planes(data: bytes) -> np.ndarray:
    """Samples [C, H, W] as Pillow decodes them, without colour conversion."""
    with Image.open(io.BytesIO(data)) as picture:
        if picture.mode == "RGB":
            picture.draft("YCbCr", picture.size)
        planes = np.asarray(picture, dtype=np.float64)
    return planes[None] if planes.ndim == 2 else planes.transpose(2, 0, 1)


made_files = st.builds(
    make_jpeg,
    st.integers(1, 70),
    st.integers(1, 70),
    subsampling=st.sampled_from(SUBSAMPLINGS),
    quality=st.integers(5, 100),
    progressive=st.booleans(),
    optimize=st.booleans(),
    restart_rows=st.integers(0, 2),
    orientation=st.integers(1, 8),
    seed=st.integers(0, 3),
)


@given(made_files)
def test_full_size_components_decode_to_pillows_samples(data):
    image = fastdct.read(data)
    assert image.warnings == ()
    planes = pillow_planes(data)
    largest = max(component.sampling for component in image.components)
    for index, component in enumerate(image.components):
        if component.sampling == largest:
            samples = component_pixels(image, index)[: image.height, : image.width]
            error = np.abs(np.clip(np.rint(samples), 0, 255) - planes[index])
            assert error.max() <= MAX_ROUNDING


@given(made_files)
def test_block_grid_has_no_mcu_padding(data):
    image = fastdct.read(data)
    header = fastdct.probe(data)
    for component in image.components:
        assert component.coefficients.shape == (*block_grid(image, component), 8, 8)
        assert component.coefficients.dtype == np.int16
        assert component.quantization.dtype == np.uint16
    luma = image.components[0].coefficients
    assert luma.shape[:2] == (-(-image.height // 8), -(-image.width // 8))
    assert (header.height, header.width, header.orientation) == (image.height, image.width, image.orientation)
    assert header.sampling == tuple(component.sampling for component in image.components)
    assert (header.subsampling, header.color_space) == (image.subsampling, image.color_space)


def test_subsampled_chroma_is_pillows():
    """The mean of the 2 x 2 pixels that libjpeg's triangle filter makes of a sample c is 3/4 c + 1/8 of both neighbours,
    along each axis.
    """
    data = make_jpeg(96, 128, quality=95, subsampling="4:2:0")
    image = fastdct.read(data)
    for index in (1, 2):
        mean = pillow_planes(data)[index].reshape(48, 2, 64, 2).mean((1, 3))
        samples = np.clip(component_pixels(image, index), 0, 255)
        for axis in (0, 1):
            samples = 0.75 * samples + 0.125 * (np.roll(samples, 1, axis) + np.roll(samples, -1, axis))
        error = np.abs(samples[:48, :64] - mean)[1:-1, 1:-1]
        assert error.max() <= MAX_ROUNDING


def test_natural_order():
    """A picture that varies along x only has horizontal frequencies only: in row 0 of each block."""
    ramp = np.broadcast_to(np.linspace(0, 255, 64, dtype=np.uint8)[None, :, None], (64, 64, 3))
    blocks = fastdct.read(make_jpeg(pixels=np.ascontiguousarray(ramp), quality=95)).components[0].coefficients
    assert np.abs(blocks[:, :, 0, 1:]).max() > 0
    assert np.abs(blocks[:, :, 1:, :]).max() == 0


def test_quantization_is_pillows():
    data = make_jpeg(quality=70)
    with Image.open(io.BytesIO(data)) as picture:
        tables = picture.quantization  # zig-zag undone by Pillow
    for component, slot in zip(fastdct.read(data).components, (0, 1, 1), strict=True):
        assert component.quantization.ravel().tolist() == tables[slot]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation(orientation):
    assert fastdct.probe(make_jpeg(orientation=orientation)).orientation == orientation


@pytest.mark.parametrize(
    ("options", "process", "restart_interval"),
    [
        ({}, "baseline", 0),
        ({"progressive": True}, "progressive", 0),
        ({"restart_rows": 1}, "baseline", 4),  # 64 pixels are four MCUs of 4:2:0
    ],
)
def test_probe(options, process, restart_interval):
    header = fastdct.probe(make_jpeg(48, 64, **options))
    assert (header.process, header.restart_interval) == (process, restart_interval)
    assert (header.height, header.width, header.subsampling, header.color_space) == (48, 64, "4:2:0", "YCbCr")


def test_probe_of_a_path_with_a_long_header(tmp_path):
    """The header may be longer than the part of the file that is looked at first."""
    data = make_jpeg()
    path = tmp_path / "long.jpg"
    path.write_bytes(data[:2] + 3 * (b"\xff\xe2\xff\xff" + bytes(65533)) + data[2:])
    assert fastdct.probe(path) == fastdct.probe(data)


def test_probe_needs_no_scan():
    data = make_jpeg()
    header = data[: find_segment(data, 0xDA) + 14]
    assert fastdct.probe(header) == fastdct.probe(data)


def encode(picture: Image.Image, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG", **options)
    return file.getvalue()


def with_component_ids(data: bytes, ids: bytes) -> bytes:
    """Rename the components in the frame and scan headers."""
    changed = bytearray(data)
    frame, scan = find_segment(data, 0xC0), find_segment(data, 0xDA)
    for i, identifier in enumerate(ids):
        changed[frame + 10 + 3 * i] = identifier
        changed[scan + 5 + 2 * i] = identifier
    return bytes(changed)


def without_app_markers(data: bytes) -> bytes:
    while 0xE0 <= data[3] <= 0xEF:
        data = data[:2] + data[4 + int.from_bytes(data[4:6], "big") :]
    return data


class TestColorSpace:
    """libjpeg's rules: JFIF says YCbCr, Adobe says its transform, else component identifiers decide."""

    pixels = make_pixels(24, 40)

    def test_grayscale(self):
        image = fastdct.read(make_jpeg(subsampling="4:0:0"))
        assert (image.color_space, image.subsampling, len(image.components)) == ("grayscale", "4:0:0", 1)

    def test_adobe_rgb(self):
        image = fastdct.read(encode(Image.fromarray(self.pixels), keep_rgb=True, quality=95))
        assert (image.color_space, image.subsampling) == ("RGB", "4:4:4")
        red = component_pixels(image, 0)[:24, :40]
        assert np.abs(red - self.pixels[..., 0]).mean() < 3

    def test_cmyk(self):
        picture = Image.fromarray(self.pixels).convert("CMYK")
        data = encode(picture, quality=95)
        image = fastdct.read(data)
        assert (image.color_space, len(image.components)) == ("CMYK", 4)
        for index in range(4):
            samples = 255 - component_pixels(image, index)[:24, :40]  # Adobe's CMYK is inverted
            assert np.abs(samples - np.asarray(picture)[..., index]).mean() < 3

    @pytest.mark.parametrize(
        ("ids", "expected"), [(b"RGB", "RGB"), (b"\1\2\3", "YCbCr"), (b"\0\7\xff", "YCbCr")]
    )
    def test_component_identifiers(self, ids, expected):
        plain = make_jpeg()
        named = with_component_ids(without_app_markers(plain), ids)
        image = fastdct.read(named)
        assert image.color_space == expected
        for ours, theirs in zip(image.components, fastdct.read(plain).components, strict=True):
            np.testing.assert_array_equal(ours.coefficients, theirs.coefficients)

    def test_jfif_outranks_identifiers(self):
        assert fastdct.read(with_component_ids(make_jpeg(), b"RGB")).color_space == "YCbCr"


def test_repr_prints_shapes():
    image = fastdct.read(make_jpeg(48, 64, orientation=6))
    assert repr(image) == (
        "JpegImage(48x64, 4:2:0, YCbCr, orientation=6, components=[[6, 8, 8, 8], [3, 4, 8, 8], [3, 4, 8, 8]])"
    )
    assert repr(image.components[0]) == "JpegComponent(coefficients=[6, 8, 8, 8], sampling=2x2)"


def test_images_are_frozen_and_their_arrays_owned():
    image = fastdct.read(make_jpeg())
    with pytest.raises(AttributeError):
        image.height = 5
    image.components[0].coefficients[0, 0, 0, 0] += 1  # an edit, to be written back
    assert (
        fastdct.read(fastdct.write(image)).components[0].coefficients[0, 0, 0, 0]
        == (image.components[0].coefficients[0, 0, 0, 0])
    )


def test_images_and_errors_survive_pickling():
    image = make_image()
    assert_same(pickle.loads(pickle.dumps(image)), image)
    error = pickle.loads(pickle.dumps(JpegError("a.jpg", "is bad")))
    assert (str(error), error.source_name, error.cause) == ("a.jpg: is bad", "a.jpg", "is bad")
    assert isinstance(error, ValueError)
