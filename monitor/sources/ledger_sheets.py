"""The ledger as data: its sheets, their columns, and which field of which noun each column fills.

The source reads by it and the template is written from it, so what one writes the other understands.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, cast, get_args

from monitor.sources import ledger_columns as tables
from monitor.sources.ledger_words import DISPUTES, WORDS

Kind = Literal["text", "day", "money", "number", "percent", "yes_no", "code", "rate"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)  # there is one of each, and a mapping has no hash
class Column:
    """One column: its headers, the field it fills, and what may stand in its cells.

    `noun` is empty for what is kept for people only. `part` tells several rows of one noun apart that one row of the sheet
    makes (`filing.legal`, `filing.finance`). `field` is our noun's: money in minor units, a rate in parts per million.
    """

    zh: str
    en: str
    noun: str
    field: str
    kind: Kind
    words: Mapping[str, str]
    """Word in the cell → code; the first Chinese word of a code is the one that is written."""
    part: str = ""
    also: tuple[str, ...] = ()
    """Other spellings of the header."""
    required: bool = False
    present: bool = False
    """Any text means yes: the number of a document that exists."""
    open: bool = False
    """A code column in which other words stand as they are."""
    further: bool = False
    """Beyond the usual ledger."""
    key: str = dataclasses.field(init=False)
    """`noun.field`, or `noun.part.field`: how a program names the column; empty for what is not read."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", ".".join(part for part in (self.noun, self.part, self.field) if part))

    def header(self, lang: str) -> str:
        """What stands above the column."""
        return self.zh if lang == "zh" else self.en

    def word(self, code: str, lang: str) -> str:
        """What a ledger in that language writes for a code; in English often the code itself."""
        for word, meant in self.words.items():
            if meant == code and (lang == "zh") != word.isascii():
                return word
        return code.replace("_", " ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One sheet; each row says something of `noun`."""

    zh: str
    en: str
    noun: str
    columns: tuple[Column, ...]
    also: tuple[str, ...] = ()
    usual: bool = True
    """One of the six sheets of the usual ledger."""

    def name(self, lang: str) -> str:
        """What stands on its tab."""
        return self.zh if lang == "zh" else self.en

    def column(self, key: str) -> Column:
        """The column that fills `noun.field`; of two, the one that says it itself. Raises KeyError when there is none."""
        found = [column for column in self.columns if column.key == key]
        if not found:
            raise KeyError(f"{self.zh}: no column {key}")
        return min(found, key=lambda column: column.present)


def _columns(table: str, words: Mapping[str, Mapping[str, str]]) -> Iterator[Column]:
    for line in table.strip().splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        zh, en, path, kind, flags, also = (cells + [""] * 2)[:6]
        noun, _, field = path.partition(".")
        part, _, field = field.rpartition(".")
        assert kind in get_args(Kind), line
        yield Column(
            zh=zh.removeprefix("+"), en=en, noun=noun, part=part, field=field, kind=cast(Kind, kind),
            words=words.get(f"{noun}.{field}", {}) if kind == "code" else {},
            also=tuple(word.strip() for word in also.split(",") if word.strip()),
            required=flags == "required", present=flags == "present", open=flags == "open", further=zh.startswith("+"),
        )  # fmt: skip


def _sheet(zh: str, en: str, table: str, *, also: tuple[str, ...] = (), usual: bool = True) -> Sheet:
    words = {**WORDS, "obligation.kind": DISPUTES} if table is tables.DISPUTE else WORDS
    columns = tuple(_columns(table, words))
    noun = next(column.noun for column in columns if column.noun)
    return Sheet(zh=zh, en=en, noun=noun, columns=columns, also=also, usual=usual)


SHEETS: tuple[Sheet, ...] = (
    _sheet("合同台账", "Contracts", tables.CONTRACT, also=("政府合同台账", "台账", "合同")),
    _sheet("履约节点", "Milestones", tables.OBLIGATION, also=("节点", "履约义务")),
    _sheet("收付款", "Payments", tables.PAYMENT, also=("收付款台账", "付款", "收款付款")),
    _sheet("变更", "Changes", tables.AMENDMENT, also=("合同变更", "变更台账")),
    _sheet("担保", "Guarantees", tables.GUARANTEE, also=("担保台账", "保证金")),
    _sheet("纠纷", "Disputes", tables.DISPUTE, also=("合同纠纷", "纠纷台账", "诉讼")),
    _sheet("单位", "Units", tables.UNIT, also=("承办单位",), usual=False),
    _sheet("相对人", "Counterparties", tables.PARTY, also=("合同相对人", "供应商"), usual=False),
    _sheet("投诉", "Complaints", tables.COMPLAINT, usual=False),
    _sheet("逾期未付公开", "Disclosures", tables.DISCLOSURE, also=("逾期未付信息公开",), usual=False),
)
"""In the order of the workbook. The first six are the usual ledger, the others are optional."""
