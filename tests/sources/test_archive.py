"""Test 28 of the promises: what only looks like a workbook is refused before anything in it is parsed.

All of them go through both kinds that read workbooks, in a process of its own that the system would kill after two seconds of
work for each; the most memory it ever had is looked at afterwards.
"""

from __future__ import annotations

import io
import json
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.sources.ledgers import HEAD, workbook

GOOD = workbook({"合同台账": [HEAD, ["HT-1", "道路"]]})
SHEET = "xl/worksheets/sheet1.xml"
READER = """
import json, resource, sys
from pathlib import Path
from monitor.domain.errors import RejectedError
from monitor.sources import read
from monitor.sources.fetch import Fetched
from monitor.sources.ledger import LedgerSource
from monitor.sources.table import TableSource

def used():
    spent = resource.getrusage(resource.RUSAGE_SELF)
    return spent.ru_utime + spent.ru_stime

base = Path(sys.argv[1])
kinds = [LedgerSource(name="l", location="x"), TableSource(name="t", location="x", mapping="m.sql")]
said = {}
for path in [*sorted(base.glob("*.xlsx")), base / "good.workbook"]:
    # Not ru_maxrss: it begins at what the process that started this one had.
    said["peak"] = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
    page = Fetched(content=path.read_bytes(), sha256="", location=path.name, status=200, attempts=1)
    for kind in kinds:
        resource.setrlimit(resource.RLIMIT_CPU, (int(used()) + 3, resource.RLIM_INFINITY))
        before = used()
        try:
            read(kind, [page], base)
            said[f"{path.stem} {kind.kind}"] = "taken"
        except RejectedError as error:
            said[f"{path.stem} {kind.kind}"] = error.message
        assert used() - before < 2, path.name
print(json.dumps(said))
"""


def parts() -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(GOOD)) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def packed(found: Mapping[str, bytes | str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in found.items():
            archive.writestr(name, part)
    return out.getvalue()


def with_sheet(change: Callable[[str], str]) -> bytes:
    return packed(parts() | {SHEET: change(parts()[SHEET].decode())})


def of_rows(rows: int) -> bytes:
    return with_sheet(lambda sheet: sheet.replace("</sheetData>", "<row><c><v>1</v></c></row>" * rows + "</sheetData>"))


def locked() -> bytes:
    """The good workbook, each part of it marked as encrypted in the directory and before the part."""
    content = bytearray(GOOD)
    for mark, flags in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        at = content.find(mark)
        while at >= 0:
            struct.pack_into("<H", content, at + flags, struct.unpack_from("<H", content, at + flags)[0] | 1)
            at = content.find(mark, at + 4)
    return bytes(content)


ENTITIES = '<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;">]>'
STRINGS = f'<?xml version="1.0"?>{ENTITIES}<sst><si><t>&lol2;</t></si></sst>'
HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "hundred-megabytes": (lambda: of_rows(4_000_000), "larger than 67,108,864 bytes when unpacked"),
    "packed-too-tightly": (lambda: of_rows(2_000_000), "no workbook is packed so tightly"),
    "ten-thousand-entries": (
        lambda: packed(parts() | {f"xl/media/{n}.xml": b"" for n in range(10_000)}), "holds more than 2,000 parts",
    ),
    "entities": (lambda: packed(parts() | {"xl/sharedStrings.xml": STRINGS}), "declares a document type"),
    "entities-in-utf-16": (
        lambda: packed(parts() | {"xl/sharedStrings.xml": STRINGS.encode("utf-16")}), "declares a document type",
    ),
    "path-out": (lambda: packed(parts() | {"xl/../../etc/passwd.xml": b"x"}), "leads out of the archive"),
    "path-absolute": (lambda: packed(parts() | {"/etc/passwd": b"x"}), "leads out of the archive"),
    "path-windows": (lambda: packed(parts() | {"..\\boot.xml": b"x"}), "leads out of the archive"),
    "password": (locked, "this workbook is encrypted"),
    "macros": (lambda: packed(parts() | {"xl/vbaProject.bin": b"x"}), "this workbook has macros"),
    "macros-renamed": (
        lambda: packed(parts() | {"[Content_Types].xml": b"<Types>application/vnd.ms-office.vbaProject</Types>"}),
        "this workbook has macros",
    ),
    "macros-of-libreoffice": (lambda: packed(parts() | {"Basic/Standard/Module1.xml": b"x"}), "has macros"),
}  # fmt: skip


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str | int]:
    """What both kinds say of every hostile workbook, in one process."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "m.sql").write_text(
        "create view contract as select 1 as id, 'Road' as title, source_row from raw", encoding="utf-8"
    )
    for name, (make, _) in HOSTILE.items():
        (folder / f"{name}.xlsx").write_bytes(make())
    (folder / "good.workbook").write_bytes(GOOD)
    command = [sys.executable, "-c", READER, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, str | int] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("kind", ["ledger", "table"])
@pytest.mark.parametrize("name", HOSTILE)
def test_it_is_refused_by_its_directory_in_words(verdicts: dict[str, str | int], name: str, kind: str) -> None:
    said = str(verdicts[f"{name} {kind}"])
    assert said.startswith(f"{name}.xlsx: ")
    assert HOSTILE[name][1] in said


def test_an_honest_one_passes_and_nobody_needed_much_memory(verdicts: dict[str, str | int]) -> None:
    assert verdicts["good ledger"] == verdicts["good table"] == "taken"
    assert int(verdicts["peak"]) * 1024 < 200_000_000
