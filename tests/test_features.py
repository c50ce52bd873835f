import dataclasses

import numpy as np
import pytest

from fastdct.retrieval import LocalFeatures
from made import features


def test_repr_prints_shapes():
    assert repr(features(0)) == "Features(global_descriptor=[16], descriptors=[6, 8], height=100, width=120)"


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        ({"keypoints": np.zeros((5, 2), np.float32)}, ValueError, r"keypoints must have the shape \[6, 2\]"),
        ({"scales": np.ones(6)}, TypeError, "scales must be float32, not float64"),
        ({"descriptors": np.zeros((3, 8), np.float32)}, ValueError, "descriptors"),
        ({"scores": np.full(6, np.nan, np.float32)}, ValueError, "scores holds values that are not finite"),
        ({"global_descriptor": np.full(16, 2, np.float32)}, ValueError, "L2-normalised; its norm is 8"),
        ({"global_descriptor": np.ones((1, 16), np.float32) / 4}, ValueError, "global_descriptor"),
        ({"height": 0}, ValueError, "120 × 0 pixels"),
    ],
)
def test_features_that_contradict_themselves_are_refused(change, error, match):
    with pytest.raises(error, match=match):
        dataclasses.replace(features(0), **change)


def test_features_cannot_be_reassigned():
    with pytest.raises(dataclasses.FrozenInstanceError):
        features(0).height = 3


def test_local_features_are_laid_end_to_end():
    images = [
        ("a", features(1, count=3)),
        ("b", features(2, count=0)),
        ("c", features(3, count=2, height=50)),
    ]
    local = LocalFeatures.of(images)
    assert local.offsets.tolist() == [0, 3, 3, 5]
    assert local.sizes.tolist() == [[100, 120], [100, 120], [50, 120]]
    np.testing.assert_array_equal(local.keypoints[3:], images[2][1].keypoints)
    assert repr(local) == "LocalFeatures(images=3, descriptors=[5, 8])"
