"""``fastdct search INDEX QUERY``: rank the images of an index."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from fastdct.cli.arguments import (
    add_images,
    add_index,
    add_model,
    add_steps,
    box,
    count,
    load_steps,
    open_index,
)
from fastdct.cli.terminal import print_table

if TYPE_CHECKING:
    from fastdct.reference.transform import Planes
    from fastdct.retrieval import Index, Ranking
    from fastdct.web import Shown

_SIDE = 480  # of a thumbnail on the page, in pixels


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("search", help="find the images of an index that are like a picture")
    add_index(command)
    command.add_argument("query", metavar="QUERY", help="a JPEG, PNG or WebP file")
    command.add_argument(
        "--box",
        type=box,
        metavar="x1,y1,x2,y2",
        help="search for this part of the query, in pixels of the upright picture",
    )
    command.add_argument("--top-k", type=count, default=10, metavar="N", help="images to list (default: 10)")
    add_steps(command)
    command.add_argument("--html", metavar="OUT", help="also write a page that shows the images")
    add_images(command)
    add_model(command, default="that of the index")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Search, print the ranking and write the page."""
    from fastdct.retrieval import search
    from fastdct.retrieval.pictures import open_picture

    index, extractor = open_index(arguments.index, arguments.model)
    picture = open_picture(arguments.query)
    if picture.converted_from:
        print(f"{arguments.query}: {picture.converted_from}, its pixels were converted to coefficients")
    query = extractor.extract(picture.planes, box=arguments.box)
    ranking = search(index, query, top_k=arguments.top_k, steps=load_steps(arguments.steps, index))
    rows = [
        (
            str(rank),
            hit.name,
            f"{hit.similarity:.4f}",
            "-" if hit.num_inliers is None else str(hit.num_inliers),
        )
        for rank, hit in enumerate(ranking, start=1)
    ]
    print_table(("rank", "image", "similarity", "inliers"), rows, left=2)
    if arguments.html:
        Path(arguments.html).write_text(_page(arguments, index, picture.planes, ranking), encoding="utf-8")
        print(f"page: {Path(arguments.html).resolve()}")
    return 0


def _page(arguments: argparse.Namespace, index: Index, query: Planes, ranking: Ranking) -> str:
    from fastdct.web import results_page

    root = Path(arguments.images or index.root)
    return results_page(
        _shown(Path(arguments.query).name, query),
        ranking,
        {hit.name: _shown_file(hit.name, root) for hit in ranking},
        box=arguments.box,
        searched=f"{len(index)} images in {index.path}, model {index.spec.model}, steps: "
        + (", ".join(arguments.steps) or "none"),
    )


def _shown(name: str, picture: Planes) -> Shown:
    from fastdct.web import Shown, thumbnail

    height, width = picture.upright_size
    return Shown(name, thumbnail(picture, max_side=_SIDE), height, width)


def _shown_file(name: str, root: Path) -> Shown:
    """An indexed picture; an empty frame where its file is gone or broken since."""
    from fastdct.retrieval.pictures import open_picture
    from fastdct.web import Shown

    try:
        return _shown(name, open_picture(root / name).planes)
    except (ValueError, OSError):
        return Shown(name, None, 1, 1)
