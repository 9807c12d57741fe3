"""An office's own numbers laid over those of the law, and how a warning says that they are the office's.

An override replaces a number; it makes none. On days for which the law has no number the limit stays unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from monitor.domain.override import Override, Overrides
from monitor.domain.toml import Fault, nearest
from monitor.domain.words import LANGS, Lang, fact_name, fact_value, word
from monitor.rulebook.rule import Basis, Limit, Pack, Rule, Words

LARGEST = 10**6
"""Limits with a fraction are decimals of twelve digits, six of them after the point."""

FARTHEST = 100
"""Times the law's own number: more is a slip of the pen, and days in the year 30,000 stop a scan."""

SAID = {lang: f"let.office.set_{lang}" for lang in LANGS}
"""Where a finding keeps what `sentence` says of it; with its second dot it is the name of no part that a rule can have."""

_BLANKS = {lang: f"{{{name}}}" for lang, name in SAID.items()}

Limits = Mapping[str, list[Limit]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaced:
    """A block of a limit, or the part of its days for which an office set another value."""

    own: Limit
    override: Override
    block: Limit
    """The law's block with the office's value, on the days of both."""


def limits_of(rule: Rule, pack: Pack) -> dict[str, list[Limit]]:
    """The blocks of each limit that a rule may name, as the law has them: its pack's, and its own, oldest first."""
    shared: dict[str, list[Limit]] = {}
    for block in pack.limit:
        shared.setdefault(block.name, []).append(block)
    return shared | rule.limits_named()


def replaced(blocks: Sequence[Limit], overrides: Sequence[Override]) -> list[Replaced]:
    """Where an office's value stands in place of the law's, block by block."""
    found = []
    for own in blocks:
        for override in overrides:
            starts = max(own.starts or date.min, override.starts or date.min)
            ends = min(own.ends or date.max, override.ends or date.max)
            if override.limit == own.name and starts <= ends:
                days = {
                    "starts": None if starts == date.min else starts,
                    "ends": None if ends == date.max else ends,
                }
                block = own.model_copy(update={"value": override.value, **days})
                found.append(Replaced(own=own, override=override, block=block))
    return found


def overlaid(limits: Limits, overrides: Sequence[Override]) -> dict[str, list[Limit]]:
    """Limits as they count in this office. The first block that fits a day is in force, so the office's stand first."""
    return {name: [*(entry.block for entry in replaced(blocks, overrides)), *blocks] for name, blocks in limits.items()}


def told(
    limits: Limits, overrides: Sequence[Override], say: Callable[[Replaced], str]
) -> list[list[Limit]]:  # fmt: skip
    """For each limit that an office changed, blocks whose `cite` is what `say` makes of it; on other days there is none."""
    found = []
    for blocks in limits.values():
        mine = [entry.block.model_copy(update={"cite": say(entry)}) for entry in replaced(blocks, overrides)]
        found += [mine] if mine else []
    return found


def article(entry: Replaced, basis: Basis) -> str:
    """What stands before the article: that this office set a number, who, why. Of both languages, as an article has none.

    >>> own = Limit(name="days", value=7, cite="《…》第九条")
    >>> override = Override(rule="CN-PRC-03", limit="days", value=10, author="王某", reason="本地规定为十日")
    >>> article(replaced([own], [override])[0], "seen")  # doctest: +NORMALIZE_WHITESPACE
    "本机关设定 / set by this office: 规定工作日数 / working days allowed = 10 (王某: 本地规定为十日),
    法定值 / the law's own value: 7"
    """
    ours = _joined(word("override_set", lang) for lang in LANGS)
    whose = "override_default" if _is_default(entry, basis) else "override_law"
    theirs = _joined(word(whose, lang) for lang in LANGS)
    name = _joined(_name(entry, lang) for lang in LANGS)
    value, own = (_joined(pair) for pair in zip(*(_values(entry, lang) for lang in LANGS), strict=True))
    by = f"({entry.override.author}: {entry.override.reason})"
    return f"{ours}: {name} = {value} {by}, {theirs}: {own}"


def sentence(entry: Replaced, basis: Basis, lang: Lang) -> str:
    """What a letter says in one language: a rule's own words may call the number the law's."""
    text = word("override_told_default" if _is_default(entry, basis) else "override_told_law", lang)
    value, own = _values(entry, lang)
    said = text.format(
        limit=_name(entry, lang), value=value, author=entry.override.author, reason=entry.override.reason, own=own
    )
    return said if lang == "zh" else f" {said}"


def _name(entry: Replaced, lang: Lang) -> str:
    """What people call the limit; an agency's own rule may have one without a name, and then it is called as there."""
    name = fact_name(f"limit.{entry.own.name}", lang, entry.override.rule)
    return entry.own.name if name == fact_name("limit", lang) else name


def _values(entry: Replaced, lang: Lang) -> tuple[str, str]:
    """The office's value and the law's own, in words."""
    limit, rule = f"limit.{entry.own.name}", entry.override.rule
    return fact_value(limit, entry.override.value, lang, rule), fact_value(limit, entry.own.value, lang, rule)


def _joined(texts: Iterable[str]) -> str:
    """One after the other; what is the same in both languages once."""
    return " / ".join(dict.fromkeys(texts))


def spoken(rule: Rule) -> Rule:
    """A rule whose letter ends with what this office set, where it counts."""
    return rule.model_copy(update={"says": Words(zh=rule.says.zh + _BLANKS["zh"], en=rule.says.en + _BLANKS["en"])})


def unspoken(words: Words) -> Words:
    """The words of a rule as its file has them."""
    return Words(zh=words.zh.removesuffix(_BLANKS["zh"]), en=words.en.removesuffix(_BLANKS["en"]))


def _is_default(entry: Replaced, basis: Basis) -> bool:
    return (entry.own.basis or basis) == "default"


def faults_of(overrides: Overrides, known: Mapping[str, Limits], shelved: Collection[str]) -> list[Fault]:
    """Overrides of rules and limits that are not there, or with a value that cannot stand where the law's does.

    `known` are the limits of the rules in use; a rule of `shelved` whose pack this office does not use is let be.
    """
    found: list[Fault] = []
    for number, entry in enumerate(overrides.entries):
        limits = known.get(entry.rule)
        if limits is None:
            if entry.rule not in shelved:
                near = nearest(entry.rule.upper(), sorted(shelved))
                found.append(overrides.fault(number, "rule", f"there is no rule {entry.rule}{near}"))
        elif entry.limit not in limits:
            has = f"{entry.rule} has no limit {entry.limit}{nearest(entry.limit, list(limits))}"
            found.append(overrides.fault(number, "limit", f"{has}; it has {', '.join(limits) or 'none at all'}"))
        else:
            blocks = limits[entry.limit]
            if wrong := _wrong_value(entry, blocks):
                found.append(overrides.fault(number, "value", wrong))
            elif not replaced(blocks, [entry]):
                found.append(
                    overrides.fault(number, "limit", f"on its days {entry.rule} has no {entry.limit} to replace")
                )
    return found


def _wrong_value(entry: Override, blocks: Sequence[Limit]) -> str:
    """Why a value cannot stand in place of the law's; empty when it can."""
    own = blocks[-1].value
    if isinstance(own, str) or isinstance(entry.value, str):
        same = isinstance(own, str) and isinstance(entry.value, str)
        return "" if same else f"must be {'a text' if isinstance(own, str) else 'a number'}, as the law's own: {own}"
    if isinstance(entry.value, float) and all(isinstance(block.value, int) for block in blocks):
        return f"must be a whole number, as the law's own: {own}"
    if entry.value < 0 <= min(block.value for block in blocks if not isinstance(block.value, str)):
        return f"must not be below 0; the law's own is {own}"
    most = FARTHEST * max([1, *(abs(block.value) for block in blocks if not isinstance(block.value, str))])
    if abs(entry.value) > most:
        return f"is more than {FARTHEST} times the law's own, {own}: is there a digit too many?"
    if isinstance(entry.value, float) and abs(entry.value) >= LARGEST:
        return f"must be less than {LARGEST:,}"
    return ""
