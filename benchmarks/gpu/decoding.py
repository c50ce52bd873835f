"""JPEG bytes to tensors on the GPU: checked against the CPU, timed beside the bus and torchvision's nvJPEG.

    python -m gpu.decoding FOLDER

Rates are compressed bytes a second: of entropy decoding from device memory to blocks in device memory; and of a `Decoder` from files in
host memory to a tensor [N, 64, 56, 56], with Huffman codes decoded by the GPU (``cuda``), by the CPU which ships coefficients packed
(``packed``), or with everything done by the CPU (``cpu``). torchvision decodes the same files in one call and
scales its pixels to 448 x 448, which is the same window at the same size.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
from pathlib import Path
from typing import Any

import numpy as np
import torch

import fastdct
from fastdct import _C
from gpu.parts import save
from gpu.pictures import load
from gpu.timing import bus_rate, medians

SIZE = 448
GATES = {"blocks_gb_per_s": 20, "share_of_bus": 0.6, "times_torchvision": 5}
NUM_COMPARED = 256  # files on which answers are checked, and torchvision is timed with
TOLERANCE = 2e-6  # of the largest coefficient; the CPU's is 1e-6 of float64
PIXEL_TOLERANCE = (
    3.0  # mean difference of pixels: another picture is far off, another upsampling of chroma is not
)


class Resident:
    """Files whose entropy-coded data lie in device memory."""

    def __init__(self, files: list[bytes], device: str) -> None:
        cpus = os.cpu_count() or 1
        self.scans = _C.ScanBatch(files, max_pixels=fastdct.jpeg.DEFAULT_MAX_PIXELS, num_threads=cpus)
        refused = [reason for reason in self.scans.reasons if reason is not None]
        if refused:
            raise SystemExit(
                f"{len(refused)} of {len(files)} files are not taken, the first since {refused[0]}"
            )
        self.device, self.num_bytes = device, sum(map(len, files))
        host = aligned(self.scans.arena_bytes, "cpu")
        self.scans.write(host.data_ptr(), num_threads=cpus)
        self.arena = aligned(self.scans.arena_bytes, device)
        self.arena.copy_(host)
        self.workspace = aligned(self.scans.workspace_bytes, device)
        self.blocks = aligned(128 * self.scans.num_blocks, device)
        self.statuses = torch.empty(len(files), dtype=torch.int32, device=device)

    def decode(self) -> None:
        places = {
            "arena": self.arena.data_ptr(),
            "workspace": self.workspace.data_ptr(),
            "coefficients": self.blocks.data_ptr(),
            "statuses": self.statuses.data_ptr(),
        }
        if self.device == "cpu":
            return _C.emulation.decode_scans(self.scans.launches, **places, seed=0)
        from fastdct import _cuda

        return _cuda.decode_scans(
            self.scans.launches, **places, stream=torch.cuda.current_stream().cuda_stream
        )


def fitting(files: list[bytes], device: str) -> tuple[list[bytes], Resident]:
    """As many of the files as the device has memory for, and them in it."""
    try:
        return files, Resident(files, device)
    except torch.cuda.OutOfMemoryError:
        torch.cuda.empty_cache()
        return fitting(files[: len(files) // 2], device)


def aligned(num_bytes: int, device: str) -> torch.Tensor:
    """Uint8 [num_bytes] at a multiple of 256, which torch's allocator gives on CUDA only."""
    memory = torch.empty(num_bytes + 256, dtype=torch.uint8, device=device)
    first = -memory.data_ptr() % 256
    return memory[first : first + num_bytes]


def check_blocks(files: list[bytes], resident: Resident) -> None:
    """Every coefficient of every file is the CPU's."""
    resident.blocks.fill_(0x55)
    resident.decode()
    bad = int(resident.statuses.count_nonzero())
    if bad:
        raise SystemExit(
            f"{bad} of {len(files)} files in order were not decoded: {resident.statuses.unique().tolist()}"
        )
    found, first = resident.blocks.cpu().numpy().view(np.int16), 0
    for index, image in enumerate(fastdct.read_batch(files)):
        for component in image.components:
            last = first + component.coefficients.size
            if not np.array_equal(found[first:last], component.coefficients.ravel()):
                raise SystemExit(f"file {index}: coefficients differ from the CPU's")
            first = last


def check_tensors(files: list[bytes], device: str) -> None:
    """The tensor on the device is the CPU's, to the exactness of float32."""
    found = fastdct.Decoder(SIZE, device=device)(files).tensor.cpu()
    expected = fastdct.Decoder(SIZE)(files).tensor
    error = float((found - expected).abs().max() / expected.abs().max())
    if not error < TOLERANCE:
        raise SystemExit(f"tensors differ by {error:.2g} of the largest coefficient")


def check_torchvision(files: list[bytes], device: str) -> None:
    from gpu import nvjpeg

    theirs = nvjpeg.resized(nvjpeg.decode(nvjpeg.as_tensors(files[:8]), device), SIZE).cpu()
    ours = fastdct.Decoder(SIZE, output="rgb", dtype="float32")(files[:8]).tensor
    error = float((theirs - ours).abs().mean())
    if not error < PIXEL_TOLERANCE:
        raise SystemExit(f"torchvision's pixels are off by {error:.1f} on average")


def against_torchvision(files: list[bytes], device: str, seconds: float) -> dict[str, Any]:
    """Photos a second of both, on the same files, taking turns."""
    if importlib.util.find_spec("torchvision") is None:
        return {"left out": "there is no torchvision"}
    from gpu import nvjpeg

    check_torchvision(files, device)
    encoded, decoder = nvjpeg.as_tensors(files), fastdct.Decoder(SIZE, device=device)
    ways = {
        "fastdct": lambda: decoder(files),
        "torchvision": lambda: nvjpeg.resized(nvjpeg.decode(encoded, device), SIZE),
    }
    taken = medians(ways, device, seconds=seconds, rounds=10)
    rates = {name: round(len(files) / value, 1) for name, value in taken.items()}
    return {
        "photos_per_second": rates,
        "times_torchvision": round(taken["torchvision"] / taken["fastdct"], 3),
    }


def measure(files: list[bytes], device: str, seconds: float) -> None:
    num_bytes = sum(map(len, files))
    result: dict[str, Any] = {"files": len(files), "bytes": num_bytes, "gates": GATES}
    held, resident = fitting(files, device)
    check_blocks(held, resident)
    bus = bus_rate(device)
    taken = medians({"blocks": resident.decode}, device, seconds=seconds / 5, rounds=20)["blocks"]
    result |= {
        "bus_gb_per_s": round(bus / 1e9, 2),
        "blocks_gb_per_s": round(resident.num_bytes / taken / 1e9, 2),
    }
    result |= {"resident_files": len(held)}
    result["workspace_times_files"] = round(resident.scans.workspace_bytes / resident.num_bytes, 1)
    save(result)
    del resident
    check_tensors(files[:NUM_COMPARED], device)
    decoders = {"cpu": fastdct.Decoder(SIZE)}
    if device != "cpu":
        decoders |= {
            "cuda": fastdct.Decoder(SIZE, device=device, entropy_device="cuda"),
            "packed": fastdct.Decoder(SIZE, device=device, entropy_device="cpu"),
        }
    ways = {name: lambda decoder=decoder: decoder(files) for name, decoder in decoders.items()}
    for name, whole in medians(ways, device, seconds=seconds / 2, rounds=10).items():
        result[f"tensors_{name}_gb_per_s"] = round(num_bytes / whole / 1e9, 2)
    fastest = max(result[f"tensors_{name}_gb_per_s"] for name in decoders)
    result["share_of_bus"] = round(fastest * 1e9 / bus, 3)
    save(result)
    save({**result, "torchvision": against_torchvision(files[:NUM_COMPARED], device, seconds / 3)})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--seconds", type=float, default=35)
    options = parser.parse_args()
    measure(load(options.folder), options.device, options.seconds)
