"""The rooms and which way imports point."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "python" / "fastdct"

# A room may import the rooms after it, never one before it (ARCHITECTURE.md).
LAYERS = [
    {"cli", "__main__"},
    {"web"},
    {"retrieval"},
    {"training"},
    {"models", "data", "photometric"},
    {"decoder", "pixels", "_jobs", "_pictures", "_native"},
    {"ops", "reference"},
    {"batch"},
    {"_gpu"},
    {"geometry", "frequencies", "jpeg"},
    {"_host", "_image", "_sources", "_decoded", "_coefficient_batch"},
    {"_errors", "_extras", "_devices", "_files", "_C", "_cuda"},
]
CORE_MAY_INCLUDE = {
    "bindings": {"bindings", "pipeline", "jpeg", "dct", "ransac", "matching", "common"},
    "pipeline": {"pipeline", "jpeg", "dct", "common"},
    **{room: {room, "common"} for room in ("jpeg", "dct", "ransac", "matching")},
    "common": {"common"},
}


def room_of(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def imports_of(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found |= {f"{node.module}.{name.name}" for name in node.names}
        elif isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
    return {name for name in found if name.split(".")[0] == "fastdct"}


def level(room: str) -> int:
    return next(index for index, rooms in enumerate(LAYERS) if room in rooms)


MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_python_imports_point_down(path):
    own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    for name in imports_of(path):
        other = room_of(name)
        if other in ("__version__", own):
            continue
        assert level(other) >= level(own), f"{path.name} imports {name}: {own} may not look up to {other}"


@pytest.mark.parametrize("room", sorted(path.name for path in (ROOT / "csrc").iterdir() if path.is_dir()))
def test_core_includes_point_down(room):
    for source in (path for path in (ROOT / "csrc" / room).rglob("*") if path.is_file()):
        included = re.findall(r'#include "(\w+)/', source.read_text())
        assert set(included) <= CORE_MAY_INCLUDE[room], f"{source.name} includes {included}"


def test_import_needs_numpy_only():
    script = (
        "import sys; before = set(sys.modules)\n"
        "for name in ('torch', 'PIL', 'lancedb', 'faiss', 'rich', 'cv2', 'safetensors'): sys.modules[name] = None\n"
        "import fastdct, fastdct.decoder, fastdct.cli\n"
        "assert 'numpy' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
