"""The command line in this process, and the photos, weights and index that its tests begin with."""

from __future__ import annotations

import json

from fastdct import cli, models
from made import encoded, photo, tiny_model, write_photos


def run(*arguments):
    return cli.main([str(argument) for argument in arguments])


def make_weights(folder):
    models.save(tiny_model(), folder / "tiny")
    return folder / "tiny"


def make_folder(folder):
    """Six photos, one in a folder of its own, a PNG, a broken file, a hidden one and a text."""
    write_photos(folder, 5)
    (folder / "deep").mkdir()
    (folder / "deep" / "p5.JPG").write_bytes(encoded(photo(5)))
    (folder / "p6.png").write_bytes(encoded(photo(6), "PNG"))
    (folder / "broken.jpg").write_bytes(encoded(photo(7))[:300])
    (folder / ".hidden.jpg").write_bytes(b"")
    (folder / "notes.txt").write_text("x")
    return folder


def make_index(photos, path, weights):
    assert run("index", photos, "-o", path, "--model", weights, "--max-features", 40) == 0
    return path


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
