"""Pulls that wait for a person, and what an edition fills, as the database keeps them."""

from __future__ import annotations

from datetime import UTC, datetime

from monitor.store import Store, held, runs, versions
from monitor.store.tables import HeldPull

AT = datetime(2026, 3, 2, 8, tzinfo=UTC)


def keep(store: Store, *pages: bytes) -> None:
    with store.writing() as db:
        run_id = runs.start(db, "pull", at=AT, source="register")
        names = [versions.keep_payload(db, page, media_type="text/csv", at=AT) for page in pages]
        pull = HeldPull(run_id=run_id, source="register", held_at=AT, state="waiting")
        held.keep(db, pull, [(name, f"page {number}") for number, name in enumerate(names, start=1)])


def waiting(store: Store, source: str = "register") -> list[tuple[bytes, str]] | None:
    with store.reading() as db:
        found = held.waiting(db, source)
        return [(page.content, page.location) for page in held.pages(db, found.id or 0)] if found else None


def test_one_pull_waits_at_a_time_with_its_pages_in_order(store: Store) -> None:
    assert waiting(store) is None
    keep(store, b"b,1", b"a,2", b"b,1")
    keep(store, b"c,1", b"a,2")
    assert waiting(store) == [(b"c,1", "page 1"), (b"a,2", "page 2")]
    assert waiting(store, "another") is None
    with store.writing() as db:
        held.settle(db, "register", "accepted", at=AT, actor="王敏", reason="已核实")
    assert waiting(store) is None


def test_how_full_an_edition_is_comes_back_newest_first_without_partial_and_uncounted_ones(store: Store) -> None:
    with store.writing() as db:
        for fields, partial in (({"contract.id": (3, 3)}, False), (None, False), ({"contract.id": (2, 2)}, False),
                                ({"contract.id": (1, 1)}, True)):  # fmt: skip
            head = versions.EditionHead(
                run_id=runs.start(db, "pull", at=AT, source="register"), source="register", recorded_at=AT, payloads=(),
                reader_hash="", fields=fields, partial=partial, watermark="2026-03-01",
            )  # fmt: skip
            versions.record(db, head, [], refused=[], complete=False)
        assert versions.coverage(db, "register") == [{"contract.id": (2, 2)}, {"contract.id": (3, 3)}]
        last = versions.last_edition(db, "register")
        assert last is not None
        assert (last.watermark, last.partial) == ("2026-03-01", True)


def test_when_everything_was_last_asked_for_is_in_the_ledger(store: Store) -> None:
    def pulled(hour: int, state: runs.State, counts: dict[str, int]) -> None:
        with store.writing() as db:
            run_id = runs.start(db, "pull", at=AT.replace(hour=hour), source="register")
            runs.finish(db, run_id, state, at=AT, counts=counts)

    pulled(0, "failed", {})
    with store.reading() as db:
        assert runs.last_full(db, "register") is None
    pulled(1, "ok", {})
    pulled(2, "unchanged", {"partial": 1})
    pulled(3, "waiting", {})
    with store.reading() as db:
        assert runs.last_full(db, "register") == AT.replace(hour=1)
