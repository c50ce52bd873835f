"""``fastdct info FILE…``: what a JPEG file says of itself. Needs numpy only."""

from __future__ import annotations

import argparse
import sys

_NAMES = {"YCbCr": "Y Cb Cr", "grayscale": "Y", "RGB": "R G B", "CMYK": "C M Y K", "YCCK": "Y Cb Cr K"}


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("info", help="show header, components and warnings of files")
    command.add_argument("files", nargs="+", metavar="FILE")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Describe each file; a bad one is reported and the others are described all the same."""
    failed = False
    for name in arguments.files:
        try:
            print("\n".join(describe(name)))
        except (ValueError, OSError) as error:
            print(f"fastdct: error: {error}", file=sys.stderr)
            failed = True
    return 2 if failed else 0


def describe(name: str) -> list[str]:
    """Lines about one file."""
    from fastdct.retrieval.pictures import open_picture, other_format

    kind = other_format(name)
    if kind is None:
        return [name, *_jpeg(name)]
    height, width = open_picture(name).planes.upright_size
    return [
        name,
        f"  size         {width} × {height} pixels",
        f"  coding       {kind}: no JPEG, read through Pillow",
    ]


def _jpeg(name: str) -> list[str]:
    from fastdct.jpeg import probe, read

    header, image = probe(name), read(name, recover=True)
    turned = f", orientation {header.orientation}" if header.orientation != 1 else ""
    restarts = f", restart interval {header.restart_interval}" if header.restart_interval else ""
    lines = [
        f"  size         {header.width} × {header.height} pixels{turned}",
        f"  coding       {header.process}, {header.color_space}, {header.subsampling}{restarts}",
    ]
    names = _NAMES.get(header.color_space, "").split()
    for i, component in enumerate(image.components):
        label = names[i] if i < len(names) else str(i + 1)
        rows, columns = component.coefficients.shape[:2]
        sampling = "x".join(map(str, component.sampling))
        steps = component.quantization
        lines.append(
            f"  component {label:<2} {columns} × {rows} blocks, sampling {sampling}, "
            f"quantization steps {steps.min()} to {steps.max()}, DC {steps[0, 0]}"
        )
    return lines + [f"  warning      {warning}" for warning in image.warnings]
