import dataclasses

import numpy as np
import pytest

from fastdct.retrieval import Index, IndexStoreError, LocalFeatures, Record, verify
from fastdct.retrieval.codec import LocalCodec
from made import SPEC, features, unit


def descriptors(seed, count=500, dims=32):
    """Unit vectors that mostly lie in a plane of eight dimensions, as those of a network do."""
    random = np.random.default_rng(seed)
    plane = np.random.default_rng(0).standard_normal((8, dims))
    return unit(random.standard_normal((count, 8)) @ plane + 0.1 * random.standard_normal((count, dims)))


def test_principal_components():
    values = descriptors(1)
    codec = LocalCodec.fit(values, dims=8)
    np.testing.assert_allclose(codec.projection @ codec.projection.T, np.eye(8), atol=1e-5)
    _, singular, _ = np.linalg.svd(values - values.mean(axis=0), full_matrices=False)
    kept = (values - values.mean(axis=0)) @ codec.projection.T
    np.testing.assert_allclose(np.linalg.norm(kept, axis=0), singular[:8], rtol=1e-3)
    np.testing.assert_allclose(codec.encode(values), unit(kept), atol=1e-5)


def test_bits_are_signs_of_a_rotation_that_lies_near_the_corners():
    values = descriptors(2)
    codec = LocalCodec.fit(values, dims=16, binary=True)
    np.testing.assert_allclose(codec.projection @ codec.projection.T, np.eye(16), atol=1e-5)
    projected = (values - codec.mean) @ codec.projection.T
    np.testing.assert_array_equal(np.unpackbits(codec.encode(values), axis=1), projected > 0)
    plain = (values - codec.mean) @ LocalCodec.fit(values, dims=16).projection.T

    def loss(x):
        return np.square(np.sign(x) * np.abs(x).mean() - x).sum()

    assert loss(projected) < 0.9 * loss(plain)


def test_near_descriptors_have_near_codes():
    values = descriptors(3)
    codec = LocalCodec.fit(values, dims=32, binary=True)
    moved = unit(values + 0.02 * np.random.default_rng(0).standard_normal(values.shape))
    first, second = codec.encode(values), codec.encode(moved)
    distances = np.bitwise_count(first[:, None] ^ second[None]).sum(axis=2)  # [n, n]
    assert (distances.argmin(axis=1) == np.arange(len(values))).mean() > 0.7
    assert np.diag(distances).mean() < 0.5 * distances.mean()


def test_on_disk_and_as_bytes(tmp_path):
    codec = LocalCodec.fit(descriptors(4), dims=8, binary=True)
    codec.save(tmp_path / "codec")
    again = LocalCodec.load(tmp_path / "codec")
    assert again.digest == codec.digest
    np.testing.assert_array_equal(again.encode(descriptors(5)), codec.encode(descriptors(5)))
    assert repr(again) == "LocalCodec(32 dimensions to 8 bits)"
    (tmp_path / "bad").write_bytes(b"no")
    with pytest.raises(ValueError, match=r"bad: this is not a codec"):
        LocalCodec.load(tmp_path / "bad")


def test_what_cannot_be_fitted_is_said():
    with pytest.raises(ValueError, match="500 descriptors of 32 values cannot be brought to 40"):
        LocalCodec.fit(descriptors(6), dims=40)
    with pytest.raises(ValueError, match="4 descriptors of 32 values cannot be brought to 8"):
        LocalCodec.fit(descriptors(6, count=4), dims=8)
    with pytest.raises(ValueError, match="multiple of 8, not 12"):
        LocalCodec.fit(descriptors(6), dims=12, binary=True)
    with pytest.raises(ValueError, match="takes descriptors of 32 values, not 5"):
        LocalCodec.fit(descriptors(6), dims=8).encode(np.ones((2, 5), np.float32))


@pytest.fixture
def packed():
    """A spec of 64 bits, and a function that makes features of it."""
    spec = dataclasses.replace(SPEC, local_dim=8, binary=True)

    def make(seed, count=40):
        random = np.random.default_rng(seed)
        bits = random.integers(0, 256, (count, 8), dtype=np.uint8)
        return dataclasses.replace(features(seed, count=count), descriptors=bits)

    return spec, make


def test_bits_are_stored_packed_and_matched_by_hamming_distance(tmp_path, packed):
    spec, make = packed
    codec = LocalCodec.fit(descriptors(7), dims=8, binary=True)
    index = Index.create(tmp_path / "index", spec=spec, codec=codec)
    index.add([Record("a", make(1)), Record("b", make(2)), Record("none", make(3, count=0))])
    again = Index.open(tmp_path / "index", spec=spec)
    assert again.codec.digest == codec.digest
    stored = again.features("a")
    assert stored.descriptors.dtype == np.uint8
    np.testing.assert_array_equal(stored.descriptors, make(1).descriptors)
    found = verify(make(1), again.fetch(["a", "b", "none"]))
    assert found.num_inliers.tolist() == [40, 0, 0]
    flipped = make(1).descriptors ^ np.uint8(1)  # one bit of eight in each byte
    near = dataclasses.replace(make(1), descriptors=flipped)
    assert verify(near, LocalFeatures.of([("a", make(1))])).num_inliers.tolist() == [40]


def test_bits_and_numbers_are_not_mixed(tmp_path, packed):
    spec, make = packed
    index = Index.create(tmp_path / "index", spec=spec)
    with pytest.raises(ValueError, match="'x' has local descriptors float32; this index holds packed bits"):
        index.add([Record("x", features(1))])
    with pytest.raises(IndexStoreError, match=r"64 bits.* cannot be used with .*8 dimensions"):
        Index.open(tmp_path / "index", spec=dataclasses.replace(SPEC, local_dim=8))
    plain = Index.create(tmp_path / "plain", spec=SPEC)
    with pytest.raises(ValueError, match="descriptors uint8; this index holds numbers"):
        plain.add([Record("x", make(1))])
    assert plain.codec is None
