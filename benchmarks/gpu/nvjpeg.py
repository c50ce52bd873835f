"""torchvision's batched JPEG decoding on a GPU (nvJPEG) with resized output: what there is without fastdct."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from queue import Queue
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torchvision.io import ImageReadMode, decode_jpeg, read_file

from fastdct.geometry import Rule, Window

MEAN = torch.tensor([123.675, 116.28, 103.53]).view(3, 1, 1)
STD = torch.tensor([58.395, 57.12, 57.375]).view(3, 1, 1)


def as_tensors(files: Sequence[bytes]) -> list[Tensor]:
    """The bytes as decode_jpeg takes them, uint8 [n], on the CPU."""
    return [torch.from_numpy(np.frombuffer(data, np.uint8).copy()) for data in files]


def decode(encoded: list[Tensor], device: str) -> list[Tensor]:
    """uint8 [3, H, W] of each, in one call."""
    pixels: list[Tensor] = decode_jpeg(encoded, mode=ImageReadMode.RGB, device=device)
    return pixels


def resized(pixels: list[Tensor], size: int) -> Tensor:
    """float32 [N, 3, size, size] in 0..255; pictures of one shape are resized together."""
    out = torch.empty((len(pixels), 3, size, size), device=pixels[0].device)
    shapes: dict[torch.Size, list[int]] = {}
    for row, picture in enumerate(pixels):
        shapes.setdefault(picture.shape, []).append(row)
    for rows in shapes.values():
        stacked = torch.stack([pixels[row] for row in rows]).float()
        small = functional.interpolate(stacked, (size, size), mode="bilinear", antialias=True)
        out[torch.tensor(rows, device=out.device)] = small
    return out


def windowed(pixels: Tensor, window: Window, size: int) -> Tensor:
    """float32 [1, 3, size, size] of a window on whole pixels, mirrored or not."""
    x1, y1, x2, y2 = map(round, window.box)
    part = pixels[None, :, y1 : max(y2, y1 + 1), x1 : max(x2, x1 + 1)].float()
    part = functional.interpolate(part, (size, size), mode="bilinear", antialias=True)
    return part.flip(3) if window.flip else part


class Loader:
    """Batches of normalised pixels [N, 3, size, size], channels last, made ahead by a thread on a stream of its own."""

    def __init__(self, paths: Sequence[Path], rule: Rule, *, size: int, batch_size: int, device: str) -> None:
        self.paths, self.rule, self.size, self.batch_size, self.device = paths, rule, size, batch_size, device

    def __iter__(self) -> Iterator[Tensor]:
        queue: Queue[Any] = Queue(maxsize=2)
        threading.Thread(target=self._fill, args=(queue,), daemon=True).start()
        while (made := queue.get()) is not None:
            batch, ready = made
            if ready is not None:
                torch.cuda.current_stream().wait_event(ready)
                batch.record_stream(torch.cuda.current_stream())
            yield batch

    def _fill(self, queue: Queue[Any]) -> None:
        stream = torch.cuda.Stream() if self.device != "cpu" else None
        order = torch.randperm(len(self.paths)).tolist()
        with torch.cuda.stream(stream):  # None: does nothing
            for first in range(0, len(order) - self.batch_size + 1, self.batch_size):
                batch = self.make([self.paths[index] for index in order[first : first + self.batch_size]])
                queue.put((batch, stream and stream.record_event()))
        queue.put(None)

    def make(self, paths: Sequence[Path]) -> Tensor:
        pixels = decode([read_file(str(path)) for path in paths], self.device)
        parts = [windowed(p, self.rule(*p.shape[1:]).clipped(*p.shape[1:]), self.size) for p in pixels]
        batch = (torch.cat(parts) - MEAN.to(self.device)) / STD.to(self.device)
        return batch.contiguous(memory_format=torch.channels_last)
