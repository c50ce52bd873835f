"""``fastdct codec INDEX -o FILE``: make local descriptors smaller."""

from __future__ import annotations

import argparse

import numpy as np

from fastdct.cli.arguments import add_index, count


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "codec",
        help="fit principal components or bits to the local descriptors of an index",
        description="Fit to the local descriptors of an index; then index with: fastdct index DIR -o NEW --codec FILE.",
    )
    add_index(command)
    command.add_argument("-o", "--output", metavar="FILE", required=True, help="the file to write")
    command.add_argument("--dims", type=count, default=64, metavar="N", help="dimensions kept (default: 64)")
    command.add_argument("--binary", action="store_true", help="keep one bit of each dimension")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Fit and write."""
    from fastdct.retrieval import Index
    from fastdct.retrieval.codec import LocalCodec

    index = Index.open(arguments.index)
    if index.codec is not None:
        raise ValueError(f"{index.path} was made with a codec already; fit to an index without one")
    descriptors = index.fetch(index.names).descriptors.astype(np.float32)  # [M, Dl]
    codec = LocalCodec.fit(descriptors, dims=arguments.dims, binary=arguments.binary)
    codec.save(arguments.output)
    print(f"{codec}, fitted to {len(descriptors)} descriptors of {len(index)} images: {arguments.output}")
    return 0
