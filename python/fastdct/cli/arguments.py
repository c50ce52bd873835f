"""Arguments that several commands share, and what is made of them."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastdct.geometry import Box
    from fastdct.retrieval import Extractor, Index
    from fastdct.retrieval.steps import Step

Commands = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add_index(command: argparse.ArgumentParser) -> None:
    """The positional argument INDEX."""
    command.add_argument("index", metavar="INDEX", help="folder or URL of the index")


def add_model(command: argparse.ArgumentParser, *, default: str) -> None:
    """The option --model; ``default`` says for people what is taken without it."""
    command.add_argument(
        "--model", metavar="MODEL", help=f"a name or a folder of trained weights (default: {default})"
    )


def add_images(command: argparse.ArgumentParser) -> None:
    """The option --images."""
    command.add_argument(
        "--images", metavar="DIR", help="where the indexed folder is now (default: where it was when indexed)"
    )


def add_steps(command: argparse.ArgumentParser) -> None:
    """The option --steps."""
    command.add_argument(
        "--steps",
        nargs="*",
        default=["verify"],
        metavar="STEP",
        help="what to do with the ranking by global descriptors, in this order: aqe, alpha-qe, dba, superglobal, "
        "diffusion, pca-whiten, whiten=FILE, verify; parameters as in alpha-qe:num_neighbours=10,alpha=2; without a "
        "STEP the ranking stays as it is (default: verify)",
    )


def load_steps(names: Sequence[str], index: Index) -> list[Step]:
    """The steps that --steps names."""
    from fastdct.retrieval.steps import named_step

    return [named_step(name, index.vectors) for name in names]


def box(text: str) -> Box:
    """Corners ``x1,y1,x2,y2``."""
    try:
        x1, y1, x2, y2 = (float(part) for part in text.split(","))
    except ValueError:
        message = f"{text!r} is not a box: give four numbers x1,y1,x2,y2, in pixels of the upright picture"
        raise argparse.ArgumentTypeError(message) from None
    return x1, y1, x2, y2


def scales(text: str) -> tuple[float, ...]:
    """Factors of a side ``s,s,…``."""
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        message = f"{text!r} are no scales: give numbers s,s,…, factors of a side"
        raise argparse.ArgumentTypeError(message) from None


def count(text: str) -> int:
    """A whole number, at least 1."""
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a count: give a whole number, at least 1")
    return int(text)


def load_extractor(weights: str, **options: Any) -> Extractor:
    """The extractor of a packaged or a stored model; ``options`` as `Extractor` takes them."""
    from fastdct._extras import require
    from fastdct.models import load

    # One thread an operation: results then do not depend on the number of cores, and pictures are extracted
    # side by side instead, which scales better than small convolutions do.
    require("torch", extra="torch").set_num_threads(1)
    from fastdct.retrieval import Extractor

    return Extractor(load(weights), **options)


def extraction_of(index: Index) -> dict[str, Any]:
    """The options of the extractor that an index was made with."""
    names = ("max_features", "scales", "global_scales", "max_overlap")
    return {"codec": index.codec, **{name: getattr(index.spec, name) for name in names}}


def create_index(path: str | os.PathLike[str], extractor: Extractor, *, root: Path, weights: str) -> Index:
    """An empty index of the pictures below ``root``; ``weights`` that are a folder are found from anywhere."""
    from fastdct.retrieval import Index

    place = str(Path(weights).resolve()) if Path(weights).exists() else weights
    return Index.create(path, spec=extractor.spec, root=root, weights=place, codec=extractor.codec)


def check_root(index: Index, root: Path) -> None:
    """Refuse an index of another folder; one that is gone was moved: its pictures are known by their names.

    Raises
    ------
    ValueError
        The message names both folders.
    """
    if Path(index.root) != root and Path(index.root).exists():
        raise ValueError(f"{index.path} is the index of {index.root}; give {root} an index of its own")


def num_cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def open_index(path: str, model: str | None) -> tuple[Index, Extractor]:
    """An index and the extractor that belongs to it; ``model`` if it is not where it was when indexing."""
    from fastdct.retrieval import Index

    index = Index.open(path)
    extractor = load_extractor(model or index.weights, **extraction_of(index))
    return Index.open(path, spec=extractor.spec), extractor
