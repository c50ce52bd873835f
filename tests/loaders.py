"""Loaders of small made photos, and what they gave, for the tests of loaders."""

from __future__ import annotations

import torch

from fastdct import Decoder
from fastdct.data import DctLoader, Sources
from fastdct.geometry import Compose, RandomHorizontalFlip, RandomResizedCrop
from jpegs import make_jpeg

NUM_PHOTOS = 23
RANDOM = Compose([RandomResizedCrop(), RandomHorizontalFlip()])


def make_photos():
    return [make_jpeg(40 + 3 * seed, 90 - 2 * seed, seed=seed) for seed in range(NUM_PHOTOS)]


def label(photos):
    return Sources(photos, labels=[seed % 5 for seed in range(NUM_PHOTOS)])


def loader_of(dataset, *, window=RANDOM, on_error="raise", **options):
    decoder = Decoder(32, channels=24, window=window, on_error=on_error)
    return DctLoader(dataset, decoder, **{"batch_size": 4, "num_threads": 2, **options})


def rows_of(batches):
    """Position → row, of all batches."""
    return {
        position: row
        for batch in batches
        for position, row in zip(batch.positions.tolist(), batch.tensor, strict=True)
    }


def assert_same_rows(one, other):
    assert one.keys() == other.keys()
    assert all(torch.equal(row, other[position]) for position, row in one.items())
