"""Several processes that train one network are one process with the joined batch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from fastdct.models import MobileNetV2
from fastdct.training import DelgTraining, DistilTraining, train
from jpegs import make_class_folders
from made import write_quantized

SETTINGS = {
    "channels": 24,
    "size": 64,
    "epochs": 2,
    "batch_size": 6,
    "learning_rate": 0.002,
    "crop_area": 0.5,
    "validation": 0.25,
    "ema": 0.9,
}


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    return make_class_folders(tmp_path_factory.mktemp("photos"), classes=3, photos=7)


def _two_processes(tmp_path, photos, kind="DelgTraining", **settings):
    """Train by two processes as torchrun starts them, which meet at a file instead of a port."""
    script = tmp_path / "worker.py"
    script.write_text(
        "import json, sys, torch\n"
        "from torch import distributed\n"
        f"from fastdct.training import {kind}, train\n"
        "torch.set_num_threads(1)\n"
        "rank, meeting, settings = int(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])\n"
        "distributed.init_process_group('gloo', init_method=f'file://{meeting}', rank=rank, world_size=2)\n"
        f"model = train({kind}(**settings))\n"
        "torch.save(model.state_dict(), f'{meeting}.{rank}.pt')\n"
        "distributed.destroy_process_group()\n"
    )
    meeting, output = tmp_path / "meeting", tmp_path / "two"
    text = json.dumps({"labels": str(photos), "output": str(output), **SETTINGS, **settings})
    environment = {**os.environ, "WORLD_SIZE": "2", "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
    processes = [
        subprocess.Popen(
            [sys.executable, script, str(rank), meeting, text],
            env={**environment, "RANK": str(rank)},
            stderr=subprocess.PIPE,
        )
        for rank in range(2)
    ]
    said = [process.communicate(timeout=300)[1].decode() for process in processes]
    assert [process.returncode for process in processes] == [0, 0], said
    return output, [torch.load(f"{meeting}.{rank}.pt", weights_only=True) for rank in range(2)]


def _metrics(output: Path):
    return [json.loads(line) for line in (output / "metrics.jsonl").read_text().splitlines()]


def test_two_processes_with_common_batch_statistics_are_one(photos, tmp_path):
    train(DelgTraining(labels=photos, output=tmp_path / "one", **SETTINGS))
    output, states = _two_processes(tmp_path, photos, sync_batch_norm=True)
    one, two = load_file(tmp_path / "one" / "model.safetensors"), load_file(output / "model.safetensors")
    assert one.keys() == two.keys()
    for name, value in one.items():
        torch.testing.assert_close(
            two[name], value, rtol=1e-3, atol=1e-4, msg=lambda text, name=name: f"{name}: {text}"
        )
        assert torch.equal(states[0][name], states[1][name])
    for single, joined in zip(_metrics(tmp_path / "one"), _metrics(output), strict=True):
        for name in ("loss", "attention_loss", "learning_rate", "attention_median"):
            assert joined[name] == pytest.approx(single[name], rel=1e-3), name
        assert joined["validation_accuracy"] == single["validation_accuracy"]


def test_two_processes_that_distil_are_one(photos, tmp_path):
    """On pixels, where the network has no batch normalisation."""
    write_quantized(tmp_path / "net.npz", MobileNetV2(batch_norm=False))
    given = {"teacher": str(tmp_path / "net.npz"), "channels": 0, "epochs": 1, "ema": 0.0}
    train(DistilTraining(labels=photos, output=tmp_path / "one", **{**SETTINGS, **given}))
    output, _ = _two_processes(tmp_path, photos, "DistilTraining", **given)
    (single,), (joined,) = _metrics(tmp_path / "one"), _metrics(output)
    for name in ("loss", "descriptor_loss", "teacher_global", "teacher_local"):
        assert joined[name] == pytest.approx(single[name], rel=1e-4), name


def test_without_common_batch_statistics_processes_still_agree(photos, tmp_path):
    output, states = _two_processes(tmp_path, photos, epochs=1, ema=0.0)
    written = load_file(output / "model.safetensors")
    for name, value in states[0].items():
        assert torch.equal(written[name], value)
        if "running" not in name:  # each process's own; the first one's are stored
            assert torch.equal(states[1][name], value)


def _torchrun(photos, output, **settings):
    options = {"labels": photos, "output": output, **SETTINGS, **settings}
    words = [word for name, value in options.items() for word in ("--" + name.replace("_", "-"), str(value))]
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
    subprocess.run(
        [*command, "-m", "fastdct.cli", "train", "delg", *words], env=environment, check=True, timeout=300
    )


def test_a_run_of_two_processes_goes_on_with_the_same_bits(photos, tmp_path):
    straight, _ = _two_processes(tmp_path, photos)
    stopped = tmp_path / "stopped"
    for epochs in (1, 2):
        _torchrun(photos, stopped, epochs=epochs)
    assert len(_metrics(stopped)) == 2
    assert (stopped / "model.safetensors").read_bytes() == (straight / "model.safetensors").read_bytes()
