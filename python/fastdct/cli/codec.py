"""``fastdct codec INDEX -o FILE``: make local descriptors smaller."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fastdct.cli.arguments import add_index, count

if TYPE_CHECKING:
    from fastdct.retrieval import Index

_READ = 500  # images at a time


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
    descriptors, num_images = _drawn(index)
    codec = LocalCodec.fit(descriptors, dims=arguments.dims, binary=arguments.binary)
    codec.save(arguments.output)
    print(f"{codec}, fitted to {len(descriptors)} descriptors of {num_images} images: {arguments.output}")
    return 0


def _drawn(index: Index) -> tuple[NDArray[np.float32], int]:
    """Descriptors [M, Dl] of images drawn until a fit has enough, since those of all may not fit in memory; how many images."""
    from fastdct.retrieval.codec import FITTED

    order, taken = np.random.default_rng(0).permutation(len(index)), 0
    parts = [np.empty((0, index.spec.local_dim), np.float32)]
    while taken < len(order) and sum(map(len, parts)) < FITTED:
        names = [index.names[place] for place in order[taken : taken + _READ]]
        parts.append(index.fetch(names).descriptors.astype(np.float32))
        taken += len(names)
    return np.concatenate(parts), taken
