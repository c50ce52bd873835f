"""Images a second in training, from bytes on disk to the optimiser's step: ResNet-50 on coefficients beside its twin on pixels.

    python -m gpu.training FOLDER

Both take random resized crops, mirrored or not, in bfloat16 (autocast) and channels last, with the same optimiser. Coefficients come
by `DctLoader`, pixels by torchvision's nvJPEG in a thread of its own. Beside them what each network makes of a batch that is already
there: the difference is what loading costs. Ways take turns; figures are medians.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from fastdct import Decoder, models
from fastdct.data import DctLoader, Sources
from fastdct.geometry import Compose, RandomHorizontalFlip, RandomResizedCrop
from gpu.parts import save
from gpu.timing import medians

NETWORKS = {"coefficients": "resnet50-dct-64", "pixels": "resnet50-rgb"}
RULE = Compose([RandomResizedCrop(), RandomHorizontalFlip()])
NUM_CLASSES, SIZE = 1000, 224
TOLERANCE = 0.2  # mean difference of normalised pixels: another window is far off, another filter is not


class Way:
    """A network in training and where its batches come from."""

    def __init__(self, name: str, batches: Iterator[Tensor], device: str) -> None:
        network = models.create(name, num_classes=NUM_CLASSES)
        self.network: nn.Module = network.to(device, memory_format=torch.channels_last).train()
        self.optimizer = torch.optim.SGD(self.network.parameters(), lr=1e-3, momentum=0.9, weight_decay=1e-4)
        self.batches, self.device = batches, device

    def step(self, inputs: Tensor) -> None:
        labels = torch.arange(len(inputs), device=self.device) % NUM_CLASSES
        with torch.autocast(torch.device(self.device).type, torch.bfloat16):
            loss = functional.cross_entropy(self.network(inputs), labels)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()

    def run(self, num_steps: int) -> None:
        for inputs in itertools.islice(self.batches, num_steps):
            self.step(inputs)

    def run_without_loading(self, inputs: Tensor, num_steps: int) -> None:
        for _ in range(num_steps):
            self.step(inputs)


def coefficients(paths: list[Path], *, batch_size: int, device: str) -> Iterator[Tensor]:
    decoder = models.create(NETWORKS["coefficients"]).config.decoder(window=RULE, layout="channels_last")
    loader = DctLoader(
        Sources(paths), decoder, batch_size=batch_size, shuffle=True, drop_last=True, device=device
    )
    while True:
        for batch in loader:
            yield batch.tensor


def pixels(paths: list[Path], *, batch_size: int, device: str) -> Iterator[Tensor]:
    from gpu.nvjpeg import Loader

    loader = Loader(paths, RULE, size=SIZE, batch_size=batch_size, device=device)
    while True:
        yield from loader


def check(paths: list[Path], device: str) -> None:
    """Both see the same part of a picture."""
    from torchvision.io import read_file

    from gpu.nvjpeg import MEAN, STD, decode, windowed

    for seed, path in enumerate(paths[:4]):
        [picture] = decode([read_file(str(path))], device)
        window = RULE(*picture.shape[1:], generator=torch.Generator().manual_seed(seed))
        theirs = (windowed(picture, window, SIZE)[0].cpu() - MEAN) / STD
        ours = Decoder(SIZE, output="rgb", dtype="float32")([path], windows=[window]).tensor[0]
        error = float((theirs - (ours - MEAN) / STD).abs().mean())
        if not error < TOLERANCE:
            raise SystemExit(f"{path}: pixels differ by {error:.2f} on average in the window {window}")


def measure(paths: list[Path], device: str, *, batch_size: int, num_steps: int, seconds: float) -> None:
    result: dict[str, Any] = {"batch_size": batch_size, "num_steps": num_steps, "images_per_second": {}}
    makers = {"coefficients": coefficients}
    if importlib.util.find_spec("torchvision") is None:
        result["left out"] = "pixels: there is no torchvision"
    else:
        check(paths, device)
        makers["pixels"] = pixels
    torch.backends.cudnn.benchmark = True
    calls = {}
    for name, make in makers.items():
        way = Way(NETWORKS[name], make(paths, batch_size=batch_size, device=device), device)
        inputs = next(way.batches)
        calls[name] = lambda way=way: way.run(num_steps)
        calls[f"{name}, without loading"] = lambda way=way, x=inputs: way.run_without_loading(x, num_steps)
    for name, taken in medians(calls, device, seconds=seconds, rounds=5).items():
        result["images_per_second"][name] = round(batch_size * num_steps / taken, 1)
    rates = result["images_per_second"]
    if "pixels" in rates:
        result["coefficients to pixels"] = round(rates["coefficients"] / rates["pixels"], 3)
    save(result)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--batch-size", type=int, default=256)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=35)
    options = parser.parse_args()
    measure(
        sorted(options.folder.glob("*.jpg")),
        options.device,
        batch_size=options.batch_size,
        num_steps=options.steps,
        seconds=options.seconds,
    )
