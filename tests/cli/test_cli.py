import os
import subprocess
import sys

import pytest

import fastdct
from commands import run, truth
from fastdct import models
from fastdct.retrieval import Index
from made import encoded, photo, tiny_model, write_photos


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
