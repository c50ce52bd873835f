"""What holds the work on a device together: the choice of a way, arenas in turn, errors where there is no device."""

import ast
import itertools
import re
import sys
from pathlib import Path

import pytest
import torch

import fastdct
from emulated import EmulatedBackend
from fastdct import _C
from fastdct._gpu import backend as backends
from fastdct._gpu.arenas import Arenas
from fastdct._gpu.choice import Choice
from fastdct._gpu.engine import Engine
from fastdct._gpu.settings import Budget, Options
from jpegs import make_jpeg


class Clock:
    """Stands still but when it is told to go on."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.mark.parametrize("faster", ["cpu", "cuda"])
def test_the_faster_way_is_found_and_kept(faster):
    clock, ways, waits = Clock(), [], []
    choice = Choice(clock)
    for number in range(10):
        with choice.turn("auto", 100, finish=lambda: waits.append(len(ways))) as turn:
            ways.append(turn.way)
            turn.num_blocks = 1000
            first = number < 2  # the first of each warms up, and says nothing
            clock.now += 0.1 if first != (turn.way == faster) else 0.2
    assert ways == ["cuda", "cpu", "cuda", "cpu", *[faster] * 6]
    assert waits == [1, 2, 3, 4]  # only trials wait for the device


def test_small_calls_are_no_trials():
    choice = Choice()
    for _ in range(9):
        with choice.turn("auto", 31, finish=pytest.fail) as turn:
            assert turn.way == "cpu"


@pytest.mark.parametrize("way", ["cpu", "cuda"])
def test_a_way_can_be_forced(way):
    choice = Choice()
    for _ in range(6):
        with choice.turn(way, 1000, finish=pytest.fail) as turn:
            assert turn.way == way


def test_a_call_that_fails_is_no_trial():
    choice = Choice()
    with pytest.raises(OSError, match="gone"), choice.turn("auto", 100, finish=pytest.fail):
        raise OSError("gone")
    with choice.turn("auto", 100, finish=lambda: None) as turn:
        assert turn.way == "cuda"


def test_the_host_waits_for_a_copy_only_when_its_memory_is_needed_again():
    backend = EmulatedBackend(eager=False)
    arenas = Arenas(backend, 1000)
    used = []
    for _ in range(3):
        arena = arenas.next()
        used.append(id(arena))
        arena.send(500)
        arena.release()
    assert backend.log == ["copy", "copy", "wait", "copy"]
    assert used[0] == used[2] != used[1]
    large = arenas.next(at_least=5000)
    assert large.host.numel() == 5000
    assert id(large) not in used


@pytest.mark.parametrize("seed", range(20))
def test_arenas_keep_their_contents_until_the_device_has_read_them(seed):
    """Every copy is read by a kernel before another one replaces it, in whatever order the streams come along."""
    backend, read = EmulatedBackend(seed=seed, eager=False), []
    arenas = Arenas(backend, 64)
    for number in range(9):
        arena = arenas.next()
        arena.host[:] = number
        arena.send(64)
        backend._do(backend._current, lambda memory=arena.memory: read.append(memory.unique().tolist()))
        arena.release()
    backend.drain()
    assert read == [[number] for number in range(9)]


def test_nothing_is_waited_for_where_two_arenas_are_enough():
    backend = EmulatedBackend(eager=False)
    engine = Engine(backend, Budget(arena=1 << 20))
    for _ in engine.feed([make_jpeg()], Options(1 << 28, 1)).chunks("cpu"):
        pass
    assert backend.log == ["copy", "expand"]


def test_a_picture_that_is_too_large_comes_by_itself():
    files = [make_jpeg(40, 40), make_jpeg(400, 400), make_jpeg(40, 40)]
    engine = Engine(EmulatedBackend(), Budget(arena=1 << 12, coefficients=128 * 100, scratch=1))
    feed = engine.feed(files, Options(1 << 28, 1))
    chunks = [chunk.descriptors.pictures["row"].tolist() for chunk in feed.chunks("cpu")]
    assert sorted(itertools.chain(*chunks)) == [0, 1, 2]
    assert [1] in chunks
    assert not feed.errors


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_without_a_device_the_error_says_so(monkeypatch):
    monkeypatch.setattr(backends, "cuda_module", lambda: None)
    for call in (lambda: fastdct.Decoder(32, device="cuda"), lambda: fastdct.read_batch([], device="cuda:3")):
        with pytest.raises(RuntimeError, match="torch sees no CUDA device"):
            call()


def test_without_kernels_the_error_says_how_to_get_them(monkeypatch):
    monkeypatch.setitem(sys.modules, "fastdct._cuda", None)
    with pytest.raises(RuntimeError, match="CMAKE_ARGS=-DFASTDCT_CUDA=ON"):
        fastdct.Decoder(32, device="cuda")


def test_kernels_have_one_signature_on_either_side():
    """What is launched by name must be there under that name, and take the same."""
    package = Path(fastdct.__file__).parent

    def arguments(tree):
        return {
            node.name: {arg.arg for arg in (*node.args.args, *node.args.kwonlyargs)} - {"seed", "stream"}
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef)
        }

    stub = ast.parse((package / "_C.pyi").read_text())
    [emulation] = [n for n in stub.body if isinstance(n, ast.ClassDef) and n.name == "emulation"]
    device = arguments(ast.parse((package / "_cuda.pyi").read_text()))
    host = arguments(emulation)
    sources = "".join(path.read_text() for path in (package / "_gpu").glob("*.py"))
    launched = set(re.findall(r'launch\(\s*"(\w+)"', sources))
    assert launched
    for name in launched:
        assert host[name] == device[name], name
        assert hasattr(_C.emulation, name)
