"""What a machine without a network may lack: made ready here (`pack`), taken into use there (`unpack`).

libjpeg-turbo is copied from where this machine compiles with it, since a program built against Debian's runs wherever the C
library is as new. Wheels are for the other machine's Python; there, those are unpacked that it lacks.
"""

from __future__ import annotations

import importlib.util
import platform
import re
import shutil
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

from gpu.places import CARRY, SITE

HEADERS = ("jpeglib.h", "jconfig.h", "jmorecfg.h", "jerror.h")
WHEELS = ("torchvision==0.26.0",)  # the one for torch 2.11
LIMIT_MIB = 48  # of 64 MiB that may travel, the repository takes 12
# pip takes no range of these, and every package is built for another.
_PLATFORMS = [f"manylinux_2_{minor}_x86_64" for minor in (28, 27, 24, 17)] + ["manylinux2014_x86_64", "any"]


def pack(wheels: list[str], *, python: str) -> str:
    """Fill the folder anew; what it holds, in words."""
    shutil.rmtree(CARRY, ignore_errors=True)
    _pack_libjpeg(CARRY / "libjpeg")
    _pack_wheels([*WHEELS, *wheels], CARRY / "wheels", python=python)
    sizes = {path.relative_to(CARRY): path.stat().st_size for path in CARRY.rglob("*") if path.is_file()}
    total = sum(sizes.values()) / 2**20
    lines = [f"{size / 2**20:8.2f} MiB  {path}" for path, size in sorted(sizes.items())]
    if total > LIMIT_MIB:
        raise SystemExit(
            "\n".join([*lines, f"{total:.1f} MiB are more than {LIMIT_MIB}: leave out a --wheel"])
        )
    return "\n".join([*lines, f"{total:8.2f} MiB in {CARRY}"])


def _pack_libjpeg(folder: Path) -> None:
    if platform.machine() != "x86_64":
        raise SystemExit("--pack copies this machine's libjpeg-turbo, which must be one for x86-64")
    code = "#include <cstdio>\n#include <cstddef>\n#include <jpeglib.h>\n#include <jerror.h>\n"
    used = _output(["c++", "-x", "c++", "-M", "-"], code).split()
    found = {Path(path).name: Path(path) for path in used if Path(path).name in HEADERS}
    library = Path(_output(["c++", "-print-file-name=libjpeg.so"], "").strip()).resolve()
    if set(found) != set(HEADERS) or not library.is_file():
        raise SystemExit("libjpeg-turbo's headers or library are missing: apt install libjpeg-dev")
    (folder / "include").mkdir(parents=True)
    (folder / "lib").mkdir()
    for name, path in found.items():
        shutil.copy(path, folder / "include" / name)
    # Programs ask for the library by the first number of its version (libjpeg.so.62), the linker by none.
    [short] = re.findall(r"^libjpeg\.so\.\d+", library.name)
    for name in (short, "libjpeg.so"):
        shutil.copy(library, folder / "lib" / name)


def _pack_wheels(names: list[str], folder: Path, *, python: str) -> None:
    """One by one, without what they need: that is there, or is named too."""
    target = ["--no-deps", "--only-binary=:all:", "--implementation=cp", f"--python-version={python}"]
    target += [f"--platform={name}" for name in _PLATFORMS]
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "-q",
        "--disable-pip-version-check",
        "-d",
        str(folder),
    ]
    subprocess.run([*command, *target, *names], check=True)


def _output(command: list[str], given: str) -> str:
    found = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    if found.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: {found.stderr.strip()}")
    return found.stdout


def libjpeg() -> Path | None:
    """The folder with a carried libjpeg-turbo's ``include`` and ``lib``, if there is one."""
    folder = CARRY / "libjpeg"
    return folder if folder.is_dir() else None


def unpack() -> list[str]:
    """Put the carried packages that this Python lacks onto its path; what was done, in words."""
    SITE.mkdir(parents=True, exist_ok=True)
    said = []
    for path in sorted((CARRY / "wheels").glob("*.whl")):
        name = path.name.split("-")[0]
        if (SITE / name).exists() or importlib.util.find_spec(name) is not None:
            continue
        with zipfile.ZipFile(path) as wheel:
            wanted = torch_of(wheel)
            if wanted is not None and wanted != _torch_here():
                said.append(f"left out {path.name}, which is for torch {wanted}: here it is {_torch_here()}")
                continue
            wheel.extractall(SITE)
        said.append(f"unpacked {path.name}")
    return said


def torch_of(wheel: zipfile.ZipFile) -> str | None:
    """The one version of torch that a package was compiled for, if it was."""
    [name] = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
    found = re.search(r"^Requires-Dist: torch ?\(?== ?([\d.]+)", wheel.read(name).decode(), re.MULTILINE)
    return found and found[1]


def _torch_here() -> str | None:
    try:
        return metadata.version("torch").split("+")[0]
    except metadata.PackageNotFoundError:
        return None
