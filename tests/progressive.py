"""Progressive files put together bit by bit: for what no encoder writes."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from jpegs import segment

DC, AC = 0, 1
NO_DIFFERENCE = {0: "0"}  # DC table: the code of category 0


@dataclass(frozen=True)
class GrayScan:
    """One scan of the only component; ``bits`` is its entropy-coded data as text of 0 and 1."""

    codes: dict[int, str]  # symbol → its code, canonical (T.81, C.2)
    bits: str
    band: tuple[int, int] = (1, 63)
    high: int = 0
    low: int = 0


def gray_progressive(rows: int, cols: int, scans: list[GrayScan]) -> bytes:
    """Make a grayscale file of ``rows`` x ``cols`` blocks whose quantization steps are 1."""
    frame = b"\x08" + (8 * rows).to_bytes(2, "big") + (8 * cols).to_bytes(2, "big") + b"\x01\x01\x11\x00"
    file = b"\xff\xd8" + segment(0xDB, b"\0" + b"\1" * 64) + segment(0xC2, frame)
    for scan in scans:
        table_class = DC if scan.band[0] == 0 else AC
        header = bytes((1, 1, 0, *scan.band, scan.high << 4 | scan.low))
        file += segment(0xC4, _table(table_class, scan.codes)) + segment(0xDA, header) + _pack(scan.bits)
    return file + b"\xff\xd9"


def end_of_bands(num_blocks: int, code: str) -> str:
    """End ``num_blocks`` bands, the power of two below being that of the symbol (T.81, G.1.2.2)."""
    power = num_blocks.bit_length() - 1
    return code + (f"{num_blocks - (1 << power):0{power}b}" if power else "")


def _table(table_class: int, codes: dict[int, str]) -> bytes:
    lengths = [len(code) for code in codes.values()]
    counts = bytes(lengths.count(length) for length in range(1, 17))
    return bytes((table_class << 4,)) + counts + bytes(sorted(codes, key=lambda symbol: codes[symbol]))


def _pack(bits: str) -> bytes:
    padded = bits + "1" * (-len(bits) % 8)
    data = np.packbits(np.frombuffer(padded.encode(), np.uint8) - ord("0")).tobytes()
    return re.sub(b"\xff", b"\xff\0", data)
