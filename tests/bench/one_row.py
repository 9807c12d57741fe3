"""Our rules in the languages of engines that judge one row at a time: `zen-engine` and `rule-engine` read both the same text.

Neither knows our third outcome. So a condition is written twice: `certainly` is true where it holds for certain, `certainly
not` where its contrary does; a comparison with something unknown is neither. Days are numbers of days. What neither engine can
compute, working days above all, is given to it ready, as a further column: work that ours does and they do not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache

import sqlglot
from sqlglot import exp

from monitor.rulebook import Compiled
from monitor.rulebook.compile import rung_sql
from monitor.rulebook.rule import LEVELS

COMPARISONS: dict[type[exp.Expr], str] = {
    exp.EQ: "==",
    exp.NEQ: "!=",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}
CONTRARY = {"==": "!=", "!=": "==", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}
ARITHMETIC: dict[type[exp.Expr], str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*"}
EPOCH = date(1970, 1, 1).toordinal()
MACRO = "create or replace macro plus_months(d, months) as d + months"
"""What the columns computed beforehand need in the database."""


@dataclass(slots=True)
class Emitter:
    """Rules of one subject. `given` has the SQL of what is computed beforehand, `columns` the facts, by the name in the text."""

    parts: Mapping[str, str]
    given: dict[str, str] = field(default_factory=dict)
    columns: dict[str, str] = field(default_factory=dict)

    def level(self, rule: Compiled) -> str:
        """The level at which a rule fires, or null: for a rule that does not, whatever the reason."""
        law = self.certainly(_tree(rule.in_law)) if rule.in_law != "true" else "true"
        applies = f"{law} and {self.certainly(_tree(rule.applies))}" if rule.applies != "true" else law
        levels = self._rungs(rule) if rule.rule.ladder else self._conditions(rule)
        return f"(({applies}) ? {levels} : null)"

    def _conditions(self, rule: Compiled) -> str:
        text = "null"
        for level in LEVELS:
            if level in rule.levels:
                text = f'({self.certainly(_tree(rule.levels[level]))} ? "{level}" : {text})'
        return text

    def _rungs(self, rule: Compiled) -> str:
        due, as_of, text = _tree(rule.due), self._named('"as_of"'), "null"
        for level in LEVELS:
            ways = []
            if level in rule.rule.ladder:
                ways.append(
                    self.certainly(
                        _tree(f'"as_of" >= {rung_sql(f"({rule.due})", rule.rule.ladder[level], rule.calendar)}')
                    )
                )
            if level in rule.lift:
                ways.append(self.certainly(_tree(f'"as_of" > ({rule.due}) and {rule.lift[level]}')))
            if ways:
                text = f'(({" or ".join(ways)}) ? "{level}" : {text})'
        if rule.rule.done:
            done = _tree(rule.done)
            text = f"(({self.known(done)} and {self.value(done)} <= {as_of}) ? null : {text})"
        return f"({self.known(due)} ? {text} : null)"

    def certainly(self, node: exp.Expr) -> str:
        """A condition that is true where `node` is, and false where it is false or unknown."""
        return self._truth(node, wanted=True)

    def certainly_not(self, node: exp.Expr) -> str:
        """A condition that is true where `node` is false, and false where it is true or unknown."""
        return self._truth(node, wanted=False)

    def _truth(self, node: exp.Expr, *, wanted: bool) -> str:
        node = self._inside(node)
        if isinstance(node, exp.Boolean):
            return "true" if bool(node.this) == wanted else "false"
        if isinstance(node, exp.Null):
            return "false"
        if isinstance(node, exp.Not):
            return self._truth(node.this, wanted=not wanted)
        if isinstance(node, (exp.And, exp.Or)):
            joined = "and" if isinstance(node, exp.And) == wanted else "or"
            return f"({self._truth(node.left, wanted=wanted)} {joined} {self._truth(node.right, wanted=wanted)})"
        if isinstance(node, exp.Is) and isinstance(node.expression, exp.Null):
            return f"(not {self.known(node.this)})" if wanted else self.known(node.this)
        if type(node) in COMPARISONS:
            sign = COMPARISONS[type(node)]
            sides = f"{self.value(node.this)} {sign if wanted else CONTRARY[sign]} {self.value(node.expression)}"
            return f"({self.known(node.this)} and {self.known(node.expression)} and {sides})"
        if isinstance(node, exp.In):
            words = ", ".join(self.value(word) for word in node.expressions)
            inside = f"({self.value(node.this)} in [{words}])"
            return f"({self.known(node.this)} and {inside if wanted else f'not {inside}'})"
        if isinstance(node, exp.Case):
            return self._cases(node, lambda branch: self._truth(branch, wanted=wanted), otherwise="false")
        if isinstance(node, exp.Coalesce):
            first, *rest = [node.this, *node.expressions]
            text = self._truth(first, wanted=wanted)
            return (
                f"({text} or (not {self.known(first)} and {self._truth(_coalesce(rest), wanted=wanted)}))"
                if rest
                else text
            )
        return f"({self._named(node.sql('duckdb'))} == {'true' if wanted else 'false'})"

    def known(self, node: exp.Expr) -> str:
        """A condition that is true where `node` has a value."""
        node = self._inside(node)
        if isinstance(node, (exp.Literal, exp.Boolean)) or _day(node) is not None:
            return "true"
        if isinstance(node, exp.Null):
            return "false"
        if type(node) in ARITHMETIC:
            return f"({self.known(node.this)} and {self.known(node.expression)})"
        if isinstance(node, exp.Neg):
            return self.known(node.this)
        if isinstance(node, exp.Coalesce):
            return "(" + " or ".join(self.known(one) for one in [node.this, *node.expressions]) + ")"
        if isinstance(node, exp.Case):
            return self._cases(node, self.known, otherwise="false")
        if self._is_truth(node):
            return f"({self.certainly(node)} or {self.certainly_not(node)})"
        return f"({self._named(node.sql('duckdb'))} != null)"

    def value(self, node: exp.Expr) -> str:
        """What `node` is, where it is known."""
        node = self._inside(node)
        day = _day(node)
        if day is not None:
            return str(day)
        if isinstance(node, exp.Literal):
            return f'"{node.this}"' if node.is_string else str(node.this)
        if isinstance(node, exp.Null):
            return "null"
        if type(node) in ARITHMETIC:
            return f"({self.value(node.this)} {ARITHMETIC[type(node)]} {self.value(node.expression)})"
        if isinstance(node, exp.Neg):
            return f"(-{self.value(node.this)})"
        if isinstance(node, exp.Coalesce):
            first, *rest = [node.this, *node.expressions]
            return (
                f"({self.known(first)} ? {self.value(first)} : {self.value(_coalesce(rest))})"
                if rest
                else self.value(first)
            )
        if isinstance(node, exp.Case):
            return self._cases(node, self.value, otherwise="null")
        if self._is_truth(node):
            return self.certainly(node)
        return self._named(node.sql("duckdb"))

    def _cases(self, node: exp.Case, told: Callable[[exp.Expr], str], *, otherwise: str) -> str:
        text = told(node.args["default"]) if node.args.get("default") is not None else otherwise
        for branch in reversed(node.args["ifs"]):
            text = f"({self.certainly(branch.this)} ? {told(branch.args['true'])} : {text})"
        return text

    def _is_truth(self, node: exp.Expr) -> bool:
        return isinstance(node, (exp.And, exp.Or, exp.Not, exp.Is, exp.In)) or type(node) in COMPARISONS

    def _inside(self, node: exp.Expr) -> exp.Expr:
        """Without brackets, with a rule's named part written out, and a number without its type."""
        while True:
            if isinstance(node, exp.Paren):
                node = node.this
            elif isinstance(node, exp.Column) and node.name in self.parts:
                node = _tree(self.parts[node.name])
            elif isinstance(node, exp.Cast) and isinstance(node.this, exp.Literal) and not node.this.is_string:
                node = node.this
            else:
                return node

    def _named(self, sql: str) -> str:
        """The column of a fact, or of what is computed beforehand."""
        if sql.startswith('"') and sql.count('"') == 2 and sql.endswith('"'):
            name = sql[1:-1].replace(".", "_")
            self.columns[name] = sql
            return name
        for name, known in self.given.items():
            if known == sql:
                return name
        name = f"given_{len(self.given)}"
        self.given[name] = sql
        return name


@cache
def _tree(sql: str) -> exp.Expr:
    """What is written, with months added by a name of our own: sqlglot takes theirs for days when it writes it again."""
    return sqlglot.parse_one(sql.replace("DATE_ADD(", "PLUS_MONTHS("), dialect="duckdb")


def _coalesce(nodes: list[exp.Expr]) -> exp.Expr:
    return exp.Coalesce(this=nodes[0], expressions=nodes[1:]) if len(nodes) > 1 else nodes[0]


def _day(node: exp.Expr) -> int | None:
    """A day that is written out, as a number of days."""
    if isinstance(node, exp.Cast) and isinstance(node.this, exp.Literal) and node.to.is_type("date"):
        return date.fromisoformat(node.this.name).toordinal() - EPOCH
    return None
