import dataclasses
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from fastdct.retrieval import Index, IndexStoreError, Record
from made import SPEC, features


@pytest.fixture
def index(tmp_path):
    return Index.create(tmp_path / "index", spec=SPEC, root="/photos", weights="made")


def records(*seeds):
    return [
        Record(f"{seed}.jpg", features(seed, count=seed % 4), file_size=seed, mtime_ns=7) for seed in seeds
    ]


def assert_same(stored, given):
    np.testing.assert_array_equal(stored.global_descriptor, given.global_descriptor)
    np.testing.assert_array_equal(stored.keypoints, given.keypoints)
    np.testing.assert_array_equal(stored.scales, given.scales)
    np.testing.assert_array_equal(stored.scores, given.scores)
    np.testing.assert_allclose(
        stored.descriptors, given.descriptors, atol=2.0**-11
    )  # float16 of values up to 1
    assert (stored.height, stored.width) == (given.height, given.width)


def test_what_was_added_is_there_when_reopened(index):
    index.add(records(*range(9)))
    again = Index.open(index.path, spec=SPEC)
    assert len(again) == 9
    assert again.names == tuple(f"{seed}.jpg" for seed in range(9))
    assert again.stamps()["5.jpg"] == (5, 7)
    assert (again.spec, again.root, again.weights) == (SPEC, "/photos", "made")
    for seed in range(9):
        assert_same(again.features(f"{seed}.jpg"), features(seed, count=seed % 4))


def test_fetch_returns_images_in_the_order_asked_for(index):
    index.add(records(*range(20)))
    names = ["7.jpg", "3.jpg", "4.jpg", "19.jpg"]
    local = index.fetch(names)
    assert local.names == tuple(names)
    assert local.offsets.tolist() == [0, 3, 6, 6, 9]
    np.testing.assert_array_equal(local.keypoints[3:6], features(3, count=3).keypoints)
    assert len(index.fetch([])) == 0


def test_deleted_images_are_gone_from_every_answer(index):
    index.add(records(*range(6)))
    query = features(3).global_descriptor
    assert index.nearest(query, top_k=1)[0][0] == "3.jpg"
    index.delete(["3.jpg", "5.jpg"])
    assert "3.jpg" not in [name for name, _ in index.nearest(query, top_k=10)]
    assert len(Index.open(index.path)) == len(index) == 4
    with pytest.raises(KeyError, match=r"3\.jpg"):
        index.fetch(["3.jpg"])


def test_deleting_an_unknown_image_deletes_nothing(index):
    index.add(records(1, 2))
    with pytest.raises(KeyError, match=r"no\.jpg"):
        index.delete(["1.jpg", "no.jpg"])
    assert len(index) == 2
    index.delete([])
    assert len(index) == 2


def test_adding_a_name_again_replaces_the_image(index):
    index.add(records(1, 2))
    index.add([Record("1.jpg", features(50, count=9)), Record("3.jpg", features(3))])
    assert len(index) == 3
    assert_same(index.features("1.jpg"), features(50, count=9))
    assert index.nearest(features(50).global_descriptor, top_k=1)[0][0] == "1.jpg"


def test_a_name_twice_in_one_batch_is_refused(index):
    with pytest.raises(ValueError, match=r"'1\.jpg' stands twice"):
        index.add(records(1, 2, 1))
    assert len(index) == 0


def test_names_may_hold_quotes_and_any_script(index):
    names = ["it's.jpg", "a''b\".jpg", "église/写真.jpg", "%_*.jpg", "a\\b.jpg"]
    index.add(Record(name, features(seed)) for seed, name in enumerate(names))
    assert set(index.names) == set(names)
    assert index.fetch(names).names == tuple(names)
    index.delete(names[:3])
    assert set(index.names) == set(names[3:])


def test_descriptors_of_another_length_are_refused(index):
    other = features(1, spec=dataclasses.replace(SPEC, local_dim=4))
    with pytest.raises(
        ValueError, match=r"'x' has descriptors of 16 \+ 4 dimensions; this index holds 16 \+ 8"
    ):
        index.add([Record("x", other)])
    with pytest.raises(ValueError, match="16 values"):
        index.nearest(np.ones(3, np.float32), top_k=1)


def test_an_index_of_another_model_is_not_opened(index):
    other = dataclasses.replace(SPEC, fingerprint="f" * 64)
    with pytest.raises(IndexStoreError, match=r"was made with made .* cannot be used with made"):
        Index.open(index.path, spec=other)


def test_a_path_without_an_index_says_how_to_make_one(tmp_path):
    with pytest.raises(IndexStoreError, match=r"fastdct index DIR -o .*nothing"):
        Index.open(tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()
    with pytest.raises(IndexStoreError, match="there is no index"):
        Index.open(tmp_path)
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(IndexStoreError, match="there is no index"):
        Index.open(tmp_path / "file")
    with pytest.raises(IndexStoreError, match="is a file"):
        Index.create(tmp_path / "file", spec=SPEC)


def test_a_foreign_or_broken_table_is_named(tmp_path, index):
    lancedb, pa = pytest.importorskip("lancedb"), pytest.importorskip("pyarrow")
    lancedb.connect(tmp_path / "foreign").create_table("images", pa.table({"name": ["a"]}))
    with pytest.raises(IndexStoreError, match=r"foreign cannot be used: .* not written by fastdct"):
        Index.open(tmp_path / "foreign")
    for manifest in Path(index.path).rglob("*.manifest"):
        manifest.write_bytes(b"broken")
    with pytest.raises(IndexStoreError, match="cannot be used"):
        Index.open(index.path)


def test_an_index_is_not_made_over_another(index):
    with pytest.raises(IndexStoreError, match="holds an index already"):
        Index.create(index.path, spec=SPEC)


def test_an_empty_index_answers(index):
    assert index.nearest(features(0).global_descriptor, top_k=3) == []
    assert index.names == ()
    index.add([])
    assert len(index) == 0


def test_nearest_is_exact_and_orders_ties_by_name(index):
    index.add(records(*range(300)))
    index.add([Record("0-copy.jpg", features(0))])
    query = features(0).global_descriptor
    names = list(index.names)
    similarity = np.array([index.features(name).global_descriptor for name in names]) @ query
    expected = sorted(zip(names, similarity, strict=True), key=lambda pair: (-pair[1], pair[0]))[:20]
    found = index.nearest(query, top_k=20)
    assert [name for name, _ in found] == [name for name, _ in expected]
    np.testing.assert_allclose([s for _, s in found], [s for _, s in expected], atol=1e-6)


def test_a_reader_keeps_the_version_it_opened(index):
    index.add(records(1, 2))
    reader = Index.open(index.path)
    assert len(reader.fetch(["1.jpg"])) == 1
    index.add(records(3))
    index.delete(["1.jpg"])
    assert reader.names == ("1.jpg", "2.jpg")
    assert_same(reader.features("1.jpg"), features(1, count=1))
    assert Index.open(index.path).names == ("2.jpg", "3.jpg")


def test_many_small_additions_are_joined_without_loss(index):
    for seed in range(70):
        index.add(records(seed))
    index.compact()
    assert len(index) == 70
    for seed in (0, 33, 69):
        assert_same(index.features(f"{seed}.jpg"), features(seed, count=seed % 4))


WRITER = """
import sys
sys.path.insert(0, sys.argv[2])
from made import features
from fastdct.retrieval import Index, Record
index = Index.open(sys.argv[1])
for batch in range(10_000):
    index.add(Record(f"{batch}-{i}", features(1000 * batch + i, count=200)) for i in range(40))
    print(batch, flush=True)
"""


@pytest.mark.parametrize("delay", [0.0, 0.004, 0.02])
def test_a_kill_in_the_middle_of_adding_loses_nothing_stored(index, delay):
    command = [sys.executable, "-c", WRITER, index.path, str(Path(__file__).parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        for _ in range(3):
            last = int(writer.stdout.readline())
        time.sleep(delay)  # at some point inside the next transaction
        writer.kill()
    left = Index.open(index.path)
    assert len(left) % 40 == 0, "a transaction is there whole or not at all"
    assert len(left) >= 40 * (last + 1), "what was reported as stored is there"
    assert_same(left.features("2-39"), features(2039, count=200))
    left.add(records(1))
    assert "1.jpg" in left.names
