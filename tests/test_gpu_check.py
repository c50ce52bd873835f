"""scripts/gpu_check, as far as it can be tried without a GPU."""

import json
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

import fastdct

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "benchmarks"))  # last: it has files of the same names as tests/

from gpu import __main__ as command  # noqa: E402
from gpu import carry, decoding, parts, pictures, suites  # noqa: E402
from gpu.parts import Part  # noqa: E402

H200 = {"available": True, "name": "NVIDIA H200", "capability": "90"}
SLEEPS = ("timeit", "-n1", "-r1", "import time; time.sleep(60)")


@pytest.fixture
def work(tmp_path, monkeypatch):
    monkeypatch.setattr(parts, "WORK", tmp_path)
    return tmp_path


def test_parts_that_fail_or_take_too_long_do_not_stop_the_others(work):
    chosen = [
        Part("good", 60, ("timeit", "-n1", "pass"), needs=()),
        Part("bad", 60, ("timeit", "-n1", "1 / 0"), needs=()),
        Part("after bad", 60, ("timeit", "-n1", "pass"), needs=("good", "bad")),
        Part("slow", -178, SLEEPS, needs=()),  # what the others saved is nearly all that it has
        Part("after good", 60, ("timeit", "-n1", "pass"), needs=("good",)),
    ]
    found = {part.name: report for part, report in parts.run_all(chosen)}
    assert [report["status"] for report in found.values()] == [
        "passed", "failed", "left out", "timed out", "passed"
    ]  # fmt: skip
    assert "ZeroDivisionError" in found["bad"]["output"]
    assert found["after bad"]["why"] == "needs bad"
    assert found["slow"]["seconds"] < 30


def test_figures_survive_what_comes_after_them(work):
    script = "from gpu.parts import save; save({'rate': 7}); 1 / 0"
    report = parts.run(Part("measured", 60, ("timeit", "-n1", script), needs=()), 60)
    assert report["status"] == "failed"
    assert report["result"] == {"rate": 7}


def test_all_parts_end_within_ten_minutes():
    chosen = command.parts(H200)
    assert sum(part.seconds for part in chosen) <= 590
    names = [part.name for part in chosen]
    for part in chosen:
        assert (ROOT / "benchmarks" / (part.arguments[0].replace(".", "/") + ".py")).is_file()
        assert all(names.index(needed) < names.index(part.name) for needed in part.needs)


def test_report_is_written_whatever_fails(monkeypatch, tmp_path, capsys):
    failing = {"status": "failed", "seconds": 1.0, "output": "nvcc: not found"}
    monkeypatch.setattr(command, "run_all", lambda chosen: ((part, failing) for part in chosen))
    monkeypatch.setattr(command.facts, "gpu", lambda: H200)
    monkeypatch.setattr(command.carry, "unpack", list)
    monkeypatch.setattr(sys, "argv", ["gpu_check", "--results", str(tmp_path)])
    assert command.main() == 1
    report = json.loads((tmp_path / "gpu_h200.json").read_text())
    assert set(report["parts"]) == {part.name for part in command.parts(H200)}
    assert report["parts"]["build"] == failing
    assert "nvcc: not found" in capsys.readouterr().out


def test_without_a_gpu_it_says_so_and_is_no_success(monkeypatch, tmp_path, capsys):
    passed = {"status": "passed", "seconds": 1.0}
    monkeypatch.setattr(command, "run_all", lambda chosen: ((part, passed) for part in chosen))
    monkeypatch.setattr(command.facts, "gpu", lambda: {"available": False})
    monkeypatch.setattr(command.carry, "unpack", list)
    monkeypatch.setattr(sys, "argv", ["gpu_check", "--results", str(tmp_path)])
    assert command.main() == 2
    assert "no CUDA device: torch sees none; fastdct was built" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())


def test_libjpeg_is_packed_whole(tmp_path):
    carry._pack_libjpeg(tmp_path)
    assert {path.name for path in (tmp_path / "include").iterdir()} == set(carry.HEADERS)
    libraries = sorted(path.name for path in (tmp_path / "lib").iterdir())
    assert libraries[0] == "libjpeg.so"
    assert libraries[1].startswith("libjpeg.so.")


@pytest.mark.parametrize("torch", ["2.11.0", None])
def test_wheels_are_unpacked_where_they_fit(torch, tmp_path, monkeypatch):
    (tmp_path / "carry" / "wheels").mkdir(parents=True)
    needs = {"absent_for_torch": "torch (==2.11.0)", "absent_for_all": "numpy", "numpy": "nothing"}
    for name, needed in needs.items():
        with zipfile.ZipFile(tmp_path / "carry" / "wheels" / f"{name}-1.0-py3-none-any.whl", "w") as file:
            file.writestr(f"{name}/__init__.py", "")
            file.writestr(f"{name}-1.0.dist-info/METADATA", f"Name: {name}\nRequires-Dist: {needed}\n")
    monkeypatch.setattr(carry, "CARRY", tmp_path / "carry")
    monkeypatch.setattr(carry, "SITE", tmp_path / "site")
    monkeypatch.setattr(carry, "_torch_here", lambda: torch)
    said = "\n".join(carry.unpack())
    found = {path.name for path in (tmp_path / "site").iterdir() if not path.name.endswith("dist-info")}
    assert found == {"absent_for_all"} | ({"absent_for_torch"} if torch else set())
    assert ("left out absent_for_torch-1.0-py3-none-any.whl, which is for torch 2.11.0" in said) == (
        torch is None
    )
    assert carry.unpack() == ([] if torch else [said.splitlines()[-1]])


def test_every_file_with_a_cuda_test_is_run():
    assert ROOT / "tests" / "test_cuda.py" in suites.files()
    assert ROOT / "tests" / "test_loader.py" in suites.files()


def test_summary_names_what_failed(tmp_path):
    report = tmp_path / "report.xml"
    report.write_text(
        '<testsuites><testsuite><testcase classname="a" name="b"/><testcase classname="a" name="c"><failure/></testcase>'
        '<testcase classname="a" name="d"><skipped/></testcase></testsuite></testsuites>'
    )
    assert suites.summary(report) == {"passed": 1, "skipped": 1, "failed": ["a::c"]}


def test_pictures_are_like_photos_to_a_decoder():
    """About 100 KB; between 5 and 7 bits for each coefficient that is not zero, as in photos at qualities of 90 and 95."""
    files = [pictures.make(seed) for seed in range(6)]
    assert pictures.make(0) == files[0]
    assert len(set(files)) == len(files)
    images = [fastdct.read(data) for data in files]
    assert not any(image.warnings for image in images)
    nonzero = sum(np.count_nonzero(c.coefficients) for image in images for c in image.components)
    assert 70_000 < np.mean([len(data) for data in files]) < 140_000
    assert 5 < 8 * sum(map(len, files)) / nonzero < 7


def test_blocks_are_compared_with_the_cpu_s():
    """By the program that times a GPU, on the device that the host plays."""
    files = [pictures.make(seed) for seed in (0, 1)]
    held, resident = decoding.fitting(files, "cpu")
    assert held == files
    decoding.check_blocks(held, resident)
    with pytest.raises(SystemExit, match="file 0: coefficients differ"):
        decoding.check_blocks([files[1], files[1]], resident)
