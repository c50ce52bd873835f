import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastdct.geometry import CenterCrop, RandomResizedCrop, Resize, Window, fit_size

SIDE = st.integers(1, 3000)


@pytest.mark.parametrize("box", [(0, 0, 0, 5), (3, 1, 2, 5), (0, 0, math.nan, 5), (0, 0, math.inf, 5)])
def test_an_empty_window_is_an_error(box):
    with pytest.raises(ValueError, match="x1 < x2"):
        Window(box)


def test_a_window_is_clipped_to_the_picture():
    assert Window((-5, 2, 30, 40)).clipped(20, 10).box == (0, 2, 10, 20)
    with pytest.raises(ValueError, match="outside the picture of 10 × 20"):
        Window((11, 0, 12, 5)).clipped(20, 10)


@given(SIDE, SIDE)
def test_fixed_rules_stay_inside(height, width):
    assert Resize()(height, width).box == (0, 0, width, height)
    x1, y1, x2, y2 = CenterCrop(0.5)(height, width).box
    assert x1 + x2 == pytest.approx(width)
    assert y1 + y2 == pytest.approx(height)
    assert x2 - x1 == pytest.approx(min(height, width) / 2)


@given(SIDE, SIDE, st.integers(0, 2**32))
def test_random_windows_stay_inside_and_repeat_with_the_seed(height, width, seed):
    first, second = RandomResizedCrop(seed=seed), RandomResizedCrop(seed=seed)
    for _ in range(3):
        window = first(height, width)
        assert window == second(height, width)
        x1, y1, x2, y2 = window.box
        assert 0 <= x1 < x2 <= width
        assert 0 <= y1 < y2 <= height


def test_random_windows_have_the_asked_area_and_aspect():
    sampler = RandomResizedCrop(scale=(0.2, 0.5), ratio=(0.5, 2.0), flip=1.0)
    for _ in range(200):
        window = sampler(1000, 1000)
        x1, y1, x2, y2 = window.box
        assert window.flip
        assert 0.19 < (x2 - x1) * (y2 - y1) / 1e6 < 0.51
        assert 0.49 < (x2 - x1) / (y2 - y1) < 2.05


@given(st.integers(10, 5000), st.integers(10, 5000))
def test_fit_size_keeps_area_and_aspect(height, width):
    rows, columns = fit_size(height, width, area=448 * 448, multiple=8)
    assert rows % 8 == columns % 8 == 0
    if 1 / 8 < height / width < 8:
        assert rows * columns == pytest.approx(448 * 448, rel=0.1)
        assert rows / columns == pytest.approx(height / width, rel=0.08)


def test_settings_out_of_range_are_errors():
    for settings in ({"scale": (0, 1)}, {"ratio": (2, 1)}, {"flip": 1.5}):
        with pytest.raises(ValueError, match=next(iter(settings))):
            RandomResizedCrop(**settings)
    with pytest.raises(ValueError, match="fraction"):
        CenterCrop(0)
    with pytest.raises(ValueError, match="multiple of 8"):
        fit_size(10, 10, area=100, multiple=12)
