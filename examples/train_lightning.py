"""The same training in Lightning: pip install pytorch-lightning; python examples/train_lightning.py photos/."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import pytorch_lightning as lightning
import torch
from torch import nn
from train_plain import CHANNELS, SIZE, network

from fastdct import Decoder
from fastdct.data import DctLoader, Labelled, LoadedBatch, image_folder, measure
from fastdct.geometry import Compose, RandomHorizontalFlip, RandomResizedCrop


class Classifier(lightning.LightningModule):
    """Builds its loader itself, where rank and number of processes are known."""

    def __init__(self, data: Labelled, batch_size: int) -> None:
        super().__init__()
        self.data, self.batch_size = data, batch_size
        self.network = network(len(data.classes))
        self.losses: list[float] = []

    def train_dataloader(self) -> DctLoader:
        """Share the pictures out over the processes."""
        statistics = measure(self.data, Decoder(SIZE, channels=CHANNELS))
        window = Compose([RandomResizedCrop(scale=(0.35, 1.0)), RandomHorizontalFlip()])
        decoder = Decoder(SIZE, channels=CHANNELS, window=window, normalize=statistics.normalize)
        return DctLoader(
            self.data,
            decoder,
            batch_size=self.batch_size,
            shuffle=True,
            drop_last=True,
            rank=self.global_rank,
            num_replicas=self.trainer.world_size,
            device=self.device,
        )

    def training_step(self, batch: LoadedBatch) -> torch.Tensor:
        """Return the loss of a batch."""
        loss = nn.functional.cross_entropy(self.network(batch.tensor), batch.labels)
        self.losses.append(loss.item())
        return loss

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return plain gradient descent."""
        return torch.optim.SGD(self.parameters(), lr=0.05, momentum=0.9)


def main(argv: Sequence[str] | None = None) -> float:
    """Train, and return the mean loss of the last epoch."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=16)
    options = parser.parse_args(argv)
    torch.manual_seed(0)
    model = Classifier(image_folder(options.folder), options.batch_size)
    trainer = lightning.Trainer(
        max_epochs=options.epochs,
        use_distributed_sampler=False,  # the loader shares the data out
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
    )
    trainer.fit(model)
    last = model.losses[-len(model.losses) // options.epochs :]
    return sum(last) / len(last)


if __name__ == "__main__":
    print(f"loss {main():.3f}")
