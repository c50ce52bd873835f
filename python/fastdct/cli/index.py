"""``fastdct index DIR -o INDEX``: make an index of a folder, or bring one up to date."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastdct.cli.arguments import (
    add_model,
    check_root,
    count,
    create_index,
    extraction_of,
    load_extractor,
    num_cores,
    scales,
)
from fastdct.cli.terminal import progress_bar

if TYPE_CHECKING:
    from fastdct.retrieval import Extractor, Index
    from fastdct.retrieval.indexing import IndexingReport

DEFAULT_MODEL = "delg-small"


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "index",
        help="index the pictures of a folder",
        description="Index the JPEG, PNG and WebP files below a folder. Files that are in the index already and have "
        "not changed are passed over, so that a run that was stopped can be repeated.",
    )
    command.add_argument("folder", metavar="DIR", help="folder of pictures; hidden files are left out")
    command.add_argument("-o", "--output", metavar="INDEX", required=True, help="the index; made if absent")
    add_model(command, default=f"{DEFAULT_MODEL}, or that of the index")
    command.add_argument(
        "--max-features",
        type=count,
        metavar="N",
        help="local features of a picture (default: 200, or as the index has it)",
    )
    command.add_argument(
        "--scales", type=scales, metavar="S,S,…", help="pyramid of the local features (default: the model's)"
    )
    command.add_argument(
        "--global-scales", type=scales, metavar="S,S,…", help="scales of the global descriptor (default: 1)"
    )
    command.add_argument(
        "--max-overlap",
        type=float,
        metavar="IOU",
        help="of two features that overlap by more the better is kept (default: both)",
    )
    command.add_argument(
        "--codec", metavar="FILE", help="what makes local descriptors smaller, from: fastdct codec"
    )
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Index and report; 1 if there are pictures and none of them could be indexed."""
    from fastdct.retrieval.indexing import index_pictures, list_pictures

    listing = list_pictures(arguments.folder)
    if not listing.pictures:
        raise ValueError(
            f"{arguments.folder} holds no JPEG, PNG or WebP files ({listing.ignored} of other kinds)"
        )
    index, extractor = _open_or_create(arguments)
    with progress_bar("indexing", total=len(listing.pictures)) as advance:
        report = index_pictures(index, listing, extractor, num_threads=num_cores(), progress=advance)
    _print_report(report, ignored=listing.ignored)
    print(f"{len(index)} images in {index.path}")
    return 0 if report.indexed or report.unchanged else 1


def _open_or_create(arguments: argparse.Namespace) -> tuple[Index, Extractor]:
    from fastdct.retrieval import Index

    root = Path(arguments.folder).resolve()
    existing = Index.open(arguments.output) if Index.exists(arguments.output) else None
    weights = arguments.model or (existing.weights if existing else DEFAULT_MODEL)
    extractor = load_extractor(weights, **_extraction(arguments, existing))
    if existing is None:
        return create_index(arguments.output, extractor, root=root, weights=weights), extractor
    check_root(existing, root)
    return Index.open(arguments.output, spec=extractor.spec), extractor


def _extraction(arguments: argparse.Namespace, existing: Index | None) -> dict[str, Any]:
    """How to extract: as the index does it, but for what is asked for."""
    from fastdct.retrieval.codec import LocalCodec

    options = extraction_of(existing) if existing else {}
    names = ("max_features", "scales", "global_scales", "max_overlap")
    given = {name: getattr(arguments, name) for name in names if getattr(arguments, name) is not None}
    if arguments.codec:
        given["codec"] = LocalCodec.load(arguments.codec)
    return {**options, **given}


def _print_report(report: IndexingReport, *, ignored: int) -> None:
    for name, reason in report.skipped:
        print(f"skipped {_printable(name)}: {_printable(reason)}")
    parts = [f"indexed {len(report.indexed)}", f"skipped {len(report.skipped)}"]
    if report.converted:
        parts[0] += f" (of them {len(report.converted)} PNG or WebP, read through Pillow)"
    if report.unchanged:
        parts.append(f"{report.unchanged} unchanged")
    if ignored:
        parts.append(f"{ignored} files of other kinds ignored")
    print(", ".join(parts))
    if report.gone:
        print(
            f"{len(report.gone)} images of the index are no longer in the folder, such as {report.gone[0]}; "
            "remove them with: fastdct delete INDEX NAME…"
        )


def _printable(text: str) -> str:
    """Text without the surrogates that stand for bytes of a file name that are not UTF-8."""
    return text.encode(errors="replace").decode()
