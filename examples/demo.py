"""Index the photos beside this file, search for two that are not among them, and check what comes first."""

from __future__ import annotations

import argparse
import csv
import shlex
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

from fastdct import cli

EXAMPLES = Path(__file__).resolve().parent


def run(*arguments: str) -> None:
    """Run one command as a user would type it, and show it."""
    print(f"\n$ fastdct {shlex.join(arguments)}", flush=True)
    status = cli.main(arguments)
    if status:
        raise SystemExit(status)


def first_neighbour(index_path: Path, query: dict[str, str], model: str) -> str:
    """Name of the photo that a search ranks first."""
    from fastdct import models
    from fastdct.retrieval import Extractor, Index, search

    box = tuple(map(float, query["box"].split(","))) if query["box"] else None
    features = Extractor(models.load(model)).extract(EXAMPLES / query["path"], box=box)
    return search(Index.open(index_path), features, top_k=1)[0].name


def demo(output: Path, model: str) -> bool:
    """Whether the first neighbour of each query is another photo of the same thing."""
    with (EXAMPLES / "labels.csv").open(newline="", encoding="utf-8") as file:
        photos = list(csv.DictReader(file))
    labels = {photo["path"].removeprefix("photos/"): photo["label"] for photo in photos}
    queries = [photo for photo in photos if photo["role"] == "query"]
    index = output / "index"
    output.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(index, ignore_errors=True)  # made anew: an older one may hold features of other weights
    run("index", str(EXAMPLES / "photos"), "-o", str(index), "--model", model)
    verdicts = []
    for query in queries:
        page = output / f"{query['label']}.html"
        box = ["--box", query["box"]] if query["box"] else []
        run("search", str(index), str(EXAMPLES / query["path"]), *box, "--html", str(page), "--model", model)
        first = first_neighbour(index, query, model)
        right = labels[first] == query["label"]
        verdicts.append(right)
        print(f"{'right' if right else 'WRONG'}: {query['label']} was asked for, first comes {first}")
    return all(verdicts)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo; the exit code is 1 where a first neighbour is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=EXAMPLES.parent / "demo-output")
    parser.add_argument("--model", default="delg-small", help="name or folder of the weights")
    arguments = parser.parse_args(argv)
    start = time.perf_counter()
    right = demo(arguments.output, arguments.model)
    print(f"\n{time.perf_counter() - start:.0f} s; the pages are in {arguments.output}")
    return 0 if right else 1


if __name__ == "__main__":
    raise SystemExit(main())
