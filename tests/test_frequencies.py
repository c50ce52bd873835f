import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastdct import frequencies
from fastdct.frequencies import ZIGZAG, ChannelSelection


def test_zigzag_is_the_standards_figure():
    # ITU-T T.81, figure 5, read off row by row: the zig-zag position of each natural index.
    position = [
        [0, 1, 5, 6, 14, 15, 27, 28],
        [2, 4, 7, 13, 16, 26, 29, 42],
        [3, 8, 12, 17, 25, 30, 41, 43],
        [9, 11, 18, 24, 31, 40, 44, 53],
        [10, 19, 23, 32, 39, 45, 52, 54],
        [20, 22, 33, 38, 46, 51, 55, 60],
        [21, 34, 37, 47, 50, 56, 59, 61],
        [35, 36, 48, 49, 57, 58, 62, 63],
    ]
    assert np.argsort(ZIGZAG).tolist() == np.ravel(position).tolist()


@pytest.mark.parametrize(
    ("num_channels", "counts"),
    [(24, (16, 4, 4)), (32, (22, 5, 5)), (48, (32, 8, 8)), (64, (44, 10, 10)), (192, (64, 64, 64))],
)
def test_static_selections_have_the_published_counts(num_channels, counts):
    selection = frequencies.static(num_channels)
    assert selection.counts == counts
    assert selection.num_channels == num_channels


def test_static_64_is_the_published_staircase():
    selection = frequencies.static(64)
    rows = [sum(index // 8 == v for index in selection.luma) for v in range(8)]
    assert rows == [7, 7, 6, 6, 6, 6, 6, 0]
    assert selection.cb == selection.cr == (0, 1, 2, 8, 9, 10, 16, 17, 24, 25)


def test_zigzag_first_differs_from_static_of_the_same_size():
    assert set(frequencies.zigzag_first(44, 10).luma) != set(frequencies.static(64).luma)
    assert frequencies.zigzag_first(44, 10).counts == frequencies.static(64).counts


@given(st.integers(1, 64))
def test_fbs_takes_the_lowest_frequencies_of_every_component(n):
    selection = frequencies.fbs(n)
    assert selection.luma == selection.cb == selection.cr == tuple(ZIGZAG[:n])
    assert ChannelSelection.from_dict(json.loads(json.dumps(selection.to_dict()))) == selection


def test_errors_say_what_is_accepted():
    with pytest.raises(ValueError, match="24, 32, 48, 64, 192"):
        frequencies.static(65)
    with pytest.raises(ValueError, match=r"0\.\.63"):
        frequencies.explicit([64], [], [])
    with pytest.raises(ValueError, match="twice"):
        frequencies.explicit([3, 3], [], [])
    with pytest.raises(ValueError, match="empty"):
        frequencies.explicit([], [], [])
    with pytest.raises(ValueError, match="missing"):
        ChannelSelection.from_dict({"name": "x"})
    with pytest.raises(ValueError, match="64 frequencies"):
        frequencies.fbs(65)
    with pytest.raises(TypeError, match="ChannelSelection"):
        frequencies.resolve("64")


SCORES = {
    "luma": [1.0 / (1 + index) for index in range(64)],
    "cb": [0.3 if index == 9 else 0.0 for index in range(64)],
    "cr": [0.0] * 64,
}


def test_the_strongest_are_those_of_the_highest_scores():
    # By score: Y 0, Y 1, Y 2, Cb 9, Y 3, Y 4; in zig-zag order 0 1 2 3 and 9 stand before 4.
    chosen = frequencies.strongest(SCORES, 6)
    assert (chosen.luma, chosen.cb, chosen.cr) == ((0, 1, 2, 3, 4), (9,), ())
    assert chosen.name == "strongest-6"


def test_equal_scores_go_by_frequency_and_luma_first():
    even = dict.fromkeys(("luma", "cb", "cr"), [1.0] * 64)
    chosen = frequencies.strongest(even, 4)
    assert (chosen.luma, chosen.cb, chosen.cr) == ((0, 1), (0,), (0,))
    assert frequencies.strongest(even, 192).counts == (64, 64, 64)


def test_energies_are_read_from_statistics(tmp_path):
    file = tmp_path / "stats.json"
    file.write_text(json.dumps({"energy": SCORES}))
    assert frequencies.from_statistics(file, 6) == frequencies.strongest(SCORES, 6)


@pytest.mark.parametrize(
    "text", ["", "[]", '{"energy": {"luma": [1]}}', '{"energy": {"luma": 1, "cb": 1, "cr": 1}}']
)
def test_files_without_energies_are_named(tmp_path, text):
    (tmp_path / "stats.json").write_text(text)
    with pytest.raises(
        ValueError, match=r"stats\.json holds no energies of channels; write it by: fastdct stats"
    ):
        frequencies.from_statistics(tmp_path / "stats.json", 6)


def test_scores_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match="64 numbers each for luma, cb and cr; not so: cr"):
        frequencies.strongest(SCORES | {"cr": [1.0]}, 3)
    with pytest.raises(ValueError, match="strongest 193 cannot be taken"):
        frequencies.strongest(SCORES, 193)
