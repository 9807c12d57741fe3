"""A database of an earlier release opens, keeps every row, and does not take what it knows for new."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from monitor.domain.sandbox import sandbox
from monitor.sources.border import check
from monitor.store import Store
from monitor.store.db import MIGRATIONS

OLD = """
insert into run (id, kind, state, started_at, counts) values (1, 'pull', 'ok', '2026-01-05 00:00:00.000000', '{}');
insert into edition (id, run_id, source, recorded_at, reader_hash, rows, changed, vanished, quarantined)
    values (1, 1, 'ledger', '2026-01-05 00:00:00.000000', 'r', 1, 1, 0, 0);
insert into contract_version (edition_id, source, recorded_at, content_hash, gone, id, title, kind, currency,
    amount_minor, signed_on, is_gov_procurement, is_secret) values (1, 'ledger', '2026-01-05 00:00:00.000000', 'as it was', 0,
    'ledger:A', '供货 "一"', 'ZFCG', 'CNY', 1250, '2026-01-02', 1, 0);
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A database of schema 0001 with one contract."""
    path = tmp_path / "lvyue.db"
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["engine"] = engine
    command.upgrade(config, "0001")
    with engine.begin() as db:
        for statement in OLD.strip().split(";\n"):
            db.execute(text(statement.rstrip(";")))
    return path


def test_rows_stay_and_their_content_is_recognised(database: Path) -> None:
    with Store(database).reading() as db:
        kept = db.execute(text("select id, title, amount_minor, content_hash from contract_version")).one()
    row = {"id": "A", "title": '供货 "一"', "kind": "ZFCG", "currency": "CNY", "amount": "12.50", "signed_on": "2026-01-02",
           "is_gov_procurement": "true", "is_secret": "false", "source_row": 1}  # fmt: skip
    assert tuple(kept)[:3] == ("ledger:A", '供货 "一"', 1250)
    assert kept.content_hash == hash_at_the_border(row)


def hash_at_the_border(row: dict[str, object]) -> str:
    """What a pull of today computes for the same row."""
    with sandbox() as db:
        db.register("said", pa.Table.from_pylist([row]))
        return str(check(db, "contract", "said", source="ledger").good["content_hash"][0])
