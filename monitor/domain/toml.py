"""TOML that people write: read strictly, and every fault shown at once with line, column and the nearest right word.

tomllib reads the values; tree-sitter finds where each stands, which tomllib does not tell.
"""

from __future__ import annotations

import difflib
import pathlib
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import tree_sitter_toml
from pydantic import BaseModel, ValidationError
from tree_sitter import Language, Node, Parser

from monitor.domain.errors import ConfigError

SIZE_LIMIT = 2**20  # tomllib takes 21 s for one string of 50 MB

Path = tuple[str | int, ...]
Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong in a file. `line` and `column` count from 1; `excerpt` is shown with a caret under `column`."""

    where: str
    line: int
    column: int
    message: str
    excerpt: str = ""
    width: int = 1

    def __str__(self) -> str:
        head = f"{self.where}:{self.line}:{self.column}  {self.message}"
        if not self.excerpt:
            return head
        return f"{head}\n    {self.excerpt}\n    {' ' * (self.column - 1)}{'^' * max(1, self.width)}"


@dataclass(frozen=True, slots=True)
class Located:
    """A parsed file: its values, its text, and the place of every key and value."""

    where: str
    text: str = field(repr=False)
    values: dict[str, Any] = field(repr=False)
    keys: dict[Path, tuple[int, int]] = field(default_factory=dict)
    strings: dict[Path, tuple[int, int]] = field(default_factory=dict)
    lines: list[bytes] = field(default_factory=list, repr=False)

    def key_at(self, path: Sequence[str | int]) -> tuple[int, int]:
        """Line and column of a key, or of the nearest thing around it that is written down."""
        steps = tuple(path)
        while steps and steps not in self.keys:
            steps = steps[:-1]
        return self.keys.get(steps, (1, 1))

    def inside(self, path: Sequence[str | int], offset: int) -> tuple[int, int]:
        """Line and column of the character at `offset` inside the string that stands at `path`."""
        start = self.strings.get(tuple(path))
        if start is None:
            return self.key_at(path)
        line, column = start
        before = str(_at(self.values, path))[:offset]
        newlines = before.count("\n")
        if newlines:
            return line + newlines, len(before) - before.rfind("\n")
        return line, column + offset

    def fault(self, line: int, column: int, message: str, *, width: int = 1) -> Fault:
        """A fault at a place of this file, with its line shown."""
        lines = self.text.split("\n")  # splitlines() also breaks at U+2028 and others, TOML does not
        excerpt = lines[line - 1] if 0 < line <= len(lines) else ""
        return Fault(where=self.where, line=line, column=column, message=message, excerpt=excerpt, width=width)


def read(path: pathlib.Path, where: str) -> str:
    """The text of a file that people write. Raises ConfigError when it is not UTF-8, as an editor of another encoding leaves it,
    or cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{where}: is not UTF-8 text", hint="save it as UTF-8") from error
    except OSError as error:
        raise ConfigError(f"{where}: {error.strerror or error}", hint="who may read it?") from error


def parse(text: str, where: str) -> Located:
    """Read TOML. Raises ConfigError with the place when it is no TOML, or longer than a person writes."""
    if len(text) > SIZE_LIMIT:
        raise ConfigError(
            f"{where}: larger than {SIZE_LIMIT // 1024} KiB", hint="this is not a file that a person wrote"
        )
    try:
        values = tomllib.loads(text)
    except ValueError as error:  # TOMLDecodeError is one; so is what int() says of 5,000 digits
        raise ConfigError(f"{where}: not TOML: {error}") from error
    except RecursionError as error:
        raise ConfigError(f"{where}: nested too deeply") from error
    located = Located(where, text, values, lines=text.encode().split(b"\n"))
    root = Parser(Language(tree_sitter_toml.language())).parse(text.encode()).root_node
    _walk_table(root, (), located, {})
    return located


def validate(located: Located, model: type[Model]) -> Model:
    """The whole file as `model`. Raises ConfigError that lists every fault, a line each, in the order of the file."""
    made, faults = examine(located, model, located.values)
    if made is None:
        raise ConfigError("\n".join(str(fault) for fault in in_order(faults)))
    return made


def examine(
    located: Located, model: type[Model], values: Mapping[str, Any], at: Path = ()
) -> tuple[Model | None, list[Fault]]:
    """Values that stand at `at` in the file as `model`, or what is wrong with them."""
    try:
        return model.model_validate(values), []
    except ValidationError as error:
        return None, [_explain(located, model, dict(item), at) for item in error.errors(include_url=False)]


def in_order(faults: list[Fault]) -> list[Fault]:
    """Faults as the file is read, downwards."""
    return sorted(faults, key=lambda fault: (fault.line, fault.column))


def nearest(word: str, words: Sequence[str]) -> str:
    """`; did you mean "port"?` when a known word is close, else nothing.

    >>> nearest("prot", ["port", "host"])
    '; did you mean "port"?'
    """
    near = difflib.get_close_matches(word, words, n=1, cutoff=0.5)
    return f'; did you mean "{near[0]}"?' if near else ""


def _explain(located: Located, model: type[BaseModel], item: dict[str, Any], at: Path) -> Fault:
    own = tuple(step for step in item["loc"] if step != "[key]")
    path = (*at, *own)
    line, column = located.key_at(path)
    dotted = ".".join(str(step) for step in path)
    if item["type"] == "extra_forbidden":
        message = f"{dotted}: unknown key{nearest(str(own[-1]), _fields(model, own[:-1]))}"
    elif item["type"] == "missing":
        message = f"{dotted}: must be given"
    else:
        message = f"{dotted}: {item['msg'].removeprefix('Value error, ')}"
    return located.fault(line, column, message, width=len(str(path[-1])) if path and path in located.keys else 1)


def _fields(model: type[BaseModel], path: Path) -> list[str]:
    """The keys that may stand at `path`."""
    current: Any = model
    for step in path:
        fields = getattr(current, "model_fields", {})
        found = [f for name, f in fields.items() if step in (name, f.alias)]
        if found:
            current = next(_models(found[0].annotation), None)
        elif isinstance(step, str) and current is not None:
            current = next((m for m in _models(current) if m.__name__.lower().startswith(step)), current)
    return [f.alias or name for name, f in getattr(current, "model_fields", {}).items()]


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in getattr(annotation, "__args__", ()):
        yield from _models(part)


def _at(values: Any, path: Sequence[str | int]) -> Any:
    for step in path:
        values = values[step]
    return values


def _walk_table(node: Node, base: Path, located: Located, counts: dict[Path, int]) -> None:
    for child in node.named_children:
        if child.type == "pair":
            _walk_pair(child, base, located)
        elif child.type in ("table", "table_array_element"):
            head = child.named_children[0]
            path = _absolute(_key_steps(head), counts)
            if child.type == "table_array_element":
                number = counts[path] = counts.get(path, -1) + 1
                located.keys.setdefault(path, _place(head, located))
                path = (*path, number)
            located.keys[path] = _place(head, located)
            for pair in child.named_children[1:]:
                if pair.type == "pair":
                    _walk_pair(pair, path, located)


def _absolute(steps: list[str], counts: dict[Path, int]) -> Path:
    """`[a.b]` after `[[a]]` means the newest element of `a`."""
    path: Path = ()
    for step in steps[:-1]:
        path = (*path, step)
        if path in counts:
            path = (*path, counts[path])
    return (*path, steps[-1])


def _walk_pair(node: Node, base: Path, located: Located) -> None:
    key, value = node.named_children[0], node.named_children[-1]
    path = base
    for step in _key_steps(key):
        path = (*path, step)
        located.keys.setdefault(path, _place(key, located))
    _walk_value(value, path, located)


def _walk_value(value: Node, path: Path, located: Located) -> None:
    if value.type == "string":
        raw = value.text or b""
        row, column = _place(value, located)
        opening = 3 if raw[:3] in (b'"""', b"'''") else 1
        if opening == 3 and raw[3:4] == b"\n":
            located.strings[path] = (row + 1, 1)
        else:
            located.strings[path] = (row, column + opening)
    elif value.type == "inline_table":
        _walk_table(value, path, located, {})
    elif value.type == "array":
        for number, item in enumerate(item for item in value.named_children if item.type != "comment"):
            located.keys[(*path, number)] = _place(item, located)
            _walk_value(item, (*path, number), located)


def _key_steps(node: Node) -> list[str]:
    if node.type == "dotted_key":
        return [step for child in node.named_children for step in _key_steps(child)]
    text = (node.text or b"").decode()
    return [text[1:-1] if node.type == "quoted_key" else text]


def _place(node: Node, located: Located) -> tuple[int, int]:
    """Line and column in characters, from 1; tree-sitter counts bytes from 0."""
    row, start = node.start_point
    return row + 1, len(located.lines[row][:start].decode(errors="replace")) + 1
