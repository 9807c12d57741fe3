"""run.py and requirements.lock, as a person meets them: a folder, an interpreter, a terminal.

The small project that is set up here has a lock of one package, which is also its build backend, as hatchling
is in the real one. The package lies in a folder beside it: hashes are checked for real, nothing is fetched.
"""

import ast
import base64
import hashlib
import os
import re
import shutil
import subprocess
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import run

ROOT = Path(run.__file__).parent
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

BACKEND = """
import base64, hashlib, os, zipfile
RECORD = "lvyue-0.1.dist-info/RECORD"
FILES = {
    "lvyue-0.1.dist-info/METADATA": "Metadata-Version: 2.1\\nName: lvyue\\nVersion: 0.1\\n",
    "lvyue-0.1.dist-info/WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    "lvyue-0.1.dist-info/entry_points.txt": "[console_scripts]\\nlvyue = stand_in:main\\n",
}
def build_editable(folder, settings=None, metadata=None):
    with zipfile.ZipFile(os.path.join(folder, "lvyue-0.1-py3-none-any.whl"), "w") as wheel:
        files = {**FILES, "lvyue.pth": os.getcwd() + "\\n"}
        for name, text in {**files, RECORD: "".join(f"{name},,\\n" for name in [*files, RECORD])}.items():
            wheel.writestr(name, text)
    return "lvyue-0.1-py3-none-any.whl"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small project with run.py, not yet set up; its folder's name has a space and Chinese in it."""
    place = tmp_path_factory.mktemp("a place") / "履约 one"
    (place / "monitor").mkdir(parents=True)
    shutil.copy(ROOT / "run.py", place)
    (place / "stand_in.py").write_text("import sys\ndef main(): print('lvyue', *sys.argv[1:])\n", encoding="utf-8")
    requires = 'requires = ["backend-stand-in==1.0"]\nbuild-backend = "backend_stand_in"\n'
    (place / "pyproject.toml").write_text(f"[build-system]\n{requires}", encoding="utf-8")
    digest = write_wheel(place / "wheels", {"backend_stand_in.py": BACKEND})
    (place / "requirements.lock").write_text(f"backend-stand-in==1.0 --hash=sha256:{digest}\n", encoding="utf-8")
    return place


def test_no_word_prints_the_words_and_touches_nothing(folder: Path) -> None:
    before = sorted(folder.rglob("*"))
    shown = start(folder)
    assert shown.returncode == 0
    for word in ("demo", "test", "lock", "--help"):
        assert f"python3 run.py {word}" in shown.stdout
    assert sorted(folder.rglob("*")) == before


def test_an_old_python_gets_one_sentence() -> None:
    for version in ((2, 7), (3, 6), (3, 10)):
        sentence = run.python_problem(*version)
        assert "3.11" in sentence
        assert ".".join(map(str, version)) in sentence
        assert "\n" not in sentence
    assert run.python_problem(3, 11) == run.python_problem(3, 14) == run.python_problem(4, 0) == ""


def test_an_old_python_can_read_as_far_as_that_sentence() -> None:
    """The whole file must parse, and nothing before the check may need what an old Python lacks."""
    source = (ROOT / "run.py").read_text(encoding="utf-8")
    body = ast.parse(source, feature_version=(3, 6)).body
    check = next(place for place, part in enumerate(body) if isinstance(part, ast.If))
    imported = {
        name.name if isinstance(part, ast.Import) else str(part.module)
        for part in body[:check]
        if isinstance(part, ast.Import | ast.ImportFrom)
        for name in part.names
    }
    assert imported <= {"collections.abc", "contextlib", "hashlib", "os", "pathlib", "sys", "typing"}
    (before,) = [part for part in body[:check] if isinstance(part, ast.FunctionDef)]
    assert before.name == "python_problem"


def test_a_python_without_ensurepip_is_told_which_package_brings_it(folder: Path) -> None:
    program = (
        "import runpy, sys; sys.modules['ensurepip'] = None; "
        "sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    told = python("-c", program, str(folder / "run.py"), "demo")
    assert told.returncode == 3
    assert "apt-get install python3-venv" in told.stderr
    assert "Traceback" not in told.stderr


def test_renewing_the_lock_without_uv_says_what_to_do(folder: Path) -> None:
    told = start(folder, "lock")
    assert told.returncode == 3
    assert "pip install uv" in told.stderr


def test_from_the_first_start_to_a_lock_that_was_tampered_with(folder: Path) -> None:
    """One story, since each chapter needs the one before: set up, started again, the lock tampered with."""
    pytest.importorskip("ensurepip", reason="this Python makes no virtual environments (python3-venv)")
    first = start(folder, "demo", "--as-of", "2026-03-01", at=folder.parent)
    assert first.stdout == "lvyue demo --as-of 2026-03-01\n", first.stderr
    assert "installing the packages" in first.stderr
    assert (folder / ".venv" / "run-stamp.txt").exists()

    second = start(folder, "words")
    assert (second.stdout, second.stderr) == ("lvyue words\n", "")

    lock = folder / "requirements.lock"
    pinned = lock.read_text(encoding="utf-8")
    lock.write_text(re.sub(r"sha256:.{8}", "sha256:00000000", pinned), encoding="utf-8")
    refused = start(folder, "words")
    assert (refused.returncode, refused.stdout) == (4, "")
    assert "installing the packages" in refused.stderr
    assert "not the one that requirements.lock names" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (folder / ".venv" / "run-stamp.txt").exists()


def test_the_lock_names_no_host_and_every_pin_has_a_hash() -> None:
    assert "://" not in LOCK
    assert not re.search(r"\w\.(?:org|com|io|net|cn)\b", LOCK)
    for line in LOCK.splitlines():
        assert re.match(r"# |[a-z0-9-]+==\S+( ; .+)? \\$|    --hash=sha256:[0-9a-f]{64}( \\)?$", line), line
    for name, pin in run.pins(LOCK):
        assert "--hash=sha256:" in pin, name


def test_each_package_stands_once_in_the_lock() -> None:
    names = [name for name, _ in run.pins(LOCK)]
    assert len(names) == len(set(names))
    assert LOCK.count(run.DEV_LINE) == 1


def test_the_lock_fits_the_project_file() -> None:
    core, everything = pinned_versions("core"), pinned_versions("all")
    for text in [*PROJECT["project"]["dependencies"], *PROJECT["build-system"]["requires"]]:
        requirement = Requirement(text)
        assert core[requirement.name] in requirement.specifier, text
    for text in PROJECT["project"]["optional-dependencies"]["dev"]:
        requirement = Requirement(text)
        assert everything[requirement.name] in requirement.specifier, text
    assert not {"pytest", "mypy", "ruff", "hypothesis"} & set(core)


def pinned_versions(section: str) -> dict[str, str]:
    """Package name → version, of a section of the real lock."""
    return {name: re.split(r"[=\s]+", pin)[1] for name, pin in run.pins(run.pins_of(LOCK, section))}


def start(folder: Path, *words: str, at: Path | None = None) -> "subprocess.CompletedProcess[str]":
    """`python3 run.py WORDS` in an almost empty environment: no uv, no network, only the wheels beside it."""
    return python(str(folder / "run.py"), *words, at=at, wheels=folder / "wheels")


def python(*words: str, at: Path | None = None, wheels: Path | None = None) -> "subprocess.CompletedProcess[str]":
    environment = {"PATH": os.devnull, "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull, "PYTHONUTF8": "1"}
    if wheels:
        environment["PIP_FIND_LINKS"] = wheels.as_uri()
    command = [run.BASE_PYTHON, *words]
    return subprocess.run(command, cwd=at, env=environment, capture_output=True, encoding="utf-8", check=False)


def write_wheel(folder: Path, modules: dict[str, str]) -> str:
    """Make the wheel of `backend-stand-in` 1.0 in a folder; its sha256."""
    folder.mkdir()
    about = "backend_stand_in-1.0.dist-info"
    files = {
        **modules,
        f"{about}/METADATA": "Metadata-Version: 2.1\nName: backend-stand-in\nVersion: 1.0\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    hashes = {name: base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()) for name, text in files.items()}
    record = "".join(f"{name},sha256={value.decode().rstrip('=')},\n" for name, value in hashes.items())
    path = folder / "backend_stand_in-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for name, text in {**files, f"{about}/RECORD": f"{record}{about}/RECORD,,\n"}.items():
            wheel.writestr(name, text)
    return hashlib.sha256(path.read_bytes()).hexdigest()
