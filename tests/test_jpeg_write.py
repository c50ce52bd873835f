"""Writing coefficients: what is read back, what others decode, what is refused."""

from __future__ import annotations

import dataclasses
import io
import os
import stat
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from PIL import Image

import fastdct
from fastdct import JpegError, JpegImage
from jpegs import SAMPLINGS, assert_same, component_pixels, find_segment, make_image, make_jpeg

FOUR = ((1, 1), (1, 1), (1, 1), (1, 1))

made_images = st.builds(
    make_image,
    st.integers(1, 90),
    st.integers(1, 90),
    sampling=st.sampled_from(list(SAMPLINGS.values())),
    orientation=st.integers(1, 8),
    max_step=st.sampled_from([1, 255, 65535]),
    seed=st.integers(0, 99),
)


@given(made_images)
def test_reads_back_bit_exactly(image):
    data = fastdct.write(image)
    again = fastdct.read(data)
    assert_same(again, image)
    assert all(warning.startswith("note: component") for warning in again.warnings)  # steps of 65535
    assert fastdct.write(again) == data


@given(made_images)
def test_others_decode_it(image):
    factors = [component.sampling[0] for component in image.components]
    assume(all(max(factors) % factor == 0 for factor in factors))  # libjpeg upsamples by whole numbers only
    with Image.open(io.BytesIO(fastdct.write(image))) as picture:
        picture.load()
        assert picture.size == (image.width, image.height)
        assert picture.getexif().get(0x0112, 1) == image.orientation


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_rows": 1}, {"optimize": True}])
@pytest.mark.parametrize("subsampling", ["4:0:0", "4:4:4", "4:2:2", "4:2:0"])
def test_pixels_are_unchanged(subsampling, options):
    data = make_jpeg(45, 67, subsampling=subsampling, quality=80, **options)
    with (
        Image.open(io.BytesIO(data)) as before,
        Image.open(io.BytesIO(fastdct.write(fastdct.read(data)))) as after,
    ):
        np.testing.assert_array_equal(np.asarray(before), np.asarray(after))


@pytest.mark.parametrize(
    ("color_space", "sampling"),
    [
        ("grayscale", ((1, 1),)),
        ("grayscale", ((2, 2),)),
        ("unknown", ((2, 1), (1, 1))),
        ("YCbCr", SAMPLINGS["4:2:0"]),
        ("RGB", SAMPLINGS["4:4:4"]),
        ("RGB", SAMPLINGS["4:2:0"]),
        ("CMYK", FOUR),
        ("YCCK", FOUR),
        ("YCCK", ((2, 2), (1, 1), (1, 1), (2, 2))),
        ("CMYK", ((4, 4), (4, 4), (1, 1), (2, 2))),
    ],
)
def test_color_spaces(color_space, sampling):
    image = make_image(50, 35, sampling=sampling, color_space=color_space)
    assert_same(fastdct.read(fastdct.write(image)), image)


def test_four_distinct_tables():
    image = make_image(sampling=FOUR)
    assert len({component.quantization.tobytes() for component in image.components}) == 4
    assert_same(fastdct.read(fastdct.write(image)), image)


def test_equal_tables_are_written_once():
    image = make_image()
    table = image.components[0].quantization
    shared = with_components(image, *(dataclasses.replace(c, quantization=table) for c in image.components))
    assert len(fastdct.write(shared)) < len(fastdct.write(image)) - 2 * 64
    assert_same(fastdct.read(fastdct.write(shared)), shared)


@pytest.mark.parametrize(("max_step", "process"), [(255, "baseline"), (65535, "extended")])
def test_large_steps_need_16_bit_tables(max_step, process):
    assert fastdct.probe(fastdct.write(make_image(max_step=max_step))).process == process


def test_padding_blocks_continue_the_picture():
    """Blocks that fill up an MCU repeat the last DC, so that a decoder that smooths across them is not misled."""
    image = make_image(8, 8, sampling=SAMPLINGS["4:2:0"])
    image.components[0].coefficients[...] = 0
    image.components[0].coefficients[0, 0, 0, 0] = 30
    data = bytearray(fastdct.write(image))
    frame = find_segment(data, 0xC0)
    data[frame + 5 : frame + 9] = (16).to_bytes(2, "big") * 2  # show the padding
    shown = fastdct.read(bytes(data)).components[0].coefficients
    assert shown.shape == (2, 2, 8, 8)
    assert (shown[..., 0, 0] == 30).all()
    assert np.count_nonzero(shown) == 4


def with_components(image: JpegImage, *components: object) -> JpegImage:
    return dataclasses.replace(image, components=components)


def with_first(image: JpegImage, **changes: object) -> JpegImage:
    return with_components(image, dataclasses.replace(image.components[0], **changes), *image.components[1:])


def with_coefficient(value: int, *index: int) -> JpegImage:
    image = make_image()
    image.components[0].coefficients[...] = 0
    image.components[0].coefficients[index] = value
    return image


IMAGE = make_image()
FAULTS = {
    "height must be 1..65500, not 0": dataclasses.replace(IMAGE, height=0),
    "height must be 1..65500, not 48.0": dataclasses.replace(IMAGE, height=48.0),
    "width must be 1..65500, not 65501": dataclasses.replace(IMAGE, width=65501),
    "color_space must be one of grayscale, .*, not 'HSV'": dataclasses.replace(IMAGE, color_space="HSV"),
    "grayscale has 1 component.*, not 3": dataclasses.replace(IMAGE, color_space="grayscale"),
    "orientation must be 1..8, not 9": dataclasses.replace(IMAGE, orientation=9),
    "subsampling is '4:4:4', but .* '4:2:0'": dataclasses.replace(IMAGE, subsampling="4:4:4"),
    "component 0: sampling must be two factors of 1..4, not": with_first(IMAGE, sampling=(5, 1)),
    r"component 0: coefficients must be .* \[6, 8, 8, 8\], not of int16 and \[6, 7, 8, 8\]": with_first(
        IMAGE, coefficients=IMAGE.components[0].coefficients[:, :7]
    ),
    "component 0: coefficients must be .* int16 .*, not of int32": with_first(
        IMAGE, coefficients=IMAGE.components[0].coefficients.astype(np.int32)
    ),
    "component 0: coefficients must be a numpy array .*, not list": with_first(IMAGE, coefficients=[0]),
    "component 0: quantization must be .* uint16": with_first(IMAGE, quantization=np.ones((8, 8))),
    "component 0: quantization steps must be 1..65535, and one is 0": with_first(
        IMAGE, quantization=np.zeros((8, 8), np.uint16)
    ),
    "coefficient is too large .* AC of -1023..1023": with_coefficient(1024, 0, 0, 3, 3),
    "coefficient is too large .* -2047..2047": with_coefficient(-2048, 0, 0, 0, 0),
    "coefficient is too large": with_coefficient(-32768, 0, 0, 7, 7),
}


@pytest.mark.parametrize("message", FAULTS)
def test_faults_are_named(message, tmp_path):
    with pytest.raises(JpegError, match=f"^<image>: .*{message}"):
        fastdct.write(FAULTS[message])
    path = tmp_path / "out.jpg"
    with pytest.raises(JpegError, match=rf"out\.jpg: .*{message}"):
        fastdct.write(FAULTS[message], path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", [-1023, 1023])
def test_largest_ac_is_written(value):
    image = with_coefficient(value, 0, 0, 7, 7)
    assert_same(fastdct.read(fastdct.write(image)), image)


@pytest.mark.parametrize("value", [-2047, 2047])
def test_largest_dc_step_is_written(value):
    image = with_coefficient(value, 0, 0, 0, 0)
    assert_same(fastdct.read(fastdct.write(image)), image)


def test_arrays_may_be_strided():
    image = make_image(64, 64, sampling=SAMPLINGS["4:0:0"])
    component = image.components[0]
    flipped = with_first(
        image, coefficients=component.coefficients[::-1], quantization=component.quantization.T
    )
    assert not flipped.components[0].coefficients.flags.c_contiguous
    assert_same(fastdct.read(fastdct.write(flipped)), flipped)


class TestFile:
    """Files are replaced as a whole or not at all."""

    def test_returns_what_it_writes(self, tmp_path):
        path = tmp_path / "a.jpg"
        data = fastdct.write(IMAGE, path)
        assert path.read_bytes() == data
        assert [entry.name for entry in tmp_path.iterdir()] == ["a.jpg"]

    def test_replaces(self, tmp_path):
        path = tmp_path / "a.jpg"
        path.write_bytes(b"old")
        path.chmod(0o640)
        fastdct.write(IMAGE, str(path))
        assert_same(fastdct.read(path), IMAGE)
        if sys.platform != "win32":
            assert stat.S_IMODE(path.stat().st_mode) == 0o640

    @pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
    def test_new_file_has_the_usual_permissions(self, tmp_path):
        (tmp_path / "plain").write_bytes(b"")
        fastdct.write(IMAGE, tmp_path / "a.jpg")
        assert (tmp_path / "a.jpg").stat().st_mode == (tmp_path / "plain").stat().st_mode

    def test_missing_folder(self, tmp_path):
        with pytest.raises(JpegError, match=r"b\.jpg: cannot be written: No such file or directory"):
            fastdct.write(IMAGE, tmp_path / "missing" / "b.jpg")

    @pytest.mark.skipif(sys.platform == "win32", reason="POSIX links and devices")
    def test_links_and_folders(self, tmp_path):
        target, link = tmp_path / "a.jpg", tmp_path / "link.jpg"
        target.write_bytes(b"old")
        link.symlink_to(target)
        fastdct.write(IMAGE, link)
        assert link.is_symlink()
        assert_same(fastdct.read(target), IMAGE)
        for path in (tmp_path, Path(os.devnull)):
            with pytest.raises(JpegError, match="cannot be written: not a regular file"):
                fastdct.write(IMAGE, path)

    def test_failure_leaves_the_old_file(self, tmp_path, monkeypatch):
        path = tmp_path / "a.jpg"
        path.write_bytes(b"old")

        def fail(self: Path, target: Path) -> Path:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(Path, "replace", fail)
        with pytest.raises(JpegError, match=r"a\.jpg: cannot be written: No space left"):
            fastdct.write(IMAGE, path)
        assert path.read_bytes() == b"old"
        assert list(tmp_path.iterdir()) == [path]


def test_edited_brightness_is_seen_by_others():
    """Adding 8 * steps to DC brightens every sample by the same amount: coefficients mean what they say."""
    image = fastdct.read(make_jpeg(64, 64, subsampling="4:0:0", quality=90))
    before = component_pixels(image, 0)
    component = image.components[0]
    component.coefficients[..., 0, 0] += 2
    with Image.open(io.BytesIO(fastdct.write(image))) as picture:
        after = np.asarray(picture, dtype=np.float64)
    expected = np.clip(before + 2 * component.quantization[0, 0] / 8, 0, 255)
    assert np.abs(after - expected).max() <= 1.01
