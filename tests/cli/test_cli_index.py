"""The command that indexes."""

import numpy as np
import pytest

from commands import run
from fastdct.retrieval import Index
from made import encoded, photo, write_photos


def test_indexing_reports_what_it_did(photos, tmp_path, weights, capsys):
    assert run("index", photos, "-o", tmp_path / "index", "--model", weights) == 0
    out = capsys.readouterr().out
    assert (
        "indexed 7 (of them 1 PNG or WebP, read through Pillow), skipped 1, 1 files of other kinds ignored"
        in out
    )
    assert "skipped broken.jpg: " in out
    assert f"7 images in {tmp_path / 'index'}" in out
    index = Index.open(tmp_path / "index")
    assert index.names == ("deep/p5.JPG", "p0.jpg", "p1.jpg", "p2.jpg", "p3.jpg", "p4.jpg", "p6.png")
    assert (index.root, index.weights) == (str(photos), str(weights))


def test_a_second_run_reads_only_what_changed(photos, index, capsys):
    before = Index.open(index).features("p1.jpg")
    (photos / "p1.jpg").write_bytes(encoded(photo(99)))
    (photos / "p2.jpg").unlink()
    (photos / "new.jpg").write_bytes(encoded(photo(98)))
    assert run("index", photos, "-o", index) == 0
    out = capsys.readouterr().out
    assert "indexed 2, skipped 1, 5 unchanged" in out
    assert "1 images of the index are no longer in the folder, such as p2.jpg" in out
    after = Index.open(index)
    assert len(after) == 8
    assert not np.array_equal(after.features("p1.jpg").global_descriptor, before.global_descriptor)
    assert run("index", photos, "-o", index) == 0
    assert "indexed 0, skipped 1, 7 unchanged" in capsys.readouterr().out


@pytest.mark.parametrize("batch", [2, 32])
def test_an_interrupted_run_is_taken_up_again(tmp_path, weights, monkeypatch, capsys, batch):
    from fastdct.retrieval import extraction, indexing

    photos = write_photos(tmp_path / "many", 7)
    monkeypatch.setattr(indexing, "BATCH", batch)
    extract = extraction.Extractor.extract
    seen = []

    def interrupted(self, source, **options):
        seen.append(source)
        if len(seen) > 4:
            raise KeyboardInterrupt
        return extract(self, source, **options)

    monkeypatch.setattr(extraction.Extractor, "extract", interrupted)
    assert run("index", photos, "-o", tmp_path / "index", "--model", weights) == 130
    assert "interrupted" in capsys.readouterr().err
    assert 3 <= len(Index.open(tmp_path / "index")) <= 5, (
        "what was done is stored, whatever the threads had at work"
    )
    monkeypatch.setattr(extraction.Extractor, "extract", extract)
    assert run("index", photos, "-o", tmp_path / "index") == 0
    assert len(Index.open(tmp_path / "index")) == 7


def test_the_index_does_not_depend_on_threads(photos, tmp_path, weights, monkeypatch):
    from fastdct.cli import index as command

    for count in (1, 4):
        monkeypatch.setattr(command, "num_cores", lambda count=count: count)
        run("index", photos, "-o", tmp_path / str(count), "--model", weights)
    one, four = Index.open(tmp_path / "1"), Index.open(tmp_path / "4")
    assert one.names == four.names
    for name in one.names:
        np.testing.assert_array_equal(
            one.features(name).global_descriptor, four.features(name).global_descriptor
        )
        np.testing.assert_array_equal(one.features(name).descriptors, four.features(name).descriptors)


def test_an_index_knows_how_its_features_were_extracted(photos, index, tmp_path, weights, capsys):
    codec, small = tmp_path / "bits", tmp_path / "small"
    assert run("codec", index, "-o", codec, "--dims", 32, "--binary") == 0
    assert "32 bits), fitted to 280 descriptors of 7 images" in capsys.readouterr().out
    how = ("--codec", codec, "--scales", "0.5,1", "--global-scales", "1,2", "--max-overlap", 0.9)
    assert run("index", photos, "-o", small, "--model", weights, *how) == 0
    opened = Index.open(small)
    assert (opened.spec.scales, opened.spec.global_scales, opened.spec.max_overlap) == ((0.5, 1), (1, 2), 0.9)
    assert opened.features("p0.jpg").descriptors.dtype == np.uint8
    capsys.readouterr()
    assert run("search", small, photos / "p3.jpg", "--top-k", 1) == 0
    hit = capsys.readouterr().out.splitlines()[1].split()
    assert hit[1:3] == ["p3.jpg", "1.0000"]
    assert int(hit[3]) > 12
    (photos / "p0.jpg").write_bytes(encoded(photo(77)))
    assert run("index", photos, "-o", small) == 0, "a later run extracts as the first did"
    assert run("index", photos, "-o", small, "--scales", "1") == 2
    assert "was made with" in capsys.readouterr().err
    assert run("codec", small, "-o", codec) == 2
    assert "was made with a codec already" in capsys.readouterr().err


def test_a_codec_reads_no_more_than_it_looks_at(index, tmp_path, monkeypatch, capsys):
    from fastdct.cli import codec as command
    from fastdct.retrieval import codec

    assert run("codec", index, "-o", tmp_path / "whole", "--dims", 2) == 0
    assert f"descriptors of {len(Index.open(index))} images" in capsys.readouterr().out
    monkeypatch.setattr(command, "_READ", 1)
    monkeypatch.setattr(codec, "FITTED", 2)
    assert run("codec", index, "-o", tmp_path / "part", "--dims", 2) == 0
    assert "descriptors of 1 images" in capsys.readouterr().out
