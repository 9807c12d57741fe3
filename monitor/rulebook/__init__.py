"""From rule files to findings. `load` reads and checks the shelf, `Judgement` judges, `try_examples` proves.

Files are `rules/<pack>/<ID>.toml` beside one `pack.toml`; the file name is the rule's id.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from monitor.domain.errors import ConfigError
from monitor.domain.override import NO_OVERRIDES, Overrides
from monitor.domain.portfolio import nothing
from monitor.domain.toml import Located, nearest, parse, read, validate
from monitor.domain.workdays import WorkCalendar
from monitor.engines.duckdb import Engine
from monitor.facts import subjects
from monitor.rulebook.compile import Compiled, compile_rule, give_way, place
from monitor.rulebook.finding import Coverage, Finding, Hit
from monitor.rulebook.judge import Judgement
from monitor.rulebook.overrides import faults_of, limits_of
from monitor.rulebook.rule import Example, Pack, Rule
from monitor.rulebook.types import type_faults

__all__ = [
    "Compiled",
    "Coverage",
    "Finding",
    "Hit",
    "Judgement",
    "Outcome",
    "Rulebook",
    "Trying",
    "load",
    "try_examples",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """Every rule of the shelves, checked. `hash` changes when any word of any rule or pack does."""

    rules: tuple[Compiled, ...]
    files: dict[str, Path]
    hash: str

    def get(self, rule_id: str) -> Compiled:
        """Raises ConfigError that names the nearest ids when there is no such rule."""
        for rule in self.rules:
            if rule.rule.id == rule_id.upper():
                return rule
        near = nearest(rule_id.upper(), [rule.rule.id for rule in self.rules])
        raise ConfigError(f"there is no rule {rule_id}{near}", hint="`lvyue rules list` shows them all")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one example."""

    rule: str
    example: Example
    got: str
    due: date | None
    money: Decimal | None
    missing: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Outcome, and due day and money where the example gives them, are as the file says."""
        right_due = self.example.due is None or self.due == self.example.due
        right_money = self.example.money is None or self.money == Decimal(self.example.money)
        return self.got == self.example.expect and right_due and right_money


@dataclass(frozen=True, slots=True, kw_only=True)
class Trying:
    """A rule that is on no shelf: it is read as if it lay in the folder of `pack`, in place of the rule of its name. `file` is
    where people have it."""

    file: str
    text: str
    pack: str

    @property
    def path(self) -> Path:
        """Where people have it; nothing is read from there."""
        return Path(self.file)


@dataclass(slots=True)
class _Loading:
    """What has been read so far, and what was wrong."""

    rules: list[Compiled] = field(default_factory=list)
    located: dict[str, Located] = field(default_factory=dict)
    files: dict[str, Path] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    overrides: Overrides = NO_OVERRIDES
    trying: Trying | None = None


def load(
    shelves: Sequence[Path], calendars: Mapping[str, WorkCalendar], *, default_calendar: str, packs: Sequence[str] = (),
    overrides: Overrides = NO_OVERRIDES, trying: Trying | None = None,
) -> Rulebook:  # fmt: skip
    """Read and check every rule below `shelves`; `packs` narrows to some folders, a later shelf adds to an earlier one.

    `overrides` are the numbers that the office set in place of the law's; without them rules are as their files say.
    Raises ConfigError with every fault of every file: file, line, column, caret, nearest name. The same files are checked
    once in the life of a process: a service loads them before each scan.
    """
    if trying is not None:
        return _load(
            shelves, calendars, default_calendar=default_calendar, packs=packs, overrides=overrides, trying=trying
        )
    words = tuple(sorted((word, calendar.fingerprint) for word, calendar in calendars.items()))
    key = (_contents(shelves), words, default_calendar, tuple(packs), overrides.entries)
    if key not in _CHECKED:
        found = _load(shelves, calendars, default_calendar=default_calendar, packs=packs, overrides=overrides)
        if len(_CHECKED) > 3:
            _CHECKED.pop(next(iter(_CHECKED)))
        _CHECKED[key] = found
    return _CHECKED[key]


_CHECKED: dict[tuple[Any, ...], Rulebook] = {}


def _contents(shelves: Sequence[Path]) -> str:
    """SHA-256 over every file of the shelves and its path."""
    digest = hashlib.sha256()
    for shelf in shelves:
        for path in sorted(shelf.glob("*/*.toml")):
            digest.update(f"{path.absolute()}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


def _load(
    shelves: Sequence[Path], calendars: Mapping[str, WorkCalendar], *, default_calendar: str, packs: Sequence[str],
    overrides: Overrides, trying: Trying | None = None,
) -> Rulebook:  # fmt: skip
    loading = _Loading(overrides=overrides, trying=trying)
    digest = hashlib.sha256()
    with Engine(nothing(), calendars, as_of=date(2000, 1, 1)) as engine:
        columns = {subject: engine.columns(subject) for subject in subjects()}
        for folder in _folders(shelves, packs, loading):
            _load_pack(folder, loading, columns, default_calendar=default_calendar, calendars=calendars)
        known = {rule.rule.id: limits_of(rule.rule, rule.pack) for rule in loading.rules}
        shelved = {path.stem for shelf in shelves for path in shelf.glob("*/*.toml")} - {"pack"}
        loading.faults += [str(fault) for fault in faults_of(overrides, known, shelved)]
        if not loading.faults:
            loading.faults += [str(fault) for fault in type_faults(engine.db, loading.rules, loading.located)]
            _give_way(loading, whole_shelf=not packs)
    if loading.faults:
        raise ConfigError("\n".join(loading.faults), hint="`lvyue rules check` shows this again after you mended it")
    for rule in sorted(loading.rules, key=lambda r: r.rule.id):
        digest.update(f"{rule.rule.id}:{rule.rule_hash}\n".encode())
    ordered = tuple(sorted(loading.rules, key=lambda r: r.rule.id))
    return Rulebook(rules=ordered, files=loading.files, hash=digest.hexdigest())


def try_examples(rulebook: Rulebook, calendars: Mapping[str, WorkCalendar]) -> list[Outcome]:
    """Run every example of every rule, all in one scan, each on its own day."""
    with Engine(nothing(), calendars, as_of=date(2000, 1, 1)) as engine:
        cases = [(rule, example) for rule in rulebook.rules for example in rule.rule.example]
        for subject in subjects():
            given = [_case(rule, example, n) for n, (rule, example) in enumerate(cases) if rule.rule.subject == subject]
            _lay_out(engine.db, subject, given)
        judgement = Judgement(engine.db, rulebook.rules, cases="cases")
        found: dict[int, Finding] = {}
        for rule in rulebook.rules:
            found |= judgement.of_cases(rule, [number for number, (owner, _) in enumerate(cases) if owner is rule])
        return [_outcome(found[number], rule, example) for number, (rule, example) in enumerate(cases)]


def _folders(shelves: Sequence[Path], packs: Sequence[str], loading: _Loading) -> list[Path]:
    folders = sorted(path.parent for shelf in shelves for path in shelf.glob("*/pack.toml"))
    known = {folder.name for folder in folders}
    loading.faults += [
        f"pack {pack!r} is on no shelf; there are {', '.join(sorted(known))}" for pack in packs if pack not in known
    ]
    return [folder for folder in folders if not packs or folder.name in packs]


def _load_pack(
    folder: Path, loading: _Loading, columns: dict[str, dict[str, str]], *, default_calendar: str,
    calendars: Mapping[str, WorkCalendar],
) -> None:  # fmt: skip
    where = f"{folder.parent.name}/{folder.name}"
    try:
        text = read(folder / "pack.toml", f"{where}/pack.toml")
        pack = validate(parse(text, f"{where}/pack.toml"), Pack)
    except ConfigError as error:
        loading.faults.append(error.message)
        return
    calendar = pack.calendar or default_calendar
    if calendar not in calendars:
        loading.faults.append(f"{where}/pack.toml: no calendar {calendar} was loaded")
        return
    paths = {path.stem: path for path in sorted(folder.glob("*.toml")) if path.name != "pack.toml"}
    tried = loading.trying
    if tried is not None and tried.pack == folder.name:
        paths[tried.path.stem] = tried.path
    for path in paths.values():
        stranger = tried if tried is not None and path == tried.path else None
        named = stranger.file if stranger else f"{where}/{path.name}"
        given = stranger.text if stranger else None
        _load_rule(path, named, loading, columns, pack=pack, calendar=calendar, pack_text=text, given=given)


def _load_rule(
    path: Path,
    where: str,
    loading: _Loading,
    columns: dict[str, dict[str, str]],
    *,
    pack: Pack,
    calendar: str,
    pack_text: str,
    given: str | None,
) -> None:
    """`given` is the rule's text where it is not to be read from its path."""
    try:
        text = read(path, where) if given is None else given
        located = parse(text, where)
        rule = validate(located, Rule)
    except ConfigError as error:
        loading.faults.append(error.message)
        return
    if rule.id != path.stem:
        loading.faults.append(
            str(located.fault(*located.key_at(("id",)), f'id "{rule.id}" is not the file\'s name "{path.stem}"'))
        )
    if rule.id in loading.files:
        loading.faults.append(f"{where}: {rule.id} stands already in {loading.files[rule.id]}")
    ours = loading.overrides.of(rule.id)
    told = "".join(f"\0{override.model_dump_json()}" for override in ours)
    rule_hash = hashlib.sha256(f"{pack_text}\0{text}{told}".encode()).hexdigest()
    compiled, faults = compile_rule(
        rule, located, pack=pack, columns=columns[rule.subject], calendar=calendar, rule_hash=rule_hash, overrides=ours
    )
    loading.faults += [str(fault) for fault in sorted(faults, key=lambda f: (f.line, f.column))]
    loading.files[rule.id] = path
    if compiled:
        loading.located[rule.id] = located
        loading.rules.append(compiled)


def _give_way(loading: _Loading, *, whole_shelf: bool) -> None:
    """Lets a rule stand in for a more general one. Where that one was not chosen there is nothing to silence."""
    rules = {rule.rule.id: rule for rule in loading.rules}
    for special in loading.rules:
        for number, name in enumerate(special.rule.replaces):
            general = rules.get(name)
            if general is not None and general.rule.subject == special.rule.subject:
                rules[name] = give_way(general, special)
            elif general is not None or whole_shelf:
                what = "is about another subject" if general else f"is no rule of the shelf{nearest(name, list(rules))}"
                located = loading.located[special.rule.id]
                fault = located.fault(*located.key_at(("replaces", number)), f"{name} {what}", width=len(name) + 2)
                loading.faults.append(str(fault))
    loading.rules = list(rules.values())


def _lay_out(db: duckdb.DuckDBPyConnection, subject: str, cases: Sequence[Mapping[str, Any]]) -> None:
    """Rows of facts as the table `cases_<subject>`. As text first: of what type a fact is, the facts know."""
    db.execute(
        f"create table cases_{subject} as "
        f"select *, null::date as as_of, null::integer as case_number from base_{subject} limit 0"
    )
    if not cases:
        return
    names = sorted({name for case in cases for name in case})
    texts = {name: [None if case.get(name) is None else str(case[name]) for case in cases] for name in names}
    db.register("told", pa.table({name: pa.array(column, pa.string()) for name, column in texts.items()}))
    types = {row[0]: row[1] for row in db.execute(f"describe cases_{subject}").fetchall()}
    cells = ", ".join(f'"{name}"::{types[name]} as "{name}"' for name in names)
    db.execute(f"insert into cases_{subject} by name select {cells} from told")
    db.unregister("told")


def _case(rule: Compiled, example: Example, number: int) -> dict[str, Any]:
    """One row of facts: those given, the law's own place unless the example says another, everything else unknown."""
    subject = rule.rule.subject
    given: dict[str, Any] = {
        f"{subject}.id": f"case-{number}",
        f"{subject}.name" if subject in ("unit", "party") else f"{subject}.title": "example",
    }
    if subject not in ("unit", "party", "complaint"):
        given["contract.id"] = f"case-{number}" if subject == "contract" else "contract"
    if rule.pack.jurisdiction:
        given[place(subject)] = rule.pack.jurisdiction[0]
    return given | {"as_of": example.as_of, "case_number": number, **example.given}


def _outcome(finding: Finding, rule: Compiled, example: Example) -> Outcome:
    got = "clear" if finding.outcome == "not applicable" else finding.outcome
    return Outcome(
        rule=rule.rule.id, example=example, got=got, due=finding.due, money=finding.money, missing=finding.missing
    )
