"""Commands that judge: evaluate and table."""

import pickle

from commands import run, truth
from fastdct.retrieval import Index
from made import encoded, photo, write_photos


def test_evaluating_ends_with_the_overall_map(photos, index, tmp_path, capsys):
    (tmp_path / "outside.jpg").write_bytes(encoded(photo(4), quality=60))
    path = truth(
        tmp_path,
        photos,
        [
            ("photos/p0.jpg", {"ok": [0], "junk": [], "kind": "itself"}),
            ("photos/p1.jpg", {"ok": [1, 2, 3, 4], "junk": [0], "kind": "everything"}),
            ("outside.jpg", {"ok": [4], "junk": [], "kind": "outside", "bbx": [0, 0, 150, 120]}),
            ("photos/p2.jpg", {"ok": [], "junk": [2], "kind": "outside"}),
        ],
    )
    assert run("evaluate", index, path) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("AP: area under the precision-recall curve by trapezoids")
    assert "global only" in lines[1]
    assert lines[1].endswith("  verify")
    table = {" ".join(line.split()[:2]): line.split()[2:] for line in lines[2:]}
    assert table["mAP itself"] == ["1", "1.000", "1.000"]
    assert table["mAP everything"] == ["1", "1.000", "1.000"]
    assert table["mAP outside"] == ["1", "1.000", "1.000"]
    assert lines[-2] == "dropped, without positives: photos/p2.jpg"
    assert lines[-1] == "mAP all: 1.000"
    assert run("evaluate", index, path, "--steps") == 0
    assert "verify" not in capsys.readouterr().out


def test_a_kind_named_all_has_a_line_of_its_own(photos, index, tmp_path, capsys):
    kinds = [("photos/p0.jpg", "all"), ("photos/p1.jpg", "other")]
    queries = [(name, {"ok": [place], "junk": [], "kind": kind}) for place, (name, kind) in enumerate(kinds)]
    assert run("evaluate", index, truth(tmp_path, photos, queries), "--steps") == 0
    rows = [line.split()[2] for line in capsys.readouterr().out.splitlines() if line.startswith("mAP all ")]
    assert rows == ["1", "2"]


def test_folders_are_ground_truth(tmp_path, weights, capsys):
    photos = write_photos(tmp_path / "ukbench", 8)
    for i in range(8):
        (photos / f"p{i}.jpg").rename(photos / f"ukbench{i:05}.jpg")
    run("index", photos, "-o", tmp_path / "index", "--model", weights)
    capsys.readouterr()
    assert run("evaluate", tmp_path / "index", photos, "--steps") == 0
    lines = capsys.readouterr().out.splitlines()
    [score] = [line.split() for line in lines if line.startswith("N-S all")]
    assert score[2] == "8"
    assert 1 <= float(score[3]) <= 4
    lonely = tmp_path / "classes" / "lonely"
    lonely.parent.mkdir()
    photos.rename(lonely)
    for other in sorted(lonely.iterdir())[1:]:
        (lonely.parent / "many").mkdir(exist_ok=True)
        other.rename(lonely.parent / "many" / other.name[-6:])
    run("index", lonely.parent, "-o", tmp_path / "other", "--model", weights)
    assert run("evaluate", tmp_path / "other", lonely.parent) == 0
    assert "dropped, without positives: lonely/ukbench00000.jpg" in capsys.readouterr().out


def test_a_table_needs_only_the_datasets_folder(tmp_path, weights, capsys):
    for name in ("roxford5k", "rparis6k"):
        write_photos(tmp_path / name / "jpg", 6)
        (tmp_path / name / "jpg" / "query.jpg").write_bytes(encoded(photo(1), quality=90))
        entry = {"bbx": [0.0, 0.0, 160.0, 120.0], "easy": [1], "hard": [0, 3], "junk": [5]}
        content = {"imlist": [f"p{i}" for i in range(6)], "qimlist": ["query"], "gnd": [entry]}
        (tmp_path / name / f"gnd_{name}.pkl").write_bytes(pickle.dumps(content))
    command = (
        "table",
        tmp_path / "roxford5k",
        tmp_path / "rparis6k",
        "--model",
        weights,
        "-o",
        tmp_path / "indexes",
    )
    assert run(*command) == 0
    first = capsys.readouterr().out
    lines = first.splitlines()
    assert lines[0].startswith(f"{tmp_path / 'roxford5k'}: AP: area under")
    assert lines[1].split() == ["features", "mAP", "E", "(%)", "mAP", "M", "(%)", "mAP", "H", "(%)"]
    assert lines[2].startswith("tiny global ")
    assert lines[3].startswith("tiny global + local ")
    assert lines[2].split()[2] == "100.00"
    assert lines[4].startswith(f"{tmp_path / 'rparis6k'}: ")
    assert sorted(path.name for path in (tmp_path / "indexes").iterdir()) == [
        "roxford5k-tiny",
        "rparis6k-tiny",
    ]
    assert run(*command) == 0
    assert capsys.readouterr().out == first
    classes = tmp_path / "classes"
    write_photos(classes / "one", 2)
    write_photos(classes / "two", 3)
    assert run("table", classes, "--model", weights, "-o", tmp_path / "indexes") == 0
    assert capsys.readouterr().out.splitlines()[1].split() == ["features", "mAP", "all", "(%)"]
    write_photos(tmp_path / "elsewhere" / "classes" / "one", 2)
    assert (
        run("table", tmp_path / "elsewhere" / "classes", "--model", weights, "-o", tmp_path / "indexes") == 2
    )
    assert f"is the index of {classes}; give" in capsys.readouterr().err
    assert run("table", classes, "--model", "a/x", "--model", "b/x", "-o", tmp_path / "indexes") == 2
    assert "the last part of their paths, which must differ: a/x, b/x" in capsys.readouterr().err
    assert run("table", tmp_path / "nothing", "-o", tmp_path / "indexes") == 2
    assert "is not a folder; give one that holds a dataset" in capsys.readouterr().err


def test_junk_and_wrong_answers_count_as_the_protocol_says(photos, index, tmp_path, capsys):
    others = [1, 2, 3, 4]
    entries = [("photos/p0.jpg", {"easy": [0], "hard": others, "junk": []})]
    assert run("evaluate", index, truth(tmp_path, photos, entries)) == 0
    lines = capsys.readouterr().out.splitlines()
    kinds = {
        line.split()[1]: line.split()[3] for line in lines if line.startswith("mAP") and "all:" not in line
    }
    assert kinds == {"easy": "1.000", "medium": "1.000", "hard": "1.000", "all": "1.000"}
    assert (
        run(
            "evaluate", index, truth(tmp_path, photos, [("photos/p0.jpg", {"ok": [1], "junk": [0, 2, 3, 4]})])
        )
        == 0
    )
    assert capsys.readouterr().out.endswith("mAP all: 1.000\n")
    worst = Index.open(index)
    ranked = [name for name, _ in worst.nearest(worst.features("p0.jpg").global_descriptor, top_k=7)]
    ranked = [int(name[1]) for name in ranked if name in {f"p{i}.jpg" for i in range(5)}]
    entries = [("photos/p0.jpg", {"ok": [ranked[-1]], "junk": []})]
    assert run("evaluate", index, truth(tmp_path, photos, entries), "--steps") == 0
    assert capsys.readouterr().out.endswith("mAP all: 0.100\n")  # (0 + 1/5) / 2 at the fifth of five places


def test_a_database_that_is_not_in_the_index_is_named(photos, index, tmp_path, capsys):
    run("delete", index, "p3.jpg")
    assert run("evaluate", index, truth(tmp_path, photos, [("photos/p0.jpg", {"ok": [1], "junk": []})])) == 2
    assert "1 of 5 images of the database are not in the index" in capsys.readouterr().err
    (tmp_path / "bad.json").write_text("[")
    assert run("evaluate", index, tmp_path / "bad.json") == 2
    assert "bad.json: this is not JSON" in capsys.readouterr().err
