"""The same training with Accelerate: pip install accelerate; accelerate launch examples/train_accelerate.py photos/."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import torch
from accelerate import Accelerator
from torch import nn
from train_plain import CHANNELS, SIZE, network

from fastdct import Decoder
from fastdct.data import DctLoader, image_folder, measure
from fastdct.geometry import Compose, RandomHorizontalFlip, RandomResizedCrop


def main(argv: Sequence[str] | None = None) -> float:
    """Train, and return the mean loss of the last epoch in this process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=16)
    options = parser.parse_args(argv)
    accelerator = Accelerator()
    data = image_folder(options.folder)
    statistics = measure(data, Decoder(SIZE, channels=CHANNELS))
    window = Compose([RandomResizedCrop(scale=(0.35, 1.0)), RandomHorizontalFlip()])
    loader = DctLoader(  # shares the data out and copies to the device by itself: it is not prepared
        data,
        Decoder(SIZE, channels=CHANNELS, window=window, normalize=statistics.normalize),
        batch_size=options.batch_size,
        shuffle=True,
        drop_last=True,
        rank=accelerator.process_index,
        num_replicas=accelerator.num_processes,
        device=accelerator.device,
    )
    torch.manual_seed(0)
    model = network(len(data.classes))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    model, optimizer = accelerator.prepare(model, optimizer)
    mean_loss = float("nan")
    for epoch in range(options.epochs):
        losses = []
        for batch in loader:
            loss = nn.functional.cross_entropy(model(batch.tensor), batch.labels)
            optimizer.zero_grad()
            accelerator.backward(loss)
            optimizer.step()
            losses.append(loss.item())
        mean_loss = sum(losses) / len(losses)
        accelerator.print(f"epoch {epoch + 1}: loss {mean_loss:.3f}")
    return mean_loss


if __name__ == "__main__":
    main()
