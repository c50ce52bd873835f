import math
import pickle

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fastdct.geometry import (
    CenterCrop,
    Compose,
    FiveCrop,
    RandomCrop,
    RandomHorizontalFlip,
    RandomResizedCrop,
    Resize,
    ScalePyramid,
    View,
    Window,
    fit_size,
)

SIDE = st.integers(1, 3000)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("box", [(0, 0, 0, 5), (3, 1, 2, 5), (0, 0, math.nan, 5), (0, 0, math.inf, 5)])
def test_an_empty_window_is_an_error(box):
    with pytest.raises(ValueError, match="x1 < x2"):
        Window(box)


def test_a_window_is_clipped_to_the_picture():
    assert Window((-5, 2, 30, 40)).clipped(20, 10).box == (0, 2, 10, 20)
    with pytest.raises(ValueError, match="outside the picture of 10 × 20"):
        Window((11, 0, 12, 5)).clipped(20, 10)


# --- rules without chance ------------------------------------------------------------------------------------


@given(SIDE, SIDE)
def test_resize_takes_the_whole_picture(height, width):
    for rule in (Resize(), Resize(100), Resize((30, 50)), Resize(50, max_size=80)):
        assert rule(height, width).box == (0, 0, width, height)


# Sizes that torchvision's functional resize gives: the longer side is rounded down.
@pytest.mark.parametrize(
    ("rule", "size", "expected"),
    [
        (Resize(256), (375, 500), (256, 341)),
        (Resize(256), (500, 375), (341, 256)),
        (Resize(256), (256, 300), (256, 300)),
        (Resize(256, max_size=300), (375, 500), (225, 300)),
        (Resize((10, 20)), (375, 500), (10, 20)),
        (Resize(), (375, 500), (375, 500)),
    ],
)
def test_resize_counts_as_torchvision_does(rule, size, expected):
    view = rule.apply(View.whole(*size))
    assert (view.height, view.width) == expected


@pytest.mark.parametrize(
    ("size", "expected"), [((20, 31), (11, 5, 20, 15)), ((21, 32), (12, 6, 21, 16)), ((10, 9), (0, 0, 9, 10))]
)
def test_center_crop_rounds_as_torchvision_does(size, expected):
    assert CenterCrop((10, 9))(*size).box == expected


# Paddings (left, top) of torchvision's center_crop: (part - size) // 2; a longer side is cropped as ever.
@pytest.mark.parametrize(
    ("size", "expected"), [((5, 6), (-1, -2, 8, 8)), ((4, 20), (6, -3, 15, 7)), ((30, 9), (0, 10, 9, 20))]
)
def test_a_center_crop_larger_than_the_picture_is_padded(size, expected):
    window = CenterCrop((10, 9))(*size)
    assert window == Window(expected, padded=size != (30, 9))
    assert window.clipped(*size) == window


@given(st.integers(1, 3000), st.integers(1, 3000))
def test_resize_then_crop_is_the_crop_of_the_resized_picture(height, width):
    x1, y1, x2, y2 = Compose([Resize((300, 200)), CenterCrop((150, 100))])(height, width).box
    assert (x1, x2) == pytest.approx((width / 4, 3 * width / 4))
    assert (y1, y2) == pytest.approx((height / 4, 3 * height / 4))


def test_a_crop_of_a_crop_is_that_part_of_it():
    view = CenterCrop(100).apply(View.whole(200, 300))
    assert CenterCrop((50, 20)).apply(view).window.box == (140, 75, 160, 125)


def test_a_crop_of_a_mirrored_picture_lies_on_the_other_side():
    flip = RandomHorizontalFlip(1.0)
    plain, mirrored = FiveCrop(40)(100, 200), FiveCrop(40, before=flip)(100, 200)
    assert mirrored[0] == Window(plain[1].box, flip=True)
    assert mirrored[3] == Window(plain[2].box, flip=True)
    assert Compose([flip, flip])(100, 200) == Resize()(100, 200)


def test_five_crops_are_the_corners_and_the_centre():
    boxes = [window.box for window in FiveCrop((40, 60))(100, 200)]
    assert boxes == [
        (0, 0, 60, 40),
        (140, 0, 200, 40),
        (0, 60, 60, 100),
        (140, 60, 200, 100),
        (70, 30, 130, 70),
    ]
    scaled = FiveCrop(50, before=Resize((100, 100)))(200, 400)
    assert [window.box for window in scaled][:2] == [(0, 0, 200, 100), (200, 0, 400, 100)]


def test_a_pyramid_has_the_aspect_at_every_scale():
    assert ScalePyramid(448 * 448)(375, 500)[1] == fit_size(375, 500, area=448 * 448)
    sizes = ScalePyramid(448 * 448, scales=(0.5, 1, 2), multiple=32)(300, 300)
    assert sizes == ((224, 224), (448, 448), (896, 896))


@given(SIDE, SIDE, st.integers(0, 1000))
def test_a_random_crop_is_a_square_inside_the_picture(height, width, seed):
    x1, y1, x2, y2 = Compose([Resize(256), RandomCrop(224)])(height, width, generator=generator(seed)).box
    assert -1e-9 <= x1 < x2 <= width + 1e-9
    assert -1e-9 <= y1 < y2 <= height + 1e-9
    short = 224 / 256 * min(height, width)
    assert (x2 - x1 if width <= height else y2 - y1) == pytest.approx(short)


def test_a_random_crop_goes_everywhere_and_draws_as_torchvision_does():
    rule, random = RandomCrop((2, 3)), generator(1)
    boxes = {rule(3, 5, generator=random).box for _ in range(200)}
    assert boxes == {(x, y, x + 3, y + 2) for x in range(3) for y in range(2)}
    drawn, expected = generator(7), generator(7)
    top, left = (int(torch.randint(0, count, (1,), generator=expected)) for count in (41, 61))
    assert RandomCrop(60)(100, 120, generator=drawn).box == (left, top, left + 60, top + 60)


def test_a_random_crop_of_all_is_all_and_one_of_more_an_error():
    random = generator()
    before = random.get_state()
    assert RandomCrop(50)(50, 50, generator=random).box == (0, 0, 50, 50)
    assert torch.equal(random.get_state(), before)
    with pytest.raises(
        ValueError, match="RandomCrop: 50 × 50 pixels do not fit into 50 × 49; put Resize before"
    ):
        RandomCrop(50)(49, 50)


# --- rules of chance -----------------------------------------------------------------------------------------


def plain_resized_crop(height, width, scale, ratio, random):
    """The published rule, step by step: (left, top, width, height)."""
    low, high = torch.log(torch.tensor(ratio))
    for _ in range(10):
        area = height * width * torch.empty(1).uniform_(*scale, generator=random).item()
        aspect = torch.exp(torch.empty(1).uniform_(low.item(), high.item(), generator=random)).item()
        w, h = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if 0 < w <= width and 0 < h <= height:
            top = torch.randint(0, height - h + 1, size=(1,), generator=random).item()
            left = torch.randint(0, width - w + 1, size=(1,), generator=random).item()
            return left, top, w, h
    w, h = width, height
    if width / height < min(ratio):
        h = round(width / min(ratio))
    elif width / height > max(ratio):
        w = round(height * max(ratio))
    return (width - w) // 2, (height - h) // 2, w, h


@given(SIDE, SIDE, st.integers(0, 2**31), st.sampled_from([(0.08, 1.0), (0.9, 1.0)]))
def test_random_windows_are_the_published_rule_s(height, width, seed, scale):
    if max(height, width) > 2000 * min(height, width):
        return  # the published fallback then has a side of 0 pixels
    window = RandomResizedCrop(scale=scale)(height, width, generator=generator(seed))
    left, top, w, h = plain_resized_crop(height, width, scale, (3 / 4, 4 / 3), generator(seed))
    assert window == Window((left, top, left + w, top + h))


@given(SIDE, SIDE, st.integers(0, 2**31))
def test_random_windows_stay_inside_and_repeat_with_the_generator_s_state(height, width, seed):
    rules = [
        Compose([RandomResizedCrop(generator=random), RandomHorizontalFlip(generator=random)])
        for random in (generator(seed), generator(seed))
    ]
    for _ in range(3):
        window = rules[0](height, width)
        assert window == rules[1](height, width)
        x1, y1, x2, y2 = window.box
        assert 0 <= x1 < x2 <= width
        assert 0 <= y1 < y2 <= height


def test_without_a_generator_torch_s_own_is_drawn_from():
    rule = Compose([RandomResizedCrop(), RandomHorizontalFlip()])
    torch.manual_seed(5)
    drawn = [rule(375, 500) for _ in range(4)]
    torch.manual_seed(5)
    assert [rule(375, 500) for _ in range(4)] == drawn
    assert len(set(drawn)) == 4
    assert rule(375, 500, generator=generator(5)) == drawn[0]


def test_random_windows_have_the_asked_area_and_aspect():
    sampler = RandomResizedCrop(scale=(0.2, 0.5), ratio=(0.5, 2.0))
    for seed in range(200):
        x1, y1, x2, y2 = sampler(1000, 1000, generator=generator(seed)).box
        assert 0.19 < (x2 - x1) * (y2 - y1) / 1e6 < 0.51
        assert 0.49 < (x2 - x1) / (y2 - y1) < 2.05


def test_flips_have_the_asked_chance():
    random = generator()
    flips = [RandomHorizontalFlip(0.3, generator=random)(10, 10).flip for _ in range(1000)]
    assert 240 < sum(flips) < 360
    assert not RandomHorizontalFlip(0.0)(10, 10).flip


def test_a_crop_s_size_is_the_unit_of_what_follows():
    view = RandomResizedCrop(224).apply(View.whole(375, 500), generator())
    assert (view.height, view.width) == (224, 224)
    inner = CenterCrop(112).apply(view).window.box
    x1, y1, x2, y2 = view.window.box
    assert (inner[2] - inner[0], inner[3] - inner[1]) == pytest.approx(((x2 - x1) / 2, (y2 - y1) / 2))


def test_rules_can_be_sent_to_a_worker():
    rule = Compose([RandomResizedCrop(), Resize(256), CenterCrop(224), RandomHorizontalFlip()])
    again = pickle.loads(pickle.dumps(rule))
    assert again(375, 500, generator=generator(1)) == rule(375, 500, generator=generator(1))


# --- sizes and errors ----------------------------------------------------------------------------------------


@given(st.integers(10, 5000), st.integers(10, 5000))
def test_fit_size_keeps_area_and_aspect(height, width):
    rows, columns = fit_size(height, width, area=448 * 448, multiple=8)
    assert rows % 8 == columns % 8 == 0
    if 1 / 8 < height / width < 8:
        assert rows * columns == pytest.approx(448 * 448, rel=0.1)
        assert rows / columns == pytest.approx(height / width, rel=0.08)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RandomResizedCrop(scale=(0, 1)), "scale"),
        (lambda: RandomResizedCrop(ratio=(2, 1)), "ratio"),
        (lambda: RandomHorizontalFlip(1.5), "chance"),
        (lambda: CenterCrop(0), "CenterCrop: sides must be positive"),
        (lambda: Resize((0, 5)), "Resize: sides must be positive"),
        (lambda: Resize(50, max_size=40), "max_size"),
        (lambda: ScalePyramid(100, scales=()), "scales"),
        (lambda: fit_size(10, 10, area=100, multiple=12), "multiple of 8"),
        (lambda: FiveCrop(224)(500, 200), "FiveCrop: 224 × 224"),
    ],
)
def test_settings_out_of_range_are_errors(make, message):
    with pytest.raises(ValueError, match=message):
        make()
