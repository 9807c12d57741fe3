"""What is well and what is not, from what was read: pure, so that a past hour can be judged as the present one.

A probe that is not well makes `/readyz` answer 503 and says why. `/healthz` asks none of them: a source that is down is no
reason to start the process anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from monitor.domain.words import filled, word
from monitor.health.pulse import Beat
from monitor.store.vitals import Vitals

TICK_WITHIN = 90.0
"""Seconds: the scheduler ticks every half minute, and systemd's watchdog waits for two."""
LATE = timedelta(hours=2)
"""Before a turn is over: it waits for others, and is tried again."""
LETTER_WITHIN = timedelta(hours=4)
"""A server that is down for a morning is its operator's business already; see the retries in `pipeline.RETRY_AFTER`."""
SCAN_WITHIN = timedelta(days=2)
BACKUP_WITHIN = timedelta(days=8)
DISK_AT_LEAST = 500_000_000
"""Bytes: what a scan of a large office spills, and a letter that says that the disk is nearly full."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One thing that was looked at, and what was seen."""

    name: str
    well: bool
    zh: str
    en: str

    def says(self, lang: str) -> str:
        """What was seen, in a language of ours."""
        return self.zh if lang == "zh" else self.en


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """All that probes look at. `vitals` is None when the database did not answer, and `trouble` says why."""

    at: datetime
    monotonic: float
    beat: Beat | None
    sources: Mapping[str, timedelta]
    """By name, how far apart its turns are."""
    vitals: Vitals | None
    trouble: str = ""
    disk_free: int | None = None
    """Bytes; None where the system does not tell."""


def probed(sight: Sight) -> tuple[Probe, ...]:
    """Every probe. `beat` is None outside of the service: there is no scheduler to ask."""
    found = [_probe("database", sight.vitals is not None, reason=sight.trouble or "-")]
    if sight.beat is not None:
        found.append(_tick(sight.beat, sight.monotonic))
        found.append(_probe("reload", sight.beat.reload_ok))
    if sight.disk_free is not None:
        free = f"{sight.disk_free / 1e9:.1f}"
        found.append(_probe("disk", sight.disk_free >= DISK_AT_LEAST, free=free))
    if sight.vitals is not None:
        found += _of_database(sight, sight.vitals)
    return tuple(found)


def silent_after(apart: timedelta) -> timedelta:
    """The age of its last answer from which a source is silent: one turn may fail, and the next be late.

    >>> silent_after(timedelta(days=1)), silent_after(timedelta(hours=1))
    (datetime.timedelta(days=2, seconds=7200), datetime.timedelta(seconds=14400))
    """
    return 2 * apart + LATE


def _tick(beat: Beat, monotonic: float) -> Probe:
    age = None if beat.last_tick is None else monotonic - beat.last_tick
    well = age is not None and age <= TICK_WITHIN
    return _probe("scheduler", well, age="∞" if age is None else f"{age:.0f}")


def _of_database(sight: Sight, vitals: Vitals) -> Iterator[Probe]:
    born = sight.beat.started_at if sight.beat else None  # what is new has had no time to answer
    for source, apart in sight.sources.items():
        answered = vitals.answered.get(source)
        well = _within(answered or born, sight.at, silent_after(apart))
        yield _probe("source", well, source=source, when=_instant(answered))
    well = _within(vitals.waiting_since or sight.at, sight.at, LETTER_WITHIN)
    yield _probe("outbox", well, since=_instant(vitals.waiting_since))
    parked = sum(number for (_, state), number in vitals.letters.items() if state == "parked")
    yield _probe("parked", parked == 0, number=parked)
    yield _probe(
        "scan", _within(vitals.scanned_at or born, sight.at, SCAN_WITHIN), when=_instant(vitals.scanned_at),
        day=vitals.scanned_on,
    )  # fmt: skip
    yield _probe(
        "backup", _within(vitals.backed_up_at or born, sight.at, BACKUP_WITHIN), when=_instant(vitals.backed_up_at)
    )


def _within(instant: datetime | None, at: datetime, limit: timedelta) -> bool:
    return instant is not None and at - instant <= limit


def _instant(instant: datetime | None) -> str | None:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if instant else None


def _probe(name: str, well: bool, /, **blanks: object) -> Probe:
    key = f"health.{name}.{'well' if well else 'ill'}"
    named = str(blanks["source"]) if name == "source" else ""
    zh, en = (
        filled(key, lang, **{name: word("health.never", lang) if one is None else one for name, one in blanks.items()})
        for lang in ("zh", "en")
    )
    return Probe(
        name=f"source {named}" if named else name,
        well=well,
        zh=zh,
        en=en,
    )
