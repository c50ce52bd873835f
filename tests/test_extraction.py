import dataclasses
import math
import sys

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import fastdct
from fastdct._extras import MissingExtraError
from fastdct.models import delg_resnet18, delg_resnet50, delg_small
from fastdct.models.inference import for_inference
from fastdct.retrieval import Extractor
from fastdct.retrieval.codec import LocalCodec
from fastdct.retrieval.extraction import DELG_GLOBAL_SCALES, DELG_SCALES
from fastdct.retrieval.pictures import PictureError, open_picture
from fastdct.retrieval.suppression import suppress
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
        features.scores[at_one], output.attention[0, 0].numpy()[rows, columns], rtol=1e-4
    )
    np.testing.assert_allclose(
        features.descriptors[at_one], output.local_descriptors[0].numpy()[:, rows, columns].T, atol=1e-5
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


# The pyramid, its options, and what becomes of the descriptors


@pytest.mark.parametrize("build", [delg_small, delg_resnet18, delg_resnet50])
def test_the_network_for_inference_says_the_same(build):
    torch.manual_seed(0)
    model = build().eval()
    for module in model.modules():  # statistics as training leaves them, not those of a new network
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 2)
    ready = for_inference(model)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in ready.modules())
    assert any(isinstance(module, torch.nn.BatchNorm2d) for module in model.modules()), (
        "the model is not touched"
    )
    with torch.inference_mode():
        x = torch.randn(2, 64, 12, 16)
        for one, other in zip(model(x), ready(x), strict=True):
            torch.testing.assert_close(other, one, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("build", [delg_resnet18, delg_resnet50])
def test_the_receptive_field_is_what_one_feature_sees(build):
    """With equal weights an impulse is felt exactly where the field reaches, and keypoints are its centres."""
    model = build().eval()
    with torch.no_grad():
        for parameter in model.backbone.parameters():
            parameter.fill_(1.0 / parameter[0].numel() if parameter.ndim > 1 else 1.0)
    blocks = 64 if model.config.depth == 18 else 128
    x = torch.full((1, 64, blocks, blocks), 0.1, requires_grad=True)
    third = model.backbone.stages(x, last=3)
    row, column = third.shape[2] // 2, third.shape[3] // 2 - 1
    third[0, :, row, column].sum().backward()
    field = x.grad[0].sum(0)  # [blocks, blocks]
    rows, columns = (8 * torch.nonzero(field.sum(dim)).flatten() for dim in (1, 0))
    centre = model.keypoint_grid(*third.shape[2:])[row, column].tolist()
    half = model.receptive_field / 2
    assert [columns[0].item(), columns[-1].item() + 8] == [centre[0] - half, centre[0] + half]
    assert [rows[0].item(), rows[-1].item() + 8] == [centre[1] - half, centre[1] + half]


@pytest.mark.parametrize("scales", [(), (0,), (1, 1), (math.nan,), (math.inf,)])
@pytest.mark.parametrize("name", ["scales", "global_scales"])
def test_scales_that_are_none_are_refused(name, scales):
    with pytest.raises(ValueError, match="scales must be positive, finite and differ, at least one"):
        Extractor(tiny_model(), **{name: scales})


def test_the_seven_scales_of_delg():
    assert [round(scale, 3) for scale in DELG_SCALES] == [0.25, 0.354, 0.5, 0.707, 1, 1.414, 2]
    model = tiny_model(attention_threshold=-1.0)
    features = Extractor(model, scales=DELG_SCALES, max_features=10_000).extract(encoded(photo(2)))
    assert {round(float(scale), 3) for scale in features.scales} == {0.25, 0.354, 0.5, 0.707, 1, 1.414, 2}
    one = Extractor(model, scales=(2,), max_features=10_000).extract(encoded(photo(2)))
    same = features.scales == 2
    assert set(map(tuple, features.keypoints[same])) == set(map(tuple, one.keypoints))
    np.testing.assert_array_equal(features.global_descriptor, one.global_descriptor)


def test_a_global_descriptor_over_several_scales():
    """The power mean of the pooled activations, whitened: by hand from one scale at a time."""
    model = tiny_model(gem_p=3.0)
    data = encoded(photo(3, height=256, width=256))
    several = Extractor(model, global_scales=DELG_GLOBAL_SCALES).extract(data)
    pooled = []
    for side in (128, 160, 224):  # 160 times each scale, to whole 32 pixels
        decoder = fastdct.Decoder(side, channels=model.config.channels, normalize=model.config.normalize)
        with torch.inference_mode():
            pooled.append(model.pooled(decoder([data]).tensor)[0][0].double().numpy())
    joined = np.mean(np.array(pooled) ** 3, axis=0) ** (1 / 3)
    weight, bias = (
        tensor.detach().double().numpy() for tensor in (model.whitening.weight, model.whitening.bias)
    )
    expected = weight @ joined + bias
    np.testing.assert_allclose(several.global_descriptor, expected / np.linalg.norm(expected), atol=1e-5)
    single = Extractor(model).extract(data)
    assert float(several.global_descriptor @ single.global_descriptor) > 0.9
    assert not np.array_equal(several.global_descriptor, single.global_descriptor)


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (40, 30), (600, 8)])
def test_a_picture_too_small_for_a_scale_is_described_at_the_smallest_input(size):
    model = tiny_model(attention_threshold=-1.0)
    extractor = Extractor(model, scales=DELG_SCALES, global_scales=(0.25, 1, 2), max_features=10_000)
    features = extractor.extract(encoded(photo(0, height=size[0], width=size[1])), box=(0, 0, 1, 1))
    assert len(set(features.scales.tolist())) == 7
    assert (features.keypoints > 0).all()
    assert (features.keypoints < 1).all()


def test_suppression_keeps_the_best_of_what_overlaps():
    model = tiny_model(attention_threshold=-1.0)
    data = encoded(photo(5, height=512, width=512))
    everything = Extractor(model, max_features=10_000).extract(data)
    thinned = Extractor(model, max_features=10_000, max_overlap=0.8).extract(data)
    assert 0 < len(thinned) < len(everything)
    np.testing.assert_array_equal(thinned.keypoints[0], everything.keypoints[0])
    ours = {
        (*point, scale)
        for point, scale in zip(thinned.keypoints.tolist(), thinned.scales.tolist(), strict=True)
    }
    assert ours <= {
        (*p, s) for p, s in zip(everything.keypoints.tolist(), everything.scales.tolist(), strict=True)
    }
    assert_equal(Extractor(model, max_overlap=1.0).extract(data), Extractor(model).extract(data))


@given(st.integers(0, 1000), st.sampled_from([0.1, 0.5, 0.9]), st.integers(1, 40))
def test_suppression_by_its_definition(seed, max_overlap, count):
    random = np.random.default_rng(seed)
    corners = random.integers(0, 12, (30, 2))
    boxes = np.concatenate([corners, corners + random.integers(1, 9, (30, 2))], axis=1).astype(np.float32)

    def overlap(a, b):
        cells = [
            {(x, y) for x in range(int(c[0]), int(c[2])) for y in range(int(c[1]), int(c[3]))} for c in (a, b)
        ]
        return len(cells[0] & cells[1]) / len(cells[0] | cells[1])

    kept = []
    for i in range(30):
        if len(kept) < count and all(overlap(boxes[i], boxes[j]) <= max_overlap for j in kept):
            kept.append(i)
    assert suppress(boxes, max_overlap=max_overlap, count=count).tolist() == kept


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scales": ()}, "at least one"),
        ({"scales": (1, 0)}, "must be positive"),
        ({"global_scales": (1, 1)}, "and differ"),
        ({"max_overlap": 0}, r"max_overlap must be in \(0, 1\]"),
    ],
)
def test_impossible_options_are_refused(extractor, options, message):
    with pytest.raises(ValueError, match=message):
        Extractor(extractor.model, **options)


def test_how_features_were_extracted_is_part_of_what_they_are(extractor):
    spec = Extractor(extractor.model).spec
    assert spec == extractor.spec, "the number of features may differ"
    for options in ({"scales": (1,)}, {"global_scales": (0.5, 1)}, {"max_overlap": 0.5}):
        assert Extractor(extractor.model, **options).spec != spec
    assert "scales 0.707/1/1.41, global 1" in str(spec)


def test_a_codec_makes_descriptors_smaller(extractor):
    data = encoded(photo(4))
    plain = extractor.extract(data)
    for binary, dtype, width in ((False, np.float32, 16), (True, np.uint8, 2)):
        codec = LocalCodec.fit(plain.descriptors, dims=16, binary=binary)
        coded = Extractor(extractor.model, max_features=60, codec=codec)
        features = coded.extract(data)
        assert (features.descriptors.dtype, features.descriptors.shape) == (dtype, (60, width))
        assert (coded.spec.local_dim, coded.spec.binary) == (width, binary)
        assert coded.spec != extractor.spec
        np.testing.assert_array_equal(features.descriptors, codec.encode(plain.descriptors))
        np.testing.assert_array_equal(features.keypoints, plain.keypoints)
