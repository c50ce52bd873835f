import dataclasses
import sys

import numpy as np
import pytest
import torch
from PIL import Image

import fastdct
from fastdct._extras import MissingExtraError
from fastdct.retrieval import Extractor
from fastdct.retrieval.pictures import PictureError, open_picture
from made import encoded, photo, tiny_model

FIELDS = ("global_descriptor", "keypoints", "scales", "scores", "descriptors")


@pytest.fixture(scope="module")
def extractor():
    return Extractor(tiny_model(), max_features=60)


def assert_equal(one, other):
    for field in FIELDS:
        np.testing.assert_array_equal(getattr(one, field), getattr(other, field), err_msg=field)
    assert (one.height, one.width) == (other.height, other.width)


def test_features_have_the_promised_form(extractor):
    features = extractor.extract(encoded(photo(0)))
    assert (features.height, features.width) == (120, 160)
    assert len(features.global_descriptor) == extractor.spec.global_dim == 32
    assert features.descriptors.shape == (60, extractor.spec.local_dim)
    np.testing.assert_allclose(np.linalg.norm(features.descriptors, axis=1), 1, atol=1e-5)
    assert (np.diff(features.scores) <= 0).all()
    assert set(features.scales.tolist()) <= {np.float32(scale) for scale in extractor.model.config.scales}
    assert len(set(features.scales.tolist())) > 1
    assert (features.keypoints > 0).all()
    assert (features.keypoints < [160, 120]).all()


def test_every_kind_of_source_gives_the_same_features(extractor, tmp_path):
    data = encoded(photo(1))
    (tmp_path / "photo.jpg").write_bytes(data)
    expected = extractor.extract(data)
    for source in (tmp_path / "photo.jpg", str(tmp_path / "photo.jpg"), bytearray(data), fastdct.read(data)):
        assert_equal(extractor.extract(source), expected)


def test_keypoints_are_the_centres_of_the_cells():
    model = tiny_model(scales=(1.0,), input_area=128 * 160)
    features = Extractor(model, max_features=1000).extract(encoded(photo(0, height=256, width=320)))
    # The picture is halved; cells are 16 pixels apart and the first is centred on pixel 4 of the input.
    assert len(features) == 8 * 10
    assert sorted(set(features.keypoints[:, 0].tolist())) == [2 * (4 + 16 * i) for i in range(10)]
    assert sorted(set(features.keypoints[:, 1].tolist())) == [2 * (4 + 16 * i) for i in range(8)]


def test_scores_and_descriptors_stand_beside_their_keypoints():
    model = tiny_model(scales=(0.5, 1.0), input_area=128 * 128)
    extractor = Extractor(model, max_features=1000)
    data = encoded(photo(2, height=128, width=128))
    features = extractor.extract(data)
    tensor = fastdct.Decoder(128, channels=model.config.channels, normalize=model.config.normalize)(
        [data]
    ).tensor
    with torch.inference_mode():
        output = model(tensor)
    at_one = features.scales == 1
    columns, rows = ((features.keypoints[at_one] - 4) / 16).astype(int).T
    np.testing.assert_allclose(
        features.scores[at_one], output.attention[0, 0].numpy()[rows, columns], rtol=1e-5
    )
    np.testing.assert_allclose(
        features.descriptors[at_one], output.local_descriptors[0].numpy()[:, rows, columns].T, atol=1e-6
    )
    np.testing.assert_allclose(features.global_descriptor, output.global_descriptor[0].numpy(), atol=1e-6)
    assert set(features.keypoints[~at_one, 0].tolist()) <= {2.0 * (4 + 16 * i) for i in range(4)}


def test_only_features_above_the_attention_threshold_are_kept(extractor):
    data = encoded(photo(3))
    everything = Extractor(extractor.model, max_features=10_000).extract(data)
    tau = float(np.median(everything.scores))
    chosen = Extractor(tiny_model(attention_threshold=tau), max_features=10_000).extract(data)
    assert len(chosen) == (everything.scores > tau).sum()
    assert (chosen.scores > tau).all()
    none = Extractor(tiny_model(attention_threshold=1e30)).extract(data)
    assert none.descriptors.shape == (0, extractor.spec.local_dim)


def test_a_box_is_the_query_and_keeps_the_scale_of_the_picture():
    pixels = photo(4, height=256, width=256)
    left_half = open_picture(encoded(pixels[:, :128], "PNG")).planes
    whole = Extractor(tiny_model(input_area=192 * 192)).extract(encoded(pixels, "PNG"), box=(0, 0, 128, 256))
    half = Extractor(tiny_model(input_area=192 * 96)).extract(left_half)
    for field in FIELDS:
        np.testing.assert_allclose(getattr(whole, field), getattr(half, field), rtol=1e-4, atol=1e-4)
    assert (whole.height, whole.width) == (256, 256)


def test_keypoints_of_a_box_lie_in_it_in_pixels_of_the_picture(extractor):
    features = extractor.extract(encoded(photo(5)), box=(40, 30, 140.5, 90))
    assert (features.keypoints > [40, 30]).all()
    assert (features.keypoints < [140.5, 90]).all()
    tiny = extractor.extract(encoded(photo(5)), box=(40, 30, 41, 30.5))
    assert len(tiny) > 10, "a small box is enlarged so far that it can be described"


def test_the_part_of_a_box_outside_the_picture_is_cut_off(extractor):
    data = encoded(photo(6))
    assert_equal(
        extractor.extract(data, box=(80, -50, 999, 60)), extractor.extract(data, box=(80, 0, 160, 60))
    )


@pytest.mark.parametrize(
    ("box", "match"),
    [
        ((10, 10, 10, 50), "is empty"),
        ((50, 10, 10, 50), "is empty"),
        ((float("nan"), 0, 5, 5), "is empty"),
        ((160, 0, 200, 50), "outside the picture of 160 × 120"),
        ((-20, -20, 0, 0), "outside the picture"),
    ],
)
def test_a_box_without_picture_is_refused(extractor, box, match):
    with pytest.raises(ValueError, match=match):
        extractor.extract(encoded(photo(0)), box=box)


@pytest.mark.parametrize("size", [(1, 1), (5, 3), (7, 200), (1200, 2), (9, 9)])
def test_odd_little_pictures_are_described(extractor, size):
    features = extractor.extract(encoded(np.full((*size, 3), 90, np.uint8)))
    assert (features.height, features.width) == size
    assert (features.keypoints < size[::-1]).all()


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_other_colours_are_described(extractor, mode):
    assert len(extractor.extract(encoded(Image.fromarray(photo(0)).convert(mode)))) == 60


def test_a_turned_photo_has_the_features_of_the_upright_one(extractor):
    upright = Image.fromarray(photo(7, height=128, width=160))
    exif = Image.Exif()
    exif[0x0112] = 6  # the stored picture is to be turned clockwise
    turned = encoded(upright.transpose(Image.Transpose.ROTATE_90), exif=exif, quality=100, subsampling=0)
    expected = extractor.extract(encoded(upright, quality=100, subsampling=0))
    features = extractor.extract(turned)
    assert (features.height, features.width) == (128, 160)
    np.testing.assert_allclose(features.global_descriptor, expected.global_descriptor, atol=0.02)
    shared = set(map(tuple, features.keypoints)) & set(map(tuple, expected.keypoints))
    assert len(shared) > 50


@pytest.mark.parametrize(("kind", "options"), [("PNG", {}), ("WEBP", {"lossless": True})])
def test_other_formats_are_read_through_pixels_and_said_to_be(extractor, tmp_path, kind, options):
    path = tmp_path / f"photo.{kind.lower()}"
    path.write_bytes(encoded(photo(8), kind, **options))
    for source in (path, path.read_bytes(), np.frombuffer(path.read_bytes(), np.uint8)):
        assert open_picture(source).converted_from == {"PNG": "PNG", "WEBP": "WebP"}[kind]
    expected = extractor.extract(encoded(photo(8), quality=100, subsampling=0))
    np.testing.assert_allclose(
        extractor.extract(path).global_descriptor, expected.global_descriptor, atol=0.02
    )
    assert open_picture(encoded(photo(8))).converted_from is None


def test_transparent_parts_are_white_and_sixteen_bits_are_not_clipped():
    clear = np.zeros((8, 8, 4), np.uint8)
    white = open_picture(encoded(np.full((8, 8, 3), 255, np.uint8), "PNG")).planes
    for plane, expected in zip(open_picture(encoded(clear, "PNG")).planes.planes, white.planes, strict=True):
        np.testing.assert_array_equal(plane.blocks, expected.blocks)
    deep = Image.fromarray(np.full((8, 8), 0x8000, np.uint16))
    dc = open_picture(encoded(deep, "PNG")).planes.planes[0].blocks[0, 0, 0, 0]
    assert abs(dc) < 8  # grey 128 is level 0


def test_broken_files_are_named(extractor, tmp_path):
    (tmp_path / "half.png").write_bytes(encoded(photo(0), "PNG")[:900])
    with pytest.raises(PictureError, match=r"half\.png: broken PNG file"):
        extractor.extract(tmp_path / "half.png")
    with pytest.raises(PictureError, match="more than 1000"):
        open_picture(encoded(photo(0), "PNG"), max_pixels=1000)
    (tmp_path / "text.jpg").write_bytes(b"hello world, hello")
    with pytest.raises(fastdct.JpegError, match=r"text\.jpg: not a JPEG"):
        extractor.extract(tmp_path / "text.jpg")
    with pytest.raises(FileNotFoundError):
        extractor.extract(tmp_path / "nothing.jpg")


def test_a_missing_pillow_is_named_with_its_remedy(monkeypatch):
    data = encoded(photo(0), "PNG")
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'fastdct\[images\]'"):
        open_picture(data)


def test_the_fingerprint_covers_weights_and_configuration(extractor):
    same = Extractor(tiny_model()).spec
    assert same == extractor.spec
    assert Extractor(tiny_model(seed=1)).spec.fingerprint != same.fingerprint
    changed = dataclasses.replace(extractor.model.config, attention_threshold=0.5)
    assert (
        Extractor(tiny_model(attention_threshold=changed.attention_threshold)).spec.fingerprint
        != same.fingerprint
    )


def test_no_features_are_no_choice(extractor):
    with pytest.raises(ValueError, match="at least 1"):
        Extractor(extractor.model, max_features=0)
