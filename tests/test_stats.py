"""Statistics of channels, and the command that measures them."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastdct import Decoder
from fastdct.cli import main
from fastdct.cli.energy import draw
from fastdct.data import Moments, Sources, measure
from fastdct.frequencies import fbs, named, static, zigzag_first
from jpegs import make_jpeg


@pytest.fixture(scope="module")
def photos():
    return [make_jpeg(40 + 5 * seed, 90 - 3 * seed, seed=seed) for seed in range(9)]


@pytest.fixture
def folder(photos, tmp_path):
    (tmp_path / "photos" / "deep").mkdir(parents=True)
    for seed, data in enumerate(photos):
        (tmp_path / "photos" / ("deep" if seed % 2 else "") / f"{seed}.jpg").write_bytes(data)
    return tmp_path / "photos"


# --- moments -------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(1, 40), min_size=1, max_size=6), st.floats(-1e7, 1e7), st.integers(0, 99))
def test_merged_moments_are_those_of_everything(counts, offset, seed):
    """Also where the mean is 10⁷ times the deviation and a sum of squares would have lost it."""
    random = np.random.default_rng(seed)
    parts = [offset + random.normal(0, [[1.0], [30.0]], (2, count)) for count in counts]
    found = Moments.of(parts[0])
    for part in parts[1:]:
        found = found.merged(Moments.of(part))
    everything = np.concatenate(parts, axis=1)
    assert found.count == everything.shape[1]
    np.testing.assert_allclose(found.mean, everything.mean(axis=1), rtol=1e-12, atol=1e-9)
    np.testing.assert_allclose(found.std, np.maximum(everything.std(axis=1), 1e-3), rtol=1e-6)
    np.testing.assert_allclose(found.energy, np.square(everything).mean(axis=1), rtol=1e-9)


def test_measuring_is_the_statistics_of_all_coefficients(photos):
    decoder = Decoder(64, channels=24)
    found = measure(photos, decoder, num_threads=2)
    everything = decoder(photos).tensor.numpy().astype(np.float64)
    mean, std = found.normalize
    np.testing.assert_allclose(mean, everything.mean(axis=(0, 2, 3)), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(std, everything.std(axis=(0, 2, 3)), rtol=1e-9)
    assert found.num_images == 9
    again = measure(photos, decoder, num_threads=1)
    assert again.normalize == found.normalize  # to the bit, whatever the threads


def test_normalised_channels_have_mean_0_and_deviation_1(photos):
    found = measure(photos, Decoder(64, channels=24))
    tensor = Decoder(64, channels=24, normalize=found.normalize)(photos).tensor
    np.testing.assert_allclose(tensor.mean(dim=(0, 2, 3)), 0, atol=1e-4)
    np.testing.assert_allclose(tensor.std(dim=(0, 2, 3), correction=0), 1, atol=1e-4)


def test_bad_files_are_left_out_and_named(photos):
    steps = []
    found = measure(Sources([b"no jpeg", *photos]), Decoder(64, channels=24), advance=steps.append)
    assert set(found.errors) == {"sources[0]"}
    assert sum(steps) == 10
    assert found.normalize == measure(photos, Decoder(64, channels=24)).normalize


def test_what_cannot_be_measured_is_said(photos):
    with pytest.raises(ValueError, match=r"none of the 1 files can be used.*sources\[0\]"):
        measure([b"no jpeg"], Decoder(64))
    with pytest.raises(ValueError, match="plain coefficients"):
        measure(photos, Decoder(64, normalize=(0, 1)))


def test_a_channel_without_variance_gets_a_positive_deviation():
    found = measure([make_jpeg(32, 32, subsampling="4:0:0")], Decoder(64, channels=24))
    assert min(found.normalize[1]) > 0


# --- command -------------------------------------------------------------------------------------------------


def test_selections_have_names():
    assert named("64") == named("static-64") == static(64)
    assert named("fbs-16") == fbs(16)
    assert named("zigzag-44-10") == zigzag_first(44, 10)
    for wrong in ("static", "fbs", "zigzag-4", "first-4", "fbs-x", "static-63"):
        with pytest.raises(ValueError, match=r"names no selection|no static selection"):
            named(wrong)


def test_the_command_writes_what_a_decoder_takes(folder, photos, capsys):
    (folder / "bad.jpg").write_bytes(b"no jpeg")
    output, plot = folder / "stats.json", folder / "plot.svg"
    arguments = ["--size", "64", "--channels", "fbs-10", "-o", str(output), "--plot", str(plot)]
    assert main(["stats", str(folder), *arguments]) == 0
    printed = capsys.readouterr()
    assert "9 photos at 64 × 64" in printed.out
    assert "bad.jpg" in printed.err
    result = json.loads(output.read_text())
    decoder = Decoder(64, channels=fbs(10))
    everything = decoder(photos).tensor.numpy().astype(np.float64)
    np.testing.assert_allclose(result["mean"], everything.mean(axis=(0, 2, 3)), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(result["std"], everything.std(axis=(0, 2, 3)), rtol=1e-6)
    assert result["channels"] == fbs(10).to_dict()
    assert list(result["errors"]) == [str(folder / "bad.jpg")]
    selections = result["selections"]
    assert {"static-24", "static-64", "fbs-16", "fbs-32", "fbs-10"} <= set(selections)
    assert 0.5 < selections["static-24"]["variance"] < selections["static-64"]["variance"] < 1
    whole = Decoder(64, channels=192)(photos).tensor.numpy().astype(np.float64)
    np.testing.assert_allclose(
        np.ravel(list(result["energy"].values())), np.square(whole).mean(axis=(0, 2, 3)), rtol=1e-6
    )
    assert len(ET.fromstring(plot.read_text()).findall(".//{*}rect")) == 3 * 64 + 1


def test_the_picture_is_brighter_where_there_is_more_energy():
    energy = {name: [10.0 ** -(index / 8) for index in range(64)] for name in ("luma", "cb", "cr")}
    fills = re.findall(r'height="35" fill="rgb\((\d+),(\d+),(\d+)\)"', draw(energy))
    light = [sum(map(int, fill)) for fill in fills[:64]]
    assert light[0] > light[20] > light[40] > light[63]
    assert fills[:64] == fills[64:128]
    assert ET.fromstring(draw({name: [1.0] * 64 for name in energy})) is not None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["absent"], "not a folder"), ([".", "--size", "100"], "multiples of 8")],
)
def test_what_is_wrong_is_said(folder, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(folder)
    assert main(["stats", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_an_unknown_selection_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["stats", ".", "--channels", "best-3"])
    assert "'best-3' names no selection" in capsys.readouterr().err
