"""Databases as each schema left them: made data, a row or more in every table. `<schema>.db.gz` is never written again.

A new schema gets its own, in the commit that brings it: `python -m tests.store.schemas`.
"""

from __future__ import annotations

import gzip
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
from sqlalchemy import insert

from monitor.domain.nouns import NOUNS
from monitor.domain.portfolio import schema as columns
from monitor.domain.warning import Alert, Change, Letter, Silence
from monitor.store import Store, backup, models, outbox, runs, schema, slots, versions, warnings
from monitor.store.tables import HeldPayload, HeldPull, LeaderRow, table_of
from tests.store import Register, new_store

HERE = Path(__file__).parent
AT = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
DAY = AT.date()
SAMPLES: dict[Any, Any] = {
    pa.string(): "中 text", pa.date32(): date(2026, 12, 31), pa.bool_(): False, pa.int32(): 5, pa.int64(): 2**60,
}  # fmt: skip


def unpacked(revision: str, folder: Path) -> Path:
    """A database of a schema, as a file to do something with."""
    path = folder / "lvyue.db"
    path.write_bytes(gzip.decompress((HERE / f"{revision}.db.gz").read_bytes()))
    return path


def filled(store: Store) -> None:
    """At least a row in every table."""
    nouns: dict[str, Any] = {}
    for noun, model in NOUNS.items():
        bare = {name: "a" for name, field in model.model_fields.items() if field.is_required()}
        full = {name: SAMPLES[columns(noun)[place].type] for place, name in enumerate(model.model_fields)}
        nouns[noun] = [bare, full | {"id": "b"}]
    cell = versions.RefusedCell(noun="contract", row=3, field="end_on", value="soon", reason="is not a date")
    register = Register(store)
    register.says(AT, pages=[b"\x00\xff", "道路".encode()], refused=[cell], **nouns)
    register.says(AT + timedelta(days=1), contract=[{"id": "a", "title": "moved", "end_on": DAY}])
    with store.writing() as db:
        run = runs.start(db, "scan", at=AT, as_of=DAY)
        runs.finish(db, run, "ok", at=AT, counts={"findings": 3})
        db.execute(insert(table_of(LeaderRow)).values(id=1, epoch=3, beat=7, holder="made:1", since=AT, released=True))
        turn = slots.Turn(job="scan", key="2026-03-02", state="running", attempts=1, epoch=3, began_at=AT, missed=2)
        assert slots.claim(db, turn)
        waits = {"run_id": run, "source": "register", "held_at": AT, "state": "waiting"}
        held = db.execute(insert(table_of(HeldPull)).values(waits)).inserted_primary_key
        page = {"page": 1, "sha256": versions.keep_payload(db, b"held", media_type=None, at=AT), "location": "made"}
        db.execute(insert(table_of(HeldPayload)).values(page | {"held_id": held[0] if held else None}))
        warnings.save(db, [warned("A"), warned("B"), warned("C")], run_id=run, on=DAY, at=AT)
        warnings.keep_quiet(db, Silence(author="Chen", reason="made", from_on=DAY, until=DAY))
        letter = Letter(key="k", kind="warning", recipient="chen@office.example", lang="zh", content={}, created_at=AT)
        outbox.post(db, [letter], run_id=run)
        trained = models.Model(
            recipe="slip", recipe_hash="r", sha256=None, as_of=DAY, trained_at=AT, verdict="off", card={"why": "made"}
        )
        number = models.add(db, trained)
        event = models.Event(
            model_id=number, recipe="slip", happened_at=AT, kind="promoted", actor="Chen", reason="made"
        )
        models.note(db, event)


def warned(subject: str) -> Change:
    """A new warning."""
    alert = Alert(
        rule="R", subject="contract", subject_id=subject, contract_id=subject, unit="住建委", level="red", peak="red",
        opened_on=DAY, level_since=DAY, armed_on=DAY, rule_hash="h", finding={"says": {"zh": "逾期"}, "money": "1.50"},
    )  # fmt: skip
    return Change(alert=alert, event="opened", before=None, after="red")


def write() -> Path:
    """The file of this release's schema."""
    with tempfile.TemporaryDirectory() as folder:
        store = new_store(Path(folder))
        filled(store)
        made = backup.backup(store, Path(folder) / "made.db")
        target = HERE / f"{schema.head()}.db.gz"
        target.write_bytes(gzip.compress(made.path.read_bytes(), mtime=0))
    return target
