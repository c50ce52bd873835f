"""Ground truth in the forms in which datasets are published."""

import csv
import os
import pickle

import numpy as np
import pytest
import scipy.io
from hypothesis import given
from hypothesis import strategies as st

from fastdct.retrieval.evaluation import GroundTruth, GroundTruthError, evaluate
from fastdct.retrieval.plain_pickle import PlainPickleError, load_plain
from made import write_photos

IMAGES = [f"oxford_{i:06}" for i in range(6)]
QUERIES = ["all_souls_000013", "ashmolean_000305", "keble_000028"]
GND = [
    {"bbx": [10.0, 20.0, 30.5, 40.0], "easy": [0, 1], "hard": [2], "junk": [5]},
    {"bbx": [0.0, 0.0, 9.0, 9.0], "easy": [], "hard": [3], "junk": []},
    {"bbx": [1.0, 2.0, 3.0, 4.0], "easy": [4], "hard": [], "junk": [0, 1, 2]},
]


def arrays(entry, kind):
    return {key: np.array(value, dtype=float if key == "bbx" else kind) for key, value in entry.items()}


def assert_published(truth):
    assert truth.revisited
    assert truth.images == tuple(f"jpg/{name}.jpg" for name in IMAGES)
    assert [query.name for query in truth.queries] == [f"jpg/{name}.jpg" for name in QUERIES]
    assert [query.box for query in truth.queries] == [tuple(entry["bbx"]) for entry in GND]
    for query, entry in zip(truth.queries, GND, strict=True):
        assert {label: list(found) for label, found in query.labels.items()} == {
            label: entry[label] for label in ("easy", "hard", "junk")
        }


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("kind", [None, np.int64, ">i4", np.float64])
def test_the_published_pickles_are_read(tmp_path, protocol, kind):
    entries = GND if kind is None else [arrays(entry, kind) for entry in GND]
    content = {"imlist": IMAGES, "qimlist": QUERIES, "gnd": entries}
    (tmp_path / "gnd_roxford5k.pkl").write_bytes(pickle.dumps(content, protocol=protocol))
    assert_published(GroundTruth.load(tmp_path / "gnd_roxford5k.pkl"))


def test_the_published_mat_files_are_read(tmp_path):
    entries = [
        {key: np.array(value, float) + (key != "bbx") for key, value in entry.items()} for entry in GND
    ]
    names = {
        "imlist": np.array(IMAGES, object)[:, None],
        "qimlist": np.array(QUERIES, object)[:, None],
    }
    scipy.io.savemat(tmp_path / "gnd_rparis6k.mat", {**names, "gnd": entries})
    assert_published(GroundTruth.load(tmp_path / "gnd_rparis6k.mat"))
    (tmp_path / "bad.mat").write_bytes(b"MATLAB 5.0 " * 20)
    scipy.io.savemat(tmp_path / "packed.mat", {**names, "gnd": entries}, do_compression=True)
    packed = (tmp_path / "packed.mat").read_bytes()
    (tmp_path / "short.mat").write_bytes(packed[:-40])
    (tmp_path / "torn.mat").write_bytes(packed[:200] + b"torn" + packed[204:])
    for name in ("bad", "short", "torn"):
        with pytest.raises(GroundTruthError, match=rf"{name}\.mat: this is not a MATLAB file"):
            GroundTruth.load(tmp_path / f"{name}.mat")


@pytest.mark.parametrize(
    ("gnd", "message"),
    [
        (3.0, "gnd must be a list of 3 objects"),
        ("abc", "gnd must be a list of 3 objects"),
        ([1.0, 2.0], "gnd must be a list of 3 objects"),
        ([{"ok": ["abc", "de"], "junk": []}] * 3, r"gnd\[0\]\.ok\[0\] is 'abc'"),
        ([{"ok": np.array([0], np.uint8), "junk": []}] * 3, r"gnd\[0\]\.ok\[0\] is -1"),
        ([{"ok": 1.5, "junk": []}] * 3, r"gnd\[0\]\.ok\[0\] is 0\.5"),
    ],
)
def test_wrong_fields_of_mat_files_are_named(tmp_path, gnd, message):
    names = {"imlist": IMAGES, "qimlist": QUERIES}
    cells = {key: np.array(value, object)[:, None] for key, value in names.items()}
    scipy.io.savemat(tmp_path / "gnd.mat", {**cells, "gnd": gnd})
    with pytest.raises(GroundTruthError, match=rf"gnd\.mat: {message}"):
        GroundTruth.load(tmp_path / "gnd.mat")


class Evil:
    """Unpickled by the plain way, makes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("protocol", range(6))
def test_nothing_that_a_pickle_names_is_run(tmp_path, protocol):
    path = tmp_path / "gnd.pkl"
    path.write_bytes(pickle.dumps({"imlist": Evil(tmp_path / "made")}, protocol=protocol))
    with pytest.raises(
        GroundTruthError, match=r"gnd\.pkl: it names (posix|nt)\.mkdir, which is not plain data"
    ):
        GroundTruth.load(path)
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    "value",
    [np.array([object()]), np.array(["a"]), np.zeros(1, [("x", "i4")]), {1, 2}.__class__, GroundTruthError],
)
def test_only_arrays_of_numbers_are_plain(value):
    with pytest.raises(PlainPickleError):
        load_plain(pickle.dumps(value))


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    "value",
    [
        np.arange(6).reshape(2, 3),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.float32(1.5),
        np.array(True),
        np.zeros((0, 4), np.uint8),
        b"\xff\x00",
    ],
)
def test_plain_data_comes_back_as_it_was(value, protocol):
    again = load_plain(pickle.dumps([value, {"a": (1, None, "ü")}], protocol=protocol))
    np.testing.assert_array_equal(again[0], value)
    assert again[1] == {"a": (1, None, "ü")}


def test_arrays_written_by_python_2_are_read():
    array = pickle.dumps(np.array([1, 200], np.uint8), protocol=2)
    # Its bytes stand there as a string: BINSTRING in place of what Python 3 writes.
    written = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntU\x01btR"
    written += (
        b"(I1\n(I2\ntcnumpy\ndtype\n(U\x02u1I0\nI1\ntR(I3\nU\x01|NNNI-1\nI-1\nI0\ntbI00\nU\x02\x01\xc8tb."
    )
    np.testing.assert_array_equal(load_plain(b"\x80\x02" + written), load_plain(array))


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data):
    for start in (b"", pickle.dumps([np.arange(3)])[:-20]):
        try:
            load_plain(start + data)
        except PlainPickleError:
            continue


@given(st.data())
def test_damaged_pickles_are_read_or_refused(data):
    whole = bytearray(pickle.dumps({"gnd": [arrays(entry, np.int64) for entry in GND]}, protocol=2))
    for _ in range(data.draw(st.integers(1, 5))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        load_plain(bytes(whole))
    except PlainPickleError:
        return


def test_other_files_are_refused(tmp_path):
    (tmp_path / "gnd.txt").write_text("x")
    with pytest.raises(
        GroundTruthError, match=r"ground truth is a file \.json, \.pkl, \.mat or \.csv, or a folder"
    ):
        GroundTruth.load(tmp_path / "gnd.txt")
    (tmp_path / "gnd.pkl").write_bytes(pickle.dumps([1]))
    with pytest.raises(GroundTruthError, match=r"gnd\.pkl: the file must hold an object"):
        GroundTruth.load(tmp_path / "gnd.pkl")


# Folders


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
    return folder


def test_ukbench_counts_the_query_among_its_four(tmp_path):
    truth = GroundTruth.load(touch(tmp_path, *(f"ukbench{i:05}.jpg" for i in range(8))))
    assert [query.positives for query in truth.queries] == [(0, 1, 2, 3)] * 4 + [(4, 5, 6, 7)] * 4
    rankings = {query.name: list(query.positives) for query in truth.queries}
    result = evaluate(rankings, truth)
    assert result.overall.ns_score == 4
    assert "N-S: right images among the first four" in result.convention
    rankings["ukbench00000.jpg"] = [4, 0, 5, 1]
    result = evaluate(rankings, truth)
    assert result.overall.ns_score == 30 / 8
    assert "N-S 3.750" in str(result)
    (tmp_path / "ukbench00006.jpg").unlink()
    with pytest.raises(
        GroundTruthError, match="of ukbench00004 to ukbench00007, which show one thing, 3 are there"
    ):
        GroundTruth.load(tmp_path)


def test_holidays_takes_the_first_of_each_hundred(tmp_path):
    truth = GroundTruth.load(
        touch(tmp_path, "100000.jpg", "100001.jpg", "100002.jpg", "100100.jpg", "100101.jpg")
    )
    assert [(query.name, query.positives, query.junk) for query in truth.queries] == [
        ("100000.jpg", (1, 2), (0,)),
        ("100100.jpg", (4,), (3,)),
    ]
    assert evaluate({"100000.jpg": [0, 1, 3, 2, 4], "100100.jpg": [3, 4]}, truth).overall.ns_score is None


def test_classes_that_are_links_are_followed_and_never_in_circles(tmp_path):
    write_photos(tmp_path / "store" / "a", 2)
    write_photos(tmp_path / "store" / "b", 1)
    photos = tmp_path / "photos"
    photos.mkdir()
    for name in "ab":
        (photos / name).symlink_to(tmp_path / "store" / name)
    (tmp_path / "store" / "a" / "other").symlink_to(tmp_path / "store" / "b")
    (tmp_path / "store" / "b" / "other").symlink_to(tmp_path / "store" / "a")
    (photos / "all").symlink_to(photos)
    assert GroundTruth.load(photos).images == (
        "a/other/p0.jpg",
        "a/p0.jpg",
        "a/p1.jpg",
        "b/other/p0.jpg",
        "b/other/p1.jpg",
        "b/p0.jpg",
    )


def test_a_class_of_one_image_asks_for_nothing(tmp_path):
    truth = GroundTruth.load(touch(tmp_path, "cat/a.jpg", "cat/b.jpg", "cat/deep/c.png", "lonely/d.jpg"))
    assert truth.images == ("cat/a.jpg", "cat/b.jpg", "cat/deep/c.png", "lonely/d.jpg")
    assert [query.positives for query in truth.queries] == [(1, 2), (0, 2), (0, 1), ()]
    result = evaluate({query.name: [3, 0, 1, 2] for query in truth.queries}, truth)
    assert result.dropped == ("lonely/d.jpg",)
    assert result.overall.precision_at[1] == 0
    assert result.overall.precision_at[5] == pytest.approx(2 / 5)


def test_folders_that_say_nothing_are_refused(tmp_path):
    with pytest.raises(GroundTruthError, match="these are none"):
        GroundTruth.load(tmp_path)
    with pytest.raises(GroundTruthError, match=r"class/photo\.jpg; these are p0\.jpg, p1\.jpg"):
        GroundTruth.load(write_photos(tmp_path, 2))


# Tables


def table(tmp_path, rows, header=("path", "label", "role", "kind", "x1", "y1", "x2", "y2")):
    path = tmp_path / "own.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
    return path


def test_a_table_of_your_own(tmp_path):
    rows = [
        ("a.jpg", "tower"),
        ("b.jpg", "tower", "database"),
        ("c.jpg", "bridge", "both", "steel", "1", "2", "3.5", "4"),
        ("d.jpg", "tower", "query"),
    ]
    truth = GroundTruth.load(table(tmp_path, rows))
    assert truth.images == ("a.jpg", "b.jpg", "c.jpg")
    assert [(q.name, q.positives, q.junk, q.kind, q.box) for q in truth.queries] == [
        ("a.jpg", (1,), (0,), None, None),
        ("c.jpg", (), (2,), "steel", (1.0, 2.0, 3.5, 4.0)),
        ("d.jpg", (0, 1), (), None, None),
    ]
    plain = GroundTruth.load(table(tmp_path, [("a", "x"), ("b", "x")], header=("path", "label")))
    assert [query.positives for query in plain.queries] == [(1,), (0,)]


@pytest.mark.parametrize(
    ("rows", "header", "message"),
    [
        ([], ("path", "label"), "path is missing"),
        ([("a",)], ("path",), "label is missing"),
        ([("a",)], ("path", "label"), "line 2: path and label must be given"),
        ([("a", "x", "both"), ("b", "x", "judge")], ("path", "label", "role"), "line 3: role is 'judge'"),
        ([("a", "x"), (), ("b", "")], ("path", "label"), "line 4: path and label must be given"),
        ([("a", "x"), ("a", "y")], ("path", "label"), "'a' stands twice among the database"),
        (
            [("a", "x", "0", "0", "inf", "9")],
            ("path", "label", "x1", "y1", "x2", "y2"),
            "four finite numbers",
        ),
        (
            [("a", "x", "5", "0", "2", "9")],
            ("path", "label", "x1", "y1", "x2", "y2"),
            "line 2: the box 5,0,2,9",
        ),
        (
            [("a", "x", "5", "0", "", "9")],
            ("path", "label", "x1", "y1", "x2", "y2"),
            "must be four finite numbers",
        ),
    ],
)
def test_bad_tables_are_named_with_the_line(tmp_path, rows, header, message):
    with pytest.raises(GroundTruthError, match=rf"own\.csv.*{message}"):
        GroundTruth.load(table(tmp_path, rows, header))
    (tmp_path / "own.csv").write_bytes(b"path,label\n\xff\xfe,x")
    with pytest.raises(GroundTruthError, match=r"own\.csv is not a CSV table"):
        GroundTruth.load(tmp_path / "own.csv")
