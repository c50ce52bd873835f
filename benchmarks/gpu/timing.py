"""Time on a device, and how fast its bus is. With ``device="cpu"`` everything runs too, for tests of the programs."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import torch


def elapsed(call: Callable[[], Any], device: str) -> float:
    """Seconds of one call from an idle device to an idle device; on CUDA between events of the current stream."""
    if device == "cpu":
        start = time.perf_counter()
        call()
        return time.perf_counter() - start
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    torch.cuda.synchronize()
    begin.record()
    call()
    end.record()
    torch.cuda.synchronize()
    return begin.elapsed_time(end) / 1e3


def medians(
    ways: dict[str, Callable[[], Any]], device: str, *, seconds: float, rounds: int
) -> dict[str, float]:
    """Median seconds of each, taking turns, ``rounds`` times or until the time is over; two turns before are not counted."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    stop = time.perf_counter() + seconds
    for turn in range(rounds + 2):
        for name, call in ways.items():
            taken = elapsed(call, device)
            if turn >= 2:
                times[name].append(taken)
        if turn >= 4 and time.perf_counter() > stop:
            break
    return {name: statistics.median(values) for name, values in times.items()}


def bus_rate(device: str, *, num_bytes: int = 1 << 28) -> float:
    """Bytes a second from pinned memory to the device."""
    source = torch.randint(256, (num_bytes,), dtype=torch.uint8)
    source = source if device == "cpu" else source.pin_memory()
    target = torch.empty(num_bytes, dtype=torch.uint8, device=device)
    ways = {"copy": lambda: target.copy_(source, non_blocking=True)}
    return num_bytes / medians(ways, device, seconds=3, rounds=10)["copy"]
