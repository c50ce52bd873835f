"""What a GPU does. Where there is none, its rules on CPU tensors."""

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from fastdct.ops import RansacResult, _cuda_kernels, _pairs, match, ransac  # noqa: E402


def neighbours(query, candidates, offsets):
    """By definition: nearest and second nearest rows [2, P, n], nearest query rows [M]."""
    nearest = torch.full((2, len(offsets) - 1, len(query)), -1, dtype=torch.int32)
    nearest_query = torch.full((len(candidates),), -1, dtype=torch.int32)
    for p in range(len(offsets) - 1):
        rows = slice(int(offsets[p]), int(offsets[p + 1]))
        apart = query.double()[:, None] - candidates[rows].double()  # [n, m, d]
        distances = apart.square().sum(dim=2)  # exact where they are whole numbers
        order = distances.argsort(dim=1, stable=True)
        for place in range(min(2, order.shape[1])):
            nearest[place, p] = order[:, place].int()
        if len(candidates[rows]):
            nearest_query[rows] = distances.argmin(dim=0).int()
    return nearest, nearest_query


@pytest.mark.parametrize(("mutual", "one_to_one"), [(True, False), (False, False), (False, True)])
@pytest.mark.parametrize(
    ("max_ratio", "max_distance"), [(math.inf, math.inf), (0.9, math.inf), (math.inf, 4.5)]
)
def test_rules_accept_what_the_cpu_accepts(mutual, one_to_one, max_ratio, max_distance):
    rng = np.random.default_rng(0)
    query, candidates = (torch.from_numpy(rng.normal(size=(n, 16)).astype(np.float32)) for n in (20, 60))
    offsets = torch.tensor([0, 25, 25, 26, 60])
    rules = {"mutual": mutual, "one_to_one": one_to_one, "max_ratio": max_ratio, "max_distance": max_distance}
    found = _cuda_kernels._accepted(
        query, candidates, offsets, *neighbours(query, candidates, offsets), metric="euclidean", **rules
    )
    options = {name: None if value == math.inf else value for name, value in rules.items()}
    expected = match(query.numpy(), candidates.numpy(), offsets.numpy(), **options)
    for tensor, name in zip(found, ("query_index", "candidate_index", "offsets"), strict=False):
        np.testing.assert_array_equal(tensor.numpy(), getattr(expected, name), err_msg=name)
    np.testing.assert_allclose(found[3].numpy(), expected.distance, rtol=1e-6)


@pytest.mark.parametrize("rules", [{"mutual": True}, {"mutual": False, "one_to_one": True, "max_ratio": 0.9}])
def test_unpacked_bits_have_the_neighbours_of_the_bytes(rules):
    rng = np.random.default_rng(3)
    query, candidates = (torch.from_numpy(rng.integers(0, 8, (n, 3), dtype=np.uint8)) for n in (40, 90))
    offsets = torch.tensor([0, 1, 1, 90])
    bits, others = _cuda_kernels.unpacked(query), _cuda_kernels.unpacked(candidates)
    np.testing.assert_array_equal(bits.numpy(), np.unpackbits(query.numpy(), axis=1, bitorder="little"))
    expected = match(query.numpy(), candidates.numpy(), offsets.numpy(), metric="hamming", **rules)
    nearest, nearest_query = neighbours(bits, others, offsets)
    filled = {"one_to_one": False, "max_ratio": math.inf, "max_distance": math.inf, **rules}
    found = _cuda_kernels._accepted(bits, others, offsets, nearest, nearest_query, metric="hamming", **filled)
    np.testing.assert_array_equal(found[0].numpy(), expected.query_index)
    np.testing.assert_array_equal(found[1].numpy(), expected.candidate_index)
    np.testing.assert_array_equal(found[3].numpy(), expected.distance)
    with pytest.raises(TypeError, match="uint8, eight bits each"):
        _cuda_kernels.unpacked(bits)


def test_padded_tensors_are_the_ragged_ones():
    rng = np.random.default_rng(4)
    mask = torch.from_numpy(rng.random((3, 9)) < [[0.7], [0.0], [0.9]])
    source, target = (torch.from_numpy(rng.uniform(0, 9, (3, 9, 2))) for _ in range(2))
    extras = {"quality": torch.from_numpy(rng.random((3, 9))), "source_frames": None, "target_frames": None}
    rows, offsets = _pairs.present_rows({"source": source, "target": target, **extras}, mask)
    expected = _pairs.padded_pairs(source, target, None, extras, mask=mask)
    for name in ("source", "target", "quality"):
        np.testing.assert_array_equal(rows[name].numpy(), getattr(expected, name))
    assert rows["source_frames"] is None
    np.testing.assert_array_equal(offsets.numpy(), expected.offsets)
    found = torch.from_numpy(rng.random(len(rows["source"])) < 0.5)
    np.testing.assert_array_equal(_pairs.in_places(found, mask).numpy(), expected.padded(found.numpy()))
    with pytest.raises(ValueError, match=r"mask must be bool \[P, N\]"):
        _pairs.present_rows({"source": source}, mask.float())
    with pytest.raises(ValueError, match=r"source must be \[2, 9\] and more, like mask, not \[3, 9, 2\]"):
        _pairs.present_rows({"source": source}, mask[:2])


def test_bad_rows_are_named():
    rows = torch.zeros((3, 4))
    rows[2, 1] = math.nan
    with pytest.raises(ValueError, match=r"query\[2\] is not finite"):
        _cuda_kernels._refuse_bad_rows(rows, name="query")


def planted_batch():
    rng = np.random.default_rng(1)
    sizes = [0, 3, 4, 15, 16, 17, 63, 64, 65, 200, 700, 200, 200]
    source = rng.uniform(0, 1000, (sum(sizes), 2))
    target = rng.uniform(0, 1000, (sum(sizes), 2))
    true = rng.random(sum(sizes)) < np.repeat(np.linspace(0.6, 0.05, len(sizes)), sizes)
    target[true] = source[true] @ [[0.9, 0.3], [-0.25, 1.1]] + rng.normal(0, 1, (true.sum(), 2)) + 40
    target[::9] = target[0]  # many to one
    return source, target, np.cumsum([0, *sizes])


def planted_extras(sampling):
    """What a sampling needs beside the points, as `ransac` takes it: qualities with ties and -0, or keypoints' frames."""
    rng, count = np.random.default_rng(2), int(planted_batch()[2][-1])
    if sampling == "prosac":
        return {"quality": rng.choice([-1.0, -0.0, 0.0, 2.0], count)}
    if sampling == "one_point":
        frames = np.c_[2 ** rng.uniform(0, 4, count), rng.uniform(-9, 9, count)]
        turned = frames * [1.05, 1] + [0, -0.3]
        turned[::3, 1] += rng.uniform(-3, 3, len(turned[::3]))
        return {"source_frames": frames, "target_frames": turned}
    return {}


WAYS = [
    (model, sampling)
    for model in ("similarity", "affine", "homography", "fundamental")
    for sampling in ("uniform", "prosac", "one_point")
    if (model, sampling) != ("fundamental", "one_point")
]


def assert_same_results(found, expected):
    """Bit by bit: the device does the CPU's operations in the CPU's order."""
    for name in ("num_inliers", "num_one_to_one", "score", "model", "inlier_mask", "num_iterations"):
        value = getattr(found, name).cpu().numpy()
        np.testing.assert_array_equal(value, getattr(expected, name), err_msg=name)


@pytest.mark.parametrize("max_iterations", [1, 3000])
@pytest.mark.parametrize(("model", "sampling"), WAYS)
def test_played_threads_find_what_the_cpu_finds(model, sampling, max_iterations):
    source, target, offsets = planted_batch()
    extras = planted_extras(sampling)
    options = {"model": model, "sampling": sampling, "max_iterations": max_iterations, "seed": 5}
    bounds = {"scale_range": (0.1, 10), "max_anisotropy": 4}
    expected = ransac(source, target, offsets, max_error=6.0, **options, **bounds, **extras)
    rows = [torch.from_numpy(array) for array in (source, target, offsets)]
    errors = torch.full((len(offsets) - 1,), 6.0, dtype=torch.float64)
    options |= {"confidence": 0.99, "min_scale": 0.1, "max_scale": 10.0, "max_anisotropy": 4.0}
    tensors = {name: torch.from_numpy(array) for name, array in extras.items()}
    found = _cuda_kernels.ransac(*rows, errors, **tensors, **options, allow_reflection=False)
    assert_same_results(RansacResult(*found), expected)


def test_rows_are_ordered_by_quality():
    quality = torch.tensor(
        [1.0, math.nan, -0.0, 0.0, 3.0, -math.inf, math.nan, 3.0, 2.0, 5.0], dtype=torch.float64
    )
    offsets = torch.tensor([0, 4, 4, 9, 10])
    assert _cuda_kernels.order_by(quality, offsets).tolist() == [0, 2, 3, 1, 4, 7, 8, 5, 6, 9]


@pytest.mark.cuda
@pytest.mark.sanitized
@pytest.mark.parametrize("max_iterations", [1, 500])
@pytest.mark.parametrize(("model", "sampling"), WAYS)
def test_gpu_finds_what_the_cpu_finds(model, sampling, max_iterations):
    arrays, extras = planted_batch(), planted_extras(sampling)
    options = {
        "max_error": 6.0,
        "model": model,
        "sampling": sampling,
        "max_iterations": max_iterations,
        "seed": 5,
    }
    expected = ransac(*arrays, **options, **extras)
    tensors = {name: torch.from_numpy(array).cuda() for name, array in extras.items()}
    found = ransac(*(torch.from_numpy(array).cuda() for array in arrays), **options, **tensors)
    assert_same_results(found, expected)


@pytest.mark.cuda
@pytest.mark.parametrize(("model", "sampling"), WAYS)
def test_gpu_finds_what_the_cpu_finds_in_many_rounds(model, sampling):
    arrays, extras = planted_batch(), planted_extras(sampling)
    options = {
        "max_error": 6.0,
        "model": model,
        "sampling": sampling,
        "max_iterations": 20_000,
        "confidence": 1.0,
    }
    expected = ransac(*arrays, **options, **extras)
    tensors = {name: torch.from_numpy(array).cuda() for name, array in extras.items()}
    found = ransac(*(torch.from_numpy(array).cuda() for array in arrays), **options, **tensors)
    assert_same_results(found, expected)


@pytest.mark.cuda
@pytest.mark.sanitized
@pytest.mark.parametrize("metric", ["euclidean", "inner_product"])
@pytest.mark.parametrize("width", [16, 33, 128])
def test_gpu_matches_what_the_cpu_matches(metric, width):
    rng = np.random.default_rng(2)
    query, candidates = (rng.integers(-2, 3, (n, width)).astype(np.float32) for n in (70, 300))
    offsets = np.array([0, 100, 100, 101, 300])
    for options in ({"mutual": True}, {"mutual": False, "max_ratio": 0.95}):
        expected = match(query, candidates, offsets, metric=metric, **options)
        found = match(
            *(torch.from_numpy(array).cuda() for array in (query, candidates, offsets)),
            metric=metric,
            **options,
        )
        np.testing.assert_array_equal(found.query_index.cpu().numpy(), expected.query_index)
        np.testing.assert_array_equal(found.candidate_index.cpu().numpy(), expected.candidate_index)
        np.testing.assert_allclose(found.distance.cpu().numpy(), expected.distance, rtol=1e-6)


@pytest.mark.cuda
def test_gpu_operators_are_captured_without_waiting():
    source, target, offsets = (torch.from_numpy(array).cuda() for array in planted_batch())
    ransac(source, target, offsets, max_error=6.0)
    torch.cuda.synchronize()
    torch.cuda.set_sync_debug_mode("error")
    try:
        ransac(source, target, offsets, max_error=torch.full((len(offsets) - 1,), 6.0, device="cuda"))
    finally:
        torch.cuda.set_sync_debug_mode("default")
