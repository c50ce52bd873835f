"""``fastdct stats DIR``: means, deviations and energies of the channels of a folder of photos."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastdct._extras import require
from fastdct._files import write_atomically
from fastdct.cli.arguments import count
from fastdct.cli.energy import draw
from fastdct.cli.terminal import print_table, progress_bar
from fastdct.frequencies import ChannelSelection, fbs, named, static

if TYPE_CHECKING:
    from fastdct.data import ChannelStatistics

# What the literature feeds networks with: Xu et al. (CVPR 2020) and frequency band selection.
_PUBLISHED = (*map(static, (24, 32, 48, 64)), *map(fbs, (8, 16, 32)))


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("stats", help="measure means and deviations of channels over a folder")
    command.add_argument("folder", metavar="DIR", help="folder of JPEG files, searched to its depth")
    command.add_argument(
        "--channels",
        type=_selection,
        default=static(64),
        metavar="NAME",
        help="static-N or N, fbs-N, zigzag-L-C (default: static-64)",
    )
    command.add_argument(
        "--size", type=count, default=448, help="side that photos are scaled to (default: 448)"
    )
    command.add_argument("--threads", type=count, help="threads that decode (default: one a processor)")
    command.add_argument("-o", "--output", type=Path, metavar="FILE", help="write the statistics as JSON")
    command.add_argument(
        "--plot", type=Path, metavar="FILE.svg", help="draw the energy of every frequency as a picture"
    )
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Measure, write and draw; files that cannot be decoded are reported and left out."""
    require("torch", extra="torch")
    from fastdct.data import image_files, measure
    from fastdct.decoder import Decoder

    files = image_files(arguments.folder)
    decoder = Decoder(arguments.size, channels=192)  # all, so that selections can be compared
    with progress_bar("measuring", total=len(files)) as advance:
        found = measure(files, decoder, num_threads=arguments.threads, advance=advance)
    for error in found.errors.values():
        print(f"fastdct: left out: {error}", file=sys.stderr)
    result = summary(found, arguments.channels, size=arguments.size)
    if arguments.output:
        write_atomically(arguments.output, (json.dumps(result, indent=2) + "\n").encode())
    if arguments.plot:
        arguments.plot.write_text(draw(result["energy"]), encoding="utf-8")
    shares = result["selections"].items()
    print(f"{found.num_images} photos at {arguments.size} × {arguments.size}")
    print_table(
        ("selection", "channels", "variance kept"),
        [(name, str(entry["num_channels"]), f"{100 * entry['variance']:.2f} %") for name, entry in shares],
    )
    return 0


def summary(found: ChannelStatistics, selection: ChannelSelection, *, size: int) -> dict[str, Any]:
    """What is written: ``mean`` and ``std`` in the order of ``channels``, energies of all frequencies.

    ``energy`` is the mean square of a coefficient, 64 a component in natural order; ``selections`` says of the published
    ones and of the chosen one which part of the variance of all coefficients theirs is. Variance, since the energy of
    the DC of Y is mostly that of its mean, which tells nothing about a picture.
    """
    places, moments = _places(selection), found.moments
    variance = moments.deviations / moments.count  # [192]
    selections = {chosen.name: chosen for chosen in (*_PUBLISHED, selection)}
    return {
        "channels": selection.to_dict(),
        "size": size,
        "num_images": found.num_images,
        "mean": moments.mean[places].tolist(),
        "std": moments.std[places].tolist(),
        "energy": dict(
            zip(("luma", "cb", "cr"), moments.energy.reshape(3, 64).tolist(), strict=True),
        ),
        "selections": {
            name: {
                "num_channels": chosen.num_channels,
                "variance": float(variance[_places(chosen)].sum() / variance.sum()),
            }
            for name, chosen in selections.items()
        },
        "errors": {name: error.cause for name, error in found.errors.items()},
    }


def _places(selection: ChannelSelection) -> list[int]:
    """Position of every channel among all 192, which stand in natural order."""
    components = (selection.luma, selection.cb, selection.cr)
    return [64 * component + index for component, indices in enumerate(components) for index in indices]


def _selection(name: str) -> ChannelSelection:
    try:
        return named(name)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
