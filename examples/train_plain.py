"""Train a small network on a folder of class folders, straight from the coefficients of its JPEG files.

python examples/train_plain.py photos/ --epochs 5
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import torch
from torch import nn

from fastdct import Decoder
from fastdct.data import DctLoader, image_folder, measure
from fastdct.geometry import Compose, RandomHorizontalFlip, RandomResizedCrop
from fastdct.photometric import ColorJitter

SIZE, CHANNELS = 128, 24


def network(num_classes: int) -> nn.Module:
    """A few convolutions over blocks: [N, 24, H/8, W/8] to scores [N, classes]."""
    layers = [nn.Conv2d(CHANNELS, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU()]
    layers += [nn.Conv2d(64, 64, 3, padding=1, stride=2), nn.BatchNorm2d(64), nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, num_classes))


def main(argv: Sequence[str] | None = None) -> float:
    """Train, and return the mean loss of the last epoch."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=16)
    options = parser.parse_args(argv)
    device = "cuda" if torch.cuda.is_available() else "cpu"

    data = image_folder(options.folder)
    statistics = measure(data, Decoder(SIZE, channels=CHANNELS))
    window = Compose([RandomResizedCrop(scale=(0.35, 1.0)), RandomHorizontalFlip()])
    decoder = Decoder(SIZE, channels=CHANNELS, window=window, normalize=statistics.normalize, on_error="skip")
    loader = DctLoader(
        data,
        decoder,
        batch_size=options.batch_size,
        photometric=ColorJitter(0.2, 0.2, 0.2),
        shuffle=True,
        drop_last=True,
        device=device,
    )

    torch.manual_seed(0)
    model = network(len(data.classes)).to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    mean_loss = float("nan")
    for epoch in range(options.epochs):  # each pass over the loader is an epoch of its own
        losses = []
        for batch in loader:
            loss = nn.functional.cross_entropy(model(batch.tensor), batch.labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        mean_loss = sum(losses) / len(losses)
        print(f"epoch {epoch + 1}: loss {mean_loss:.3f}, {len(loader.errors)} files left out")
    return mean_loss


if __name__ == "__main__":
    main()
