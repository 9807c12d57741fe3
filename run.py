"""Lvyue: sets itself up, then runs or checks the project.

  python3 run.py demo              the monitor at work on its demonstration data
  python3 run.py test [ARGUMENT]   format, lint, types, then the tests (arguments go to pytest)
  python3 run.py lock [ARGUMENT]   renew requirements.lock with uv (arguments go to uv, such as --upgrade)
  python3 run.py WORD [ARGUMENT]   any word of the lvyue command; `python3 run.py --help` lists them

The first start makes the folder .venv beside this file and installs into it what requirements.lock names,
each file checked against its hash. Later starts only compare a stamp. Nothing outside this folder changes.
Exit codes of the set-up: 3 this machine lacks something, 4 a package did not install, 130 stopped by Ctrl-C.
"""

import contextlib
import hashlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO


def python_problem(major: int, minor: int) -> str:
    """Why this Python cannot run the project, in one sentence; empty if it can."""
    if (major, minor) >= (3, 11):
        return ""
    return (
        f"run.py needs Python 3.11 or newer and this is Python {major}.{minor} ({sys.executable}): "
        "start it with a newer one, for example `python3.11 run.py demo`."
    )


# Here, before the annotations below, which an old Python cannot evaluate. Newer or slower imports (tomllib,
# subprocess, shutil) stand inside the functions that need them: a second start needs none.
PYTHON_PROBLEM = python_problem(sys.version_info[0], sys.version_info[1])
if PYTHON_PROBLEM:
    sys.exit(PYTHON_PROBLEM)

ROOT = Path(__file__).resolve().parent
LOCK = ROOT / "requirements.lock"
PROJECT = ROOT / "pyproject.toml"
DEV_LINE = "# --- dev ---"  # in the lock: above it what lvyue needs, below it what only the tests need
VENV = ROOT / ".venv"
BASE_PYTHON = str(getattr(sys, "_base_executable", sys.executable))  # .venv may be active, and is rebuilt
PROGRAMS = VENV / ("Scripts" if sys.platform == "win32" else "bin")
SUFFIX = ".exe" if sys.platform == "win32" else ""
PYTHON = PROGRAMS / f"python{SUFFIX}"
LVYUE = PROGRAMS / f"lvyue{SUFFIX}"
STAMP = VENV / "run-stamp.txt"
GATE = VENV / "run-gate"
PINS = VENV / "run-pins.txt"

CHECKS = {  # name: the command, and what helps when it fails
    "format": ("ruff format --check --output-format concise .", "`ruff format .` in .venv mends it"),
    "lint": (
        "ruff check --output-format concise .",
        "each line above names the file, the place and the rule",
    ),
    "types": ("mypy --strict monitor tests run.py", "each line above names the file, the place and the type"),
}
FOLDER_HINT = "The folder must be complete and writable, with 1 GB free; then start the same command again."
NETWORK_HINT = (
    "Most often it is the network: look at the connection, set HTTPS_PROXY where a proxy stands between, "
    "or PIP_INDEX_URL where packages come from a mirror of your own. Then start the same command again."
)
HASH_HINT = (
    "A downloaded file is not the one that requirements.lock names. Do not go on: find out which mirror or "
    "proxy changed it, or, if you edited the lock, renew it with `python3 run.py lock`."
)


class Stop(Exception):
    """The set-up cannot go on: where and what, what to do about it, and the exit code."""

    def __init__(self, code: int, message: str, hint: str) -> None:
        super().__init__(message)
        self.code = code
        self.hint = hint


def main(words: list[str]) -> int:
    """Do what the words ask and give the exit code. On POSIX the last step replaces this process instead."""
    if not words:
        print(__doc__, end="")
        return 0
    try:
        if words[0] == "lock":
            return renew_lock(words[1:])
        if words[0] == "test":
            ensure_installed("all")
            return test(words[1:])
        ensure_installed("core")
        return hand_over([str(LVYUE), *words])
    except Stop as stop:
        say(f"{stop}\n{stop.hint}")
        return stop.code
    except OSError as trouble:
        say(f"run.py cannot go on in {ROOT}: {trouble}. {FOLDER_HINT}")
        return 3
    except KeyboardInterrupt:
        say("\nStopped. The same command starts again where it must.")
        return 130


def test(arguments: list[str]) -> int:
    """The quick checks, of which the first that fails ends it; then pytest, which has the last line."""
    import subprocess

    for name, (command, advice) in CHECKS.items():
        say(f"{name}: {command}")
        code = subprocess.call([str(PYTHON), "-m", *command.split()], cwd=ROOT)
        if code:
            say(f"run.py test: {name} failed ({advice}); the tests were not started.")
            return code
    os.chdir(ROOT)
    return hand_over(
        [str(PYTHON), "-m", "pytest", "-q", "-n", "2", "--dist", "loadscope", "--no-loadscope-reorder", *arguments]
    )


def hand_over(command: list[str]) -> int:
    """Become `command`. Windows has no true exec, so there it is run and waited for."""
    sys.stdout.flush()
    if sys.platform == "win32":
        import subprocess

        return subprocess.call(command)
    os.execv(command[0], command)


# --- setting up ---


def ensure_installed(section: str) -> None:
    """Bring .venv to what the lock's section ("core" or "all") names; a few file reads if it is there.

    Raises Stop: 3 if this Python cannot make a .venv, 4 if a package does not install. OSError from the disk.
    """
    if is_installed(section):
        return
    with one_at_a_time():
        if not is_installed(section):  # another start may have done it while this one waited
            install(section)


def is_installed(section: str) -> bool:
    """Whether .venv holds the section, from this lock, this project file, this Python and this folder."""
    try:
        stamp = STAMP.read_text(encoding="ascii")
        enough = {stamp_of("all")} if section == "all" else {stamp_of("core"), stamp_of("all")}
    except (OSError, ValueError):
        return False
    return stamp in enough and PYTHON.exists() and LVYUE.exists()


def stamp_of(section: str) -> str:
    """One hash of all that decides what .venv must hold. The folder counts: scripts inside carry its path."""
    python = f"{sys.implementation.name} {sys.version_info[:3]} {sys.platform}"
    parts = [LOCK.read_bytes(), PROJECT.read_bytes(), python.encode(), os.fsencode(ROOT), section.encode()]
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Hold the gate in .venv; the system opens it again when the process ends, however it ends."""
    VENV.mkdir(exist_ok=True)
    with GATE.open("a", encoding="ascii") as gate:
        if not close_gate(gate, wait=False):
            say("Another run.py is setting up this folder; waiting for it.")
            while not close_gate(gate, wait=True):
                pass
        yield


def close_gate(gate: IO[str], *, wait: bool) -> bool:
    """Whether this process now holds the gate. True, too, on a file system that knows no locks."""
    if sys.platform == "win32":
        import msvcrt

        try:
            msvcrt.locking(gate.fileno(), msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
        except OSError:  # LK_LOCK gives up after ten seconds
            return False
        return True
    import fcntl

    with contextlib.suppress(OSError):
        try:
            fcntl.flock(gate, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def install(section: str) -> None:
    """Install the section and then the project. The stamp is written last, so a stop half-way is seen."""
    import shutil

    stamp = stamp_of(section)
    if is_installed("core"):
        say(f"Adding to {VENV} what the tests need.")
        STAMP.unlink()
    else:
        say(f"Setting up {VENV}; it takes a minute or two, once.")
        clear()
    PINS.write_text(pins_of(LOCK.read_text(encoding="utf-8"), section), encoding="utf-8")
    uv = shutil.which("uv")
    if uv is None:
        install_with_pip()
    else:
        try:
            install_with_uv(uv)
        except Stop as stop:
            say(f"{stop}\nTrying with pip instead of uv.")
            clear()
            install_with_pip()
    # Also where PYTHONDONTWRITEBYTECODE is set: without bytecode each start takes seconds. A package may hold
    # a file that never compiles (a template, say), so the outcome is not asked.
    with contextlib.suppress(Stop):
        step(
            "compiling",
            [str(PYTHON), "-I", "-m", "compileall", "-q", "-j", "2", str(VENV / "lib"), "monitor"],
        )
    new_stamp = STAMP.with_suffix(".new")
    new_stamp.write_text(stamp, encoding="ascii")
    new_stamp.replace(STAMP)


def clear() -> None:
    """Empty .venv but for the gate, which this process holds, and the pins."""
    import shutil

    STAMP.unlink(missing_ok=True)
    for entry in VENV.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry not in (GATE, PINS):
            entry.unlink()


def pins_of(lock: str, section: str) -> str:
    """The lines of the lock that belong to "core" or to "all"."""
    return lock if section == "all" else lock.partition(DEV_LINE)[0]


def install_with_uv(uv: str) -> None:
    """Raises Stop 4 where uv fails."""
    into = ["--quiet", "--python", str(PYTHON)]
    hashes = ["--require-hashes", "--only-binary", ":all:", "--compile-bytecode", str(PINS)]
    step(
        "making .venv",
        [uv, "venv", "--quiet", "--allow-existing", "--python", BASE_PYTHON, str(VENV)],
    )
    step("installing the packages", [uv, "pip", "sync", *into, *hashes])
    step(
        "installing lvyue",
        [uv, "pip", "install", *into, "--no-deps", "--no-build-isolation", "-e", str(ROOT)],
    )


def install_with_pip() -> None:
    """Raises Stop: 3 where Python came without what makes a .venv, 4 where a step fails."""
    import importlib.util

    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        raise Stop(
            3,
            f"This Python ({BASE_PYTHON}) cannot make a virtual environment: it lacks the module ensurepip.",
            "On Debian and Ubuntu `apt-get install python3-venv` brings it; or put uv on the PATH. "
            "Then start the same command again.",
        )
    # The build backend comes from the lock, hash-checked like all else; isolation would fetch it unchecked.
    pip = [str(PYTHON), "-I", "-m", "pip", "install", "--quiet", "--no-user", "--no-compile"]
    step("making .venv", [BASE_PYTHON, "-I", "-m", "venv", str(VENV)])
    step("installing the packages", [*pip, "--require-hashes", "--only-binary", ":all:", "-r", str(PINS)])
    step("installing lvyue", [*pip, "--no-deps", "--no-build-isolation", "-e", str(ROOT)])


def step(title: str, command: list[str]) -> None:
    """Run one step in silence; Stop 4 with its last lines and a hint if it fails."""
    import subprocess

    say(f"  {title}")
    environment = dict(os.environ, PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_NO_INPUT="1")
    environment.setdefault("UV_SYSTEM_CERTS", "1")  # as pip: an office's own certificate is in the system's store
    ended = subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if ended.returncode:
        output = ended.stdout.decode("utf-8", "replace").strip()
        hint = HASH_HINT if "hash mismatch" in output.lower() or "DO NOT MATCH" in output else NETWORK_HINT
        last_lines = "\n".join(f"    {line}" for line in output.splitlines()[-6:])
        raise Stop(4, f"run.py stopped while {title}. Its last lines:\n{last_lines}", hint)


# --- the lock ---


def renew_lock(arguments: list[str]) -> int:
    """Write requirements.lock anew from pyproject.toml; pins that still fit stay, unless told `--upgrade`.

    All is resolved once, so versions agree; a second run, held to the first, tells which pins are core.
    """
    import shutil
    import tempfile

    import tomllib

    uv = shutil.which("uv")
    if uv is None:
        raise Stop(3, "run.py lock needs uv, which is not on the PATH.", "`pip install uv`, then start it again.")
    with tempfile.TemporaryDirectory() as folder:
        backend, whole, core = (Path(folder, name) for name in ("backend.in", "whole.txt", "core.txt"))
        requires = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["build-system"]["requires"]
        backend.write_text("\n".join(requires), encoding="utf-8")
        if LOCK.exists():
            shutil.copyfile(LOCK, whole)  # uv keeps the versions it finds in its output file
        resolve(uv, whole, [str(backend), "--extra", "dev", *arguments])
        resolve(uv, core, [str(backend), "--constraint", str(whole)])
        core_names = {name for name, _ in pins(core.read_text(encoding="utf-8"))}
        every_pin = pins(whole.read_text(encoding="utf-8"))
    core_pins = [pin for name, pin in every_pin if name in core_names]
    dev_pins = [pin for name, pin in every_pin if name not in core_names]
    head = "# Made by `python3 run.py lock`, for Python 3.11 and newer on every system; do not edit."
    text = "\n".join([head, *core_pins, DEV_LINE, *dev_pins, ""])
    if "://" in text:
        raise Stop(4, "The new lock names a host, so it was not written.", "Look at the settings of uv.")
    LOCK.write_text(text, encoding="utf-8")
    say(f"requirements.lock: {len(core_pins)} pins for lvyue and {len(dev_pins)} more for its tests.")
    return 0


def resolve(uv: str, into: Path, arguments: list[str]) -> None:
    """Let uv write the pins of pyproject.toml, with hashes and markers for every system, into a file."""
    form = ["--universal", "--python-version", "3.11", "--generate-hashes", "--no-header", "--no-annotate"]
    form += ["--fork-strategy", "fewest"]  # one version of each package, whatever the Python
    command = [uv, "pip", "compile", "--quiet", *form, "--only-binary", ":all:", "--output-file", str(into)]
    step("resolving", [*command, str(PROJECT), *arguments])


def pins(text: str) -> list[tuple[str, str]]:
    """Each pin with its hash lines, by package name, in the file's order. Comments are left out."""
    import re

    blocks = [block for block in re.split(r"\n(?=\S)", text.strip()) if not block.startswith("#")]
    return [(re.split(r"[=\s\[]", block, maxsplit=1)[0], block) for block in blocks]


def say(text: str) -> None:
    """A line for the person; stdout is left to the program that follows."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
