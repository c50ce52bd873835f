"""Blocks of a batch as planes of frequencies, by the emulated device: against what `read_batch` gives."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import fastdct
from device import PLANE, device_batch
from fastdct import _C
from fastdct.frequencies import ZIGZAG
from test_resample import SAMPLINGS, random_image

seeds = st.integers(0, 2**32)


def frequency_planes(batch, num_frequencies, seed):
    """int16 [num_frequencies, Hb, Wb] of every plane of the batch."""
    plan = _C.FrequencyPlan(batch.planes, num_frequencies=num_frequencies)
    target = torch.full((int(plan.offsets[-1]) + 1,), 7, dtype=torch.int16)
    jobs = torch.from_numpy(plan.jobs)
    _C.emulation.frequency_planes(
        plan.launches,
        jobs=jobs.data_ptr(),
        coefficients=batch.coefficients.data_ptr(),
        target=target.data_ptr(),
        seed=seed,
    )
    assert target[-1] == 7
    parts = np.split(target.numpy()[:-1], plan.offsets[1:-1])
    shapes = zip(batch.planes["num_rows"], batch.planes["num_cols"], strict=True)
    return [part.reshape(num_frequencies, *shape) for part, shape in zip(parts, shapes, strict=True)]


@settings(deadline=None, max_examples=30)
@given(
    st.lists(
        st.tuples(st.integers(1, 200), st.integers(1, 200), st.sampled_from(SAMPLINGS[:4])),
        min_size=1,
        max_size=4,
    ),
    st.integers(1, 64),
    seeds,
)
def test_planes_are_those_of_read_batch(pictures, num_frequencies, seed):
    images = [random_image((height, width), sampling, seed=1) for height, width, sampling in pictures]
    rows = fastdct.read_batch(
        [fastdct.write(image) for image in images], layout="frequency", num_frequencies=num_frequencies
    )
    expected = [component.coefficients for row in rows for component in row.components]
    got = frequency_planes(device_batch(images), num_frequencies, seed)
    for plane, other in zip(got, expected, strict=True):
        np.testing.assert_array_equal(plane, other)


def test_planes_may_lie_anywhere_and_be_empty():
    batch = device_batch([random_image((30, 20), [(1, 1)] * 3, seed=2)])
    expected = frequency_planes(batch, 5, 0)
    batch.planes = np.concatenate([batch.planes[[2]], np.zeros(1, PLANE), batch.planes[:2]])
    got = frequency_planes(batch, 5, 1)
    assert got[1].size == 0
    for plane, other in zip([got[i] for i in (2, 3, 0)], expected, strict=True):
        np.testing.assert_array_equal(plane, other)


@pytest.mark.parametrize("num_frequencies", [1, 10, 63, 64])
def test_frequencies_that_nobody_wants_become_zero(num_frequencies):
    coefficients = torch.randint(1, 99, (7, 64), dtype=torch.int16)
    expected = coefficients.clone()
    expected[:, ZIGZAG[num_frequencies:].tolist()] = 0
    _C.emulation.zero_frequencies(
        coefficients.data_ptr(), num_blocks=7, num_frequencies=num_frequencies, seed=3
    )
    assert torch.equal(coefficients, expected)


@pytest.mark.parametrize("num_frequencies", [0, 65])
def test_other_numbers_of_frequencies_are_errors(num_frequencies):
    with pytest.raises(ValueError, match="1 to 64"):
        _C.FrequencyPlan(np.zeros(1, PLANE), num_frequencies=num_frequencies)
    with pytest.raises(ValueError, match="1 to 64"):
        _C.emulation.zero_frequencies(0, num_blocks=0, num_frequencies=num_frequencies, seed=0)
