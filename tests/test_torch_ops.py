import numpy as np
import pytest

torch = pytest.importorskip("torch")
from fastdct.ops import match, ransac, torch_ops  # noqa: E402

BOUNDS = (0.2, 5.0, 4.0, False)


def matches(model="affine", sampling="uniform"):
    rng = np.random.default_rng(0)
    source = torch.from_numpy(rng.uniform(0, 100, (30, 2)))
    target = 1.2 * source + torch.from_numpy(
        rng.normal(0, 1, (30, 2))
    )  # each finds a model: opcheck dislikes NaN
    offsets, max_error = torch.tensor([0, 10, 30]), torch.full((2,), 5.0, dtype=torch.float64)
    quality = torch.from_numpy(rng.random(30)) if sampling == "prosac" else None
    frames = torch.from_numpy(rng.uniform(1, 2, (30, 2))) if sampling == "one_point" else None
    return (
        source, target, offsets, max_error, quality, frames, frames, model, sampling, 50, 0.99, 3, *BOUNDS, 1
    )  # fmt: skip


@pytest.mark.parametrize(
    ("model", "sampling"),
    [
        ("affine", "uniform"),
        ("similarity", "one_point"),
        ("homography", "prosac"),
        ("fundamental", "uniform"),
    ],
)
def test_ransac_passes_opcheck(model, sampling):
    torch.library.opcheck(torch.ops.fastdct.ransac.default, matches(model, sampling))


@pytest.mark.parametrize("metric", ["euclidean", "hamming"])
def test_match_passes_opcheck(metric):
    rng = np.random.default_rng(0)
    dtype = np.uint8 if metric == "hamming" else np.float32
    query, candidates = (torch.from_numpy(rng.integers(0, 9, (n, 8)).astype(dtype)) for n in (5, 12))
    arguments = (query, candidates, torch.tensor([0, 4, 12]), metric, True, False, 0.9, float("inf"), 1)
    torch.library.opcheck(torch.ops.fastdct.match.default, arguments)


def test_functions_and_operators_find_the_same():
    arguments = matches()
    found = torch.ops.fastdct.ransac(*arguments)
    expected = ransac(*(a.numpy() for a in arguments[:3]), max_error=5.0, max_iterations=50, seed=3)
    for tensor, name in zip(
        found,
        ("num_inliers", "num_one_to_one", "score", "model", "inlier_mask", "num_iterations"),
        strict=True,
    ):
        np.testing.assert_array_equal(tensor.numpy(), getattr(expected, name))


def test_compiled_code_calls_the_operator():
    @torch.compile(backend="eager", fullgraph=True)
    def count(source, target, offsets, max_error):
        found = torch_ops.ransac(
            source, target, offsets, max_error, None, None, None, "affine", "uniform", 50, 0.99, 3, *BOUNDS, 1
        )
        return found[0] + 1

    arguments = matches()[:4]
    assert count(*arguments).shape == (2,)


def test_bfloat16_descriptors_are_taken():
    rng = np.random.default_rng(0)
    query = torch.from_numpy(rng.integers(-4, 5, (6, 8)).astype(np.float32))
    exact = match(query, query.flip(0), [0, 6])
    found = match(query.bfloat16(), query.flip(0).bfloat16(), [0, 6])
    assert torch.equal(found.candidate_index, exact.candidate_index)
