"""The house as `monitor/README.md` draws it, held against the imports, the sizes and the names."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MONITOR = ROOT / "monitor"
FILE_LINES, FUNCTION_LINES = 400, 60


def room(module: str) -> str:
    """`monitor.store.db` → `store`; a file at the top is a room of its own."""
    return module.split(".")[1] if "." in module else module


def arrows() -> dict[str, set[str]]:
    """The imports the README allows: lines `room, room → room, room` between the arrow markers."""
    text = (MONITOR / "README.md").read_text(encoding="utf-8")
    block = re.search(r"<!-- arrows -->\n```\n(.*?)```", text, re.DOTALL)
    assert block, "monitor/README.md lost its arrows"
    allowed: dict[str, set[str]] = {}
    for line in block[1].strip().splitlines():
        left, right = line.split("→")
        targets = {name.strip() for name in right.split(",")} - {"nothing"}
        for name in left.split(","):
            allowed[name.strip()] = targets
    return allowed


def imports_of(path: Path) -> set[str]:
    """Rooms of ours that a file imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "monitor":
            found |= {alias.name for alias in node.names if alias.name != "__version__"}
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("monitor."):
            found.add(room(node.module))
        elif isinstance(node, ast.Import):
            found |= {room(alias.name) for alias in node.names if alias.name.startswith("monitor.")}
    return found


def sources() -> list[Path]:
    return sorted(path for path in MONITOR.rglob("*.py") if "migrations/versions" not in path.as_posix())


@pytest.mark.parametrize("path", sources(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_imports_follow_the_arrows(path: Path) -> None:
    relative = path.relative_to(MONITOR)
    mine = relative.parts[0].removesuffix(".py") if len(relative.parts) == 1 else relative.parts[0]
    if mine == "__init__":
        return
    allowed = arrows()
    assert mine in allowed, f"monitor/README.md has no arrow for {mine}"
    if "everything" not in allowed[mine]:
        forbidden = imports_of(path) - allowed[mine] - {mine}
        assert not forbidden, f"{relative} imports {sorted(forbidden)}; the README allows {sorted(allowed[mine])}"


@pytest.mark.parametrize("path", sources(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_files_and_functions_stay_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= FILE_LINES, f"{path.name}: is there a second room in it?"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno is not None
            length = node.end_lineno - node.lineno
            assert length <= FUNCTION_LINES, f"{path.name}: {node.name} has {length} lines"


def test_every_room_is_on_the_map_and_every_room_on_the_map_exists() -> None:
    text = (MONITOR / "README.md").read_text(encoding="utf-8")
    rooms = {path.name for path in MONITOR.iterdir() if path.is_dir() and not path.name.startswith(("_", "."))}
    files = {path.name for path in MONITOR.glob("*.py")} - {"__init__.py"}
    missing = [name for name in sorted(rooms | files) if name not in text]
    assert not missing, f"monitor/README.md does not speak of {missing}"
    for named in re.findall(r"`([a-z_]+)/`", text):
        assert (MONITOR / named).is_dir() or (ROOT / named).is_dir(), (
            f"monitor/README.md speaks of {named}/, which is gone"
        )


def test_the_top_of_the_house_holds_what_the_card_allows() -> None:
    allowed = {
        "monitor", "rules", "models", "tests", "config.toml", "pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md",
        "README.zh-CN.md", "requirements.lock", "run.py",
    }  # fmt: skip
    leftovers = {"lvyue-demo", "lvyue-state", "dist", "build", "__pycache__"}
    found = {
        path.name for path in ROOT.iterdir() if not path.name.startswith(".") and not path.name.endswith(".egg-info")
    }
    assert found - leftovers <= allowed, sorted(found - leftovers - allowed)


def test_no_file_names_an_index_host_or_a_path_of_one_machine() -> None:
    host = re.compile(r"files\.python" + r"hosted|simple/[a-z]|registry *= *\"http")
    place = re.compile(r"(^|[^a-zA-Z.\w])/(work|farm)/")
    for path in [
        *ROOT.glob("*.*"),
        *MONITOR.rglob("*.*"),
        *(ROOT / "tests").rglob("*.py"),
        *(ROOT / "rules").rglob("*.*"),
    ]:
        if path.is_file() and path.suffix not in (".gz", ".pyc", ".png"):
            text = path.read_text(encoding="utf-8", errors="ignore")
            assert not host.search(text), f"{path} names a package index"
            assert not place.search(text), f"{path} names a path of one machine"
