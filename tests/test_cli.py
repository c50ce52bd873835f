import json
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest

import fastdct
from fastdct import cli, models
from fastdct.retrieval import Index
from made import encoded, photo, tiny_model, write_photos


def run(*arguments):
    return cli.main([str(argument) for argument in arguments])


@pytest.fixture(scope="session")
def weights(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights") / "tiny"
    models.save(tiny_model(), folder)
    return folder


@pytest.fixture
def photos(tmp_path):
    """Six photos, one in a folder of its own, a PNG, a broken file, a hidden one and a text."""
    folder = write_photos(tmp_path / "photos", 5)
    (folder / "deep").mkdir()
    (folder / "deep" / "p5.JPG").write_bytes(encoded(photo(5)))
    (folder / "p6.png").write_bytes(encoded(photo(6), "PNG"))
    (folder / "broken.jpg").write_bytes(encoded(photo(7))[:300])
    (folder / ".hidden.jpg").write_bytes(b"")
    (folder / "notes.txt").write_text("x")
    return folder


@pytest.fixture
def index(photos, tmp_path, weights, capsys):
    path = tmp_path / "index"
    assert run("index", photos, "-o", path, "--model", weights, "--max-features", 40) == 0
    capsys.readouterr()
    return path


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


def test_searching_prints_a_table(photos, index, capsys):
    assert run("search", index, photos / "p3.jpg", "--top-k", 3) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["rank", "image", "similarity", "inliers"]
    assert lines[1].split()[:3] == ["1", "p3.jpg", "1.0000"]
    assert int(lines[1].split()[3]) > 20
    assert len(lines) == 4
    assert run("search", index, photos / "p6.png", "--steps") == 0
    out = capsys.readouterr().out.splitlines()
    assert "p6.png: PNG, its pixels were converted to coefficients" in out[0]
    assert out[2].split() == ["1", "p6.png", "1.0000", "-"]
    assert len(out) == 9


def test_steps_are_taken_in_order(photos, index, tmp_path, capsys):
    command = ("search", index, photos / "p3.jpg", "--top-k", 3, "--steps")
    assert run(*command, "pca-whiten:dims=4", "dba:num_neighbours=1", "alpha-qe") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["1", "p3.jpg", "1.0000", "-"]
    path = truth(tmp_path, photos, [("photos/p1.jpg", {"ok": [1], "junk": []})])
    assert run("evaluate", index, path, "--steps", "superglobal", "diffusion", "verify:shortlist=3") == 0
    assert "global only  superglobal diffusion verify:shortlist=3" in capsys.readouterr().out


def test_long_names_are_not_cut(tmp_path, weights, capsys):
    name = "n" * 150 + ".jpg"
    photos = write_photos(tmp_path / "photos", 1)
    (photos / "p0.jpg").rename(photos / name)
    run("index", photos, "-o", tmp_path / "index", "--model", weights)
    capsys.readouterr()
    run("search", tmp_path / "index", photos / name)
    assert name in capsys.readouterr().out


def test_a_boxed_search_writes_a_page(photos, index, tmp_path, capsys):
    (photos / "p4.jpg").unlink()
    page = tmp_path / "page.html"
    assert run("search", index, photos / "p3.jpg", "--box", "0,0,160,120", "--html", page) == 0
    assert f"page: {page}" in capsys.readouterr().out
    text = page.read_text(encoding="utf-8")
    assert "p3.jpg, 160 × 120 pixels; searched for the part inside the box (0, 0, 160, 120)" in text
    assert 'class="line"' in text
    assert text.count("the file is not there any more") == 1
    moved = photos.rename(tmp_path / "moved")
    run("search", index, moved / "p3.jpg", "--html", page)
    assert page.read_text(encoding="utf-8").count("the file is not there any more") == 7
    run("search", index, moved / "p3.jpg", "--html", page, "--images", moved)
    assert page.read_text(encoding="utf-8").count("the file is not there any more") == 1


def test_deleting(index, capsys):
    assert run("delete", index, "p0.jpg", "deep/p5.JPG") == 0
    assert "deleted 2, 5 images" in capsys.readouterr().out
    assert run("delete", index, "p0.jpg", "p1.jpg") == 2
    assert "not in the index" in capsys.readouterr().err
    assert len(Index.open(index)) == 5


def truth(tmp_path, photos, entries):
    """A ground truth beside the photos' folder: names are relative to its own folder."""
    content = {
        "imlist": [f"photos/p{i}.jpg" for i in range(5)],
        "qimlist": [name for name, _ in entries],
        "gnd": [labels for _, labels in entries],
    }
    path = tmp_path / "gnd.json"
    path.write_text(json.dumps(content))
    return path


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


def test_info(photos, tmp_path, capsys):
    assert run("info", photos / "p0.jpg", photos / "p6.png") == 0
    out = capsys.readouterr().out
    for text in (
        "160 × 120 pixels",
        "baseline, YCbCr, 4:2:0",
        "component Cb 10 × 8 blocks, sampling 1x1",
        "PNG: no JPEG",
    ):
        assert text in out
    assert run("info", photos / "broken.jpg", photos / "p0.jpg", tmp_path / "no.jpg") == 2
    captured = capsys.readouterr()
    assert str(photos / "p0.jpg") in captured.out, "a bad file does not keep the others from being described"
    assert "no.jpg" in captured.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("search", "{index}", "{photos}/p0.jpg", "--box", "10,10,10,90"), "is empty"),
        (
            ("search", "{index}", "{photos}/p0.jpg", "--box", "500,500,600,600"),
            "outside the picture of 160 × 120",
        ),
        (("search", "{index}", "{photos}/p0.jpg", "--box", "1,2,3"), "is not a box: give four numbers"),
        (("search", "{index}", "{photos}/p0.jpg", "--top-k", "0"), "is not a count"),
        (("search", "{index}", "{photos}/p0.jpg", "--steps", "magic"), "there is no step 'magic'"),
        (("search", "{index}", "{photos}/broken.jpg"), "broken.jpg"),
        (("search", "{index}", "{photos}/none.jpg"), "none.jpg: No such file"),
        (("search", "{photos}", "{photos}/p0.jpg"), "there is no index at"),
        (("search", "{index}", "{photos}/p0.jpg", "--model", "{photos}"), "config.json"),
        (("index", "{photos}/p0.jpg", "-o", "{index}"), "is not a folder"),
        (("index", "{photos}/deep", "-o", "{index}"), "an index of its own"),
        (("index", "{index}", "-o", "{index}2"), "holds no JPEG, PNG or WebP files"),
        (("index", "{photos}"), "-o"),
        (("index", "{photos}", "-o", "{index}", "--scales", "1,x"), "are no scales"),
        (("index", "{photos}", "-o", "{index}", "--codec", "{photos}/p0.jpg"), "not a codec"),
        (("nonsense",), "invalid choice"),
    ],
)
def test_mistakes_are_one_line_and_exit_2(photos, index, capsys, arguments, message):
    filled = [argument.format(photos=photos, index=index) for argument in arguments]
    try:
        status = run(*filled)
    except SystemExit as error:  # argparse
        status = error.code
    captured = capsys.readouterr()
    assert status == 2
    assert message in captured.err
    assert "Traceback" not in captured.err


def test_a_folder_of_broken_files_is_not_a_success(tmp_path, weights, capsys):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(b"no")
    assert run("index", tmp_path / "photos", "-o", tmp_path / "index", "--model", weights) == 1
    assert "indexed 0, skipped 1" in capsys.readouterr().out


def test_another_model_than_the_index_was_made_with_is_refused(photos, index, tmp_path, capsys):
    models.save(tiny_model(seed=5), tmp_path / "other")
    assert run("search", index, photos / "p0.jpg", "--model", tmp_path / "other") == 2
    assert "was made with" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="names there are text")
def test_a_name_that_is_no_text_is_skipped(tmp_path, weights, capsys):
    photos = write_photos(tmp_path / "photos", 1)
    (photos / os.fsdecode(b"\xff.jpg")).write_bytes(encoded(photo(1)))
    assert run("index", photos, "-o", tmp_path / "index", "--model", weights) == 0
    assert "indexed 1, skipped 1" in capsys.readouterr().out


def test_help_version_and_info_need_neither_torch_nor_extras(photos):
    script = (
        "import sys\n"
        "for name in ('torch', 'PIL', 'lancedb', 'faiss', 'rich', 'safetensors'): sys.modules[name] = None\n"
        "from fastdct.cli import main\n"
        f"assert main(['info', {str(photos / 'p0.jpg')!r}]) == 0\n"
        f"assert main(['index', {str(photos)!r}, '-o', 'x']) == 2\n"
        "main(['--version'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=photos, check=True
    )
    assert done.stdout.endswith(f"fastdct {fastdct.__version__}\n")
    assert "pip install 'fastdct[torch]'" in done.stderr


def test_the_command_runs_as_a_module_into_a_closed_pipe(photos):
    command = [sys.executable, "-m", "fastdct.cli", "info", *sorted(map(str, photos.glob("p?.jpg")))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.close()
        assert "Traceback" not in process.stderr.read()


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals there")
def test_a_terminal_gets_a_bar_and_a_drawn_table(photos, index, tmp_path):
    import pty

    def on_a_terminal(*arguments):
        ours, theirs = pty.openpty()
        command = [sys.executable, "-m", "fastdct.cli", *map(str, arguments)]
        process = subprocess.Popen(command, stdout=theirs, stderr=theirs, env=os.environ | {"TERM": "xterm"})
        os.close(theirs)
        shown = b""
        while True:
            try:
                piece = os.read(ours, 4096)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            shown += piece
        assert process.wait() == 0
        return shown.decode()

    (photos / "new[bold].jpg").write_bytes(encoded(photo(20)))
    out = on_a_terminal("index", photos, "-o", index)
    assert "9/9" in out
    assert "indexed 1, skipped 1, 7 unchanged" in out
    out = on_a_terminal("search", index, photos / "new[bold].jpg")
    assert "─" in out
    assert "new[bold].jpg" in out, "a name is no markup"
