"""What a model's card says, section by section, from the numbers recorded in training: for Markdown and for a page alike.

A number that is not there is "not known", never 0. A card without a trial says so, and has no sections about one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import exp

from monitor.domain.words import fact_name, word
from monitor.learning.recipe import Recipe
from monitor.learning.told import called
from monitor.reports.model_wording import Card, Teller, capital, known

MODEL, BASE = "model", "base"
LESS_IS_BETTER = ("brier", "log_loss")
GROUPS = ("contract", "load", "time", "size", "wording", "lately")
"""What a model looks at beside the roles of its recipe and single facts."""

Triple = Sequence[float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What stands in a table, and in small what belongs to it."""

    text: str
    aside: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows under heads; the first cell of a row names it. Without heads it is a list of names and what they are."""

    caption: str
    heads: tuple[str, ...] = ()
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """`key` is the section's place in a page. Pictures of the same numbers are drawn elsewhere, by that key."""

    key: str
    heading: str
    says: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()


def sections(recipe: Recipe, card: Card, lang: str, *, notes: Sequence[str] = ()) -> tuple[Section, ...]:
    """The whole card in `zh` or `en`, with what a person notes of its data. Raises KeyError for another language."""
    tell = Teller(lang)
    trial = card["trial"]
    parts = [_speaks(card, tell)]
    parts += [_notes(notes, tell)] if notes else []
    parts += [_use(recipe, tell), _data(recipe, card, tell), _tried(recipe, card, tell)]
    if trial is not None:
        parts += [
            _figures(trial, tell), _cuts(trial, tell), _reliability(trial, tell), _by_days(trial, tell),
            _by_groups(recipe, trial, tell),
        ]  # fmt: skip
        parts += [] if recipe.outcome.closes else [_leads(recipe, trial, tell)]
    parts += [_strength(recipe, card, tell), _limits(recipe, tell)]
    return tuple(parts)


def ranked_leads(trial: Card) -> list[Card]:
    """Leads of what tells the cases of a day apart. The base rate does not: whom it picks is an accident of their order."""
    return [lead for lead in trial["leads"] if lead["model"] != BASE]


def _speaks(card: Card, tell: Teller) -> Section:
    verdict, levels = card["verdict"], card["levels"]
    name = tell.say(f"model.by.{verdict['lookup']}") if verdict["lookup"] else ""
    says = [tell.say(f"model.speaks.{verdict['serve']}", name=name)]
    if verdict["serve"] == "off" or levels is None:
        says.append(tell.say("model.no_levels"))
    else:
        says.append(tell.say("model.levels", blue=tell.share(levels["blue"]), yellow=tell.share(levels["yellow"])))
    return Section(
        key="speaks", heading=tell.say("model.part.speaks"), says=tuple(says), points=tuple(verdict[tell.lang])
    )


def _notes(notes: Sequence[str], tell: Teller) -> Section:
    """How a set came about, as who is left in it, shows in none of its numbers: only a person can say it."""
    says = (tell.say("model.notes"),)
    return Section(key="notes", heading=tell.say("model.part.notes"), says=says, points=tuple(notes))


def _use(recipe: Recipe, tell: Teller) -> Section:
    says = (tell.say("model.whom"), recipe.not_for.in_language(tell.lang))
    return Section(key="use", heading=tell.say("model.part.use"), says=says)


def _data(recipe: Recipe, card: Card, tell: Teller) -> Section:
    counts, reference, kind = card["counts"], card["reference"], tell.say(f"report.kind.{recipe.subject}")
    seen = [counts.get(name) for name in ("asked", "censored", "cases")]
    rest = None if None in seen else seen[0] - seen[1] - seen[2]
    early = tell.count(recipe.population.early_days)
    days = tell.interval(tell.long_day(counts.get("from")), tell.long_day(counts.get("to")))
    rows: list[tuple[str, str, dict[str, str]]] = [
        ("days", days, {}), ("asked", tell.count(seen[0]), {"kind": kind}), ("censored", tell.count(seen[1]), {}),
        ("rest", tell.count(rest), {"early": early}), ("cases", tell.count(seen[2]), {}),
        ("subjects", tell.count(counts.get("subjects")), {"kind": kind}),
        ("late_subjects", tell.count(counts.get("late_subjects")), {"happened": recipe.happened.in_language(tell.lang)}),
        ("contracts", tell.count(counts.get("contracts")), {}),
        ("judged", _whole(card["verdict"]["numbers"].get("judged"), tell), {"kind": kind}),
        ("open", tell.count(reference.get("open")), {}), ("base", tell.share(reference.get("base")), {}),
        ("made_of", _made_of(card["share_of_forest"], tell), {}),
    ]  # fmt: skip
    told = tuple(
        (Cell(text=capital(tell.say(f"model.data.{key}", **blanks))), Cell(text=text)) for key, text, blanks in rows
    )
    heading = tell.say("model.part.data")
    return Section(key="data", heading=heading, tables=(Table(caption=heading, rows=told),))


def _made_of(share: float | None, tell: Teller) -> str:
    if share is None:
        return tell.say("model.nothing_learned")
    return tell.say("model.made_of", forest=tell.share(share), boosting=tell.share(1 - share))


def _tried(recipe: Recipe, card: Card, tell: Teller) -> Section:
    heading, trial = tell.say("model.part.trial"), card["trial"]
    if trial is None:
        return Section(key="trial", heading=heading, says=(tell.say("model.no_trial"),))
    wanted, kind = recipe.trial, tell.say(f"report.kind.{recipe.subject}")
    points = (
        tell.say("model.trial.origin", wanted=wanted.cuts, window=wanted.window_days, cuts=len(trial["cuts"])),
        tell.say("model.trial.purged"), tell.say("model.trial.grouped", folds=wanted.folds),
        tell.say("model.trial.intervals"),
        tell.say(
            "model.trial.size", rows=tell.count(trial["rows"]), subjects=tell.count(trial["subjects"]), kind=kind,
            late=tell.share(trial["late"]),
        ),
    )  # fmt: skip
    return Section(key="trial", heading=heading, points=points)


def _figures(trial: Card, tell: Teller) -> Section:
    figures, against = trial["figures"], trial["against"]
    rows = [
        (_measured(measure, tell), *(_figure(figures[name][measure], measure, tell) for name in figures))
        for measure in figures[MODEL]
    ]
    apart = [
        (_measured(measure, tell), *(_difference(against[name][measure], measure, tell) for name in against))
        for measure in figures[MODEL]
    ]
    head = tell.head("model.figure")
    minus = [capital(tell.say("model.against.minus", name=tell.say(f"model.by.{name}"))) for name in against]
    return Section(
        key="figures", heading=tell.say("model.part.figures"),
        says=(tell.say("model.figures.note"), tell.say("model.against.note")),
        tables=(
            Table(caption=tell.say("model.figures.table"), heads=(head, *map(tell.by, figures)), rows=tuple(rows)),
            Table(caption=tell.say("model.against.table"), heads=(head, *minus), rows=tuple(apart)),
        ),
    )  # fmt: skip


def _measured(measure: str, tell: Teller) -> Cell:
    return Cell(text=tell.head(f"model.figure.{measure}"))


def _figure(three: Triple, measure: str, tell: Teller) -> Cell:
    form = tell.share if measure.startswith(("recall", "precision")) else tell.score
    value, low, high = (form(one) for one in three)
    return Cell(text=value) if not all(map(known, three)) else Cell(text=value, aside=tell.interval(low, high))


def _difference(three: Triple, measure: str, tell: Teller) -> Cell:
    """The difference, its interval, and whether that leaves out zero."""
    shares = measure.startswith(("recall", "precision"))
    value, low, high = (tell.gap(one) if shares else tell.score(one, signed=True) for one in three)
    ends = [one for one in three[1:] if known(one)]
    text = tell.say("model.points", n=value) if shares and known(three[0]) else value
    if len(ends) < 2:
        return Cell(text=text)
    sign = -1 if measure in LESS_IS_BETTER else 1
    least, most = sorted(sign * end for end in ends)
    verdict = "better" if least > 0 else "worse" if most < 0 else "chance"
    return Cell(text=text, aside=tell.say("model.comma").join((tell.interval(low, high), tell.say(f"model.{verdict}"))))


def _cuts(trial: Card, tell: Teller) -> Section:
    names = list(trial["figures"])
    heads = [tell.head("model.cut"), tell.head("model.rows"), tell.head("model.came")]
    said = Table(
        caption=tell.say("model.cuts.table"),
        heads=(*heads, *map(tell.by, names)),
        rows=tuple(
            (*_cut(cut, tell), *(Cell(text=tell.share(cut["said"].get(name))) for name in names))
            for cut in trial["cuts"]
        ),
    )
    tables = [said]
    if has_precision(trial):
        rows = (
            (*_cut(cut, tell), *(Cell(text=tell.score(cut["average_precision"].get(name))) for name in names))
            for cut in trial["cuts"]
        )
        caption = tell.say("model.cuts.precision")
        tables.append(Table(caption=caption, heads=(*heads, *map(tell.by, names)), rows=tuple(rows)))
    return Section(
        key="cuts", heading=tell.say("model.part.cuts"), says=(tell.say("model.cuts.note"),), tables=tuple(tables)
    )


def has_precision(trial: Card) -> bool:
    """Whether each cut has its own average precision."""
    return all("average_precision" in cut for cut in trial["cuts"])


def _cut(cut: Card, tell: Teller) -> Iterator[Cell]:
    yield Cell(text=tell.day(cut["day"]))
    yield Cell(text=tell.count(cut["rows"]))
    yield Cell(text=tell.share(cut["late"]))


def _reliability(trial: Card, tell: Teller) -> Section:
    rows = tuple(
        (
            Cell(text=tell.share(one["said"])), Cell(text=tell.share(one["came"])),
            Cell(text=tell.interval(tell.share(one["low"]), tell.share(one["high"]))),
            Cell(text=tell.gap(one["said"] - one["came"])), Cell(text=tell.count(one["count"])),
        )
        for one in trial["reliability"]
    )  # fmt: skip
    names = ("model.said", "model.came", "model.interval_of", "model.gap", "model.rows")
    error = trial["error"]
    points = tell.say("model.points", n=f"{100 * error:.1f}") if known(error) else word("unknown", tell.lang)
    return Section(
        key="reliability", heading=tell.say("model.part.reliability"),
        says=(tell.say("model.reliability.error", points=points), tell.say("model.reliability.note")),
        tables=(Table(caption=tell.say("model.reliability.table"), heads=tuple(map(tell.head, names)), rows=rows),),
    )  # fmt: skip


def _by_days(trial: Card, tell: Teller) -> Section:
    rows = sorted(trial["by_days"], key=lambda row: int(row["name"]))
    ends = [int(row["name"]) for row in rows][1:]
    named = []
    for row, end in zip(rows, [*ends, None], strict=True):
        low = int(row["name"])
        key = "past" if low < 0 else "from" if end is None else "between"
        named.append((capital(tell.say(f"model.days.{key}", low=low, high=(end or 0) - 1)), row))
    heading = tell.say("model.part.days")
    table = _grouped(heading, tell.head("model.days.days"), named, tell)
    return Section(key="days", heading=heading, tables=(table,))


def _by_groups(recipe: Recipe, trial: Card, tell: Teller) -> Section:
    """What is a code of the vocabulary is called by its word; units are names."""
    tables = []
    for role, rows in trial["by_role"].items():
        named = [(called(role, row["name"], tell.lang), row) for row in rows]
        if named:
            known = recipe.facts.role.get(role)  # a stored card may be of an older recipe
            caption = capital(known.words.in_language(tell.lang)) if known else role
            tables.append(_grouped(caption, tell.head("model.of.role"), named, tell))
    says = tell.say("model.groups.note" if tables else "model.groups.none")
    return Section(key="groups", heading=tell.say("model.part.groups"), says=(says,), tables=tuple(tables))


def _grouped(caption: str, head: str, named: Sequence[tuple[str, Card]], tell: Teller) -> Table:
    """Rows told apart by something: how many, what was said of them, what came."""
    heads = (tell.head(f"model.{name}") for name in ("rows", "said", "came", "gap"))
    rows = (
        (
            Cell(text=name), Cell(text=tell.count(row["rows"])), Cell(text=tell.share(row["said"])),
            Cell(text=tell.share(row["late"])), Cell(text=tell.gap(_apart(row["said"], row["late"]))),
            Cell(text=tell.score(row["brier"])), Cell(text=tell.score(row["auc"])),
        )
        for name, row in named
    )  # fmt: skip
    return Table(caption=caption, heads=(head, *heads, "Brier", "AUC"), rows=tuple(rows))


def _apart(said: float | None, came: float | None) -> float | None:
    return said - came if known(said) and known(came) else None


def _leads(recipe: Recipe, trial: Card, tell: Teller) -> Section:
    leads, kind = ranked_leads(trial), tell.say(f"report.kind.{recipe.subject}")
    days = sorted({int(day) for lead in leads for day in lead["ahead"]})
    heads = (
        tell.head("model.leads.who"), tell.head("model.leads.warned"), tell.head("model.leads.precision"),
        tell.head("model.leads.caught"), *(capital(tell.say("model.leads.ahead", days=day)) for day in days),
        tell.head("model.leads.days"),
    )  # fmt: skip
    rows = tuple(
        (
            Cell(text=tell.budget(lead)), Cell(text=tell.share(lead["warned"])),
            Cell(text=tell.share(lead["precision"])), Cell(text=tell.share(lead["caught"])),
            *(Cell(text=tell.share(_ahead(lead, day))) for day in days), Cell(text=tell.lead_days(lead)),
        )
        for lead in leads
    )  # fmt: skip
    says = [tell.say("model.leads.note")]
    if leads:
        numbers = {name: tell.count(leads[0][name]) for name in ("subjects", "late")}
        says.append(capital(tell.say("model.leads.size", kind=kind, **numbers)))
    table = Table(caption=tell.say("model.leads.table"), heads=heads, rows=rows)
    return Section(key="leads", heading=tell.say("model.part.leads"), says=tuple(says), tables=(table,))


def _ahead(lead: Card, day: int) -> float | None:
    """JSON has no numbers as keys: a card that was stored has texts there."""
    found: float | None = lead["ahead"].get(day, lead["ahead"].get(str(day)))
    return found


def _strength(recipe: Recipe, card: Card, tell: Teller) -> Section:
    heading = tell.say("model.part.strength")
    if not card["strength"]:
        return Section(key="strength", heading=heading, says=(tell.say("model.strength.none"),))
    rows = tuple(
        (
            Cell(text=capital(_group(recipe, group, tell))),
            Cell(text=tell.score(moved)),
            Cell(text=tell.share(1 / (1 + exp(-moved)))),
        )
        for group, moved in card["strength"].items()
    )
    names = ("model.strength.group", "model.strength.logit", "model.strength.points")
    table = Table(caption=heading, heads=tuple(map(tell.head, names)), rows=rows)
    silent = (tell.say("model.strength.silent"),) if card["verdict"]["serve"] != MODEL else ()
    return Section(key="strength", heading=heading, says=(*silent, tell.say("model.strength.note")), tables=(table,))


def _group(recipe: Recipe, group: str, tell: Teller) -> str:
    if group in recipe.facts.role:
        return tell.say("model.group.role", who=recipe.facts.role[group].words.in_language(tell.lang))
    return tell.say(f"model.group.{group}") if group in GROUPS else fact_name(group, tell.lang)


def _limits(recipe: Recipe, tell: Teller) -> Section:
    names = ("why", "closes" if recipe.outcome.closes else "lag", "early", "drift", "record")
    early = tell.count(recipe.population.early_days)
    points = tuple(tell.say(f"model.limit.{name}", early=early) for name in names)
    return Section(key="limits", heading=tell.say("model.part.limits"), points=points)


def _whole(value: float | None, tell: Teller) -> str:
    """A count that JSON keeps as a float."""
    return tell.count(int(value) if known(value) else None)
