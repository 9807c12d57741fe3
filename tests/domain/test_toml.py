"""Files that people write: where each word stands, and everything that is wrong with them in one reading."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from monitor.domain.errors import ConfigError
from monitor.domain.toml import SIZE_LIMIT, Located, nearest, parse, validate


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Post(Strict):
    host: str = "localhost"
    port: Annotated[int, Field(ge=1)] = 25


class Officer(Strict):
    name: str
    since: date | None = None


class District(Strict):
    """What the tests' files may say."""

    title: str
    post: Post = Post()
    officer: list[Officer] = []


FILE = """title = "Works"
[post]
host = "mail" # the old one
port = 25
[post.relay]
"主机" = "backup"
[[officer]]
name = "Chen"
seat = { floor = 3, room = { number = 12 } }
[[officer]]
name = "Li"
[officer.deputy]
name = "Wang"
[[officer.file]]
page = [10, { line = 4 }]
"""


def text_at(located: Located, place: tuple[int, int], length: int) -> str:
    line, column = place
    return located.text.split("\n")[line - 1][column - 1 : column - 1 + length]


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (("title",), (1, 1)),
        (("post",), (2, 2)),
        (("post", "port"), (4, 1)),
        (("post", "relay"), (5, 2)),
        (("post", "relay", "主机"), (6, 1)),
        (("officer", 0), (7, 3)),
        (("officer", 0, "seat", "floor"), (9, 10)),
        (("officer", 0, "seat", "room", "number"), (9, 30)),
        (("officer", 1), (10, 3)),
        (("officer", 1, "name"), (11, 1)),
        (("officer", 1, "deputy"), (12, 2)),
        (("officer", 1, "deputy", "name"), (13, 1)),
        (("officer", 1, "file", 0), (14, 3)),
        (("officer", 1, "file", 0, "page", 0), (15, 9)),
        (("officer", 1, "file", 0, "page", 1, "line"), (15, 15)),
    ],
    ids=lambda value: ".".join(map(str, value)),
)
def test_every_key_has_its_place(path: tuple[str | int, ...], place: tuple[int, int]) -> None:
    assert parse(FILE, "office.toml").key_at(path) == place


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (("post", "sender"), (2, 2)),
        (("officer", 1, "age"), (10, 3)),
        (("officer", 0, "seat", "room", "door"), (9, 21)),
        (("nothing", "of", "this"), (1, 1)),
    ],
    ids=["table", "element", "inline table", "nowhere"],
)
def test_what_is_not_written_stands_at_the_nearest_thing_around_it(
    path: tuple[str | int, ...], place: tuple[int, int]
) -> None:
    assert parse(FILE, "office.toml").key_at(path) == place


RULE = '''"说" = "甲 乙 wrong"
[rule]
when = """
first wrong
  second wrong"""
then = """one
two wrong"""
last = 'a wrong'
'''


def test_a_character_inside_a_text_is_found() -> None:
    located = parse(RULE, "r.toml")
    for path in (("说",), ("rule", "then"), ("rule", "last")):
        value = located.values
        for step in path:
            value = value[step]
        assert text_at(located, located.inside(path, str(value).index("wrong")), 5) == "wrong"
    when = located.values["rule"]["when"]
    assert located.inside(("rule", "when"), when.index("wrong")) == (4, 7)
    assert located.inside(("rule", "when"), when.rindex("wrong")) == (5, 10)
    assert located.inside(("rule", "missing"), 3) == (2, 2)


@settings(derandomize=True, database=None, deadline=None, max_examples=60)
@given(st.lists(st.text("ab甲é😀 #[]{}='", max_size=8), min_size=1, max_size=6), st.integers(0, 5))
def test_columns_count_characters_whatever_stands_before(words: list[str], at: int) -> None:
    keys = [f'"{number}{word}" = 1' for number, word in enumerate(words)]
    located = parse(f"甲乙 = {{ {', '.join(keys)} }}".replace("甲乙", '"甲乙"'), "t.toml")
    number = at % len(words)
    place = located.key_at(("甲乙", f"{number}{words[number]}"))
    assert text_at(located, place, len(keys[number])) == keys[number]


def test_all_faults_come_at_once_in_the_order_of_the_file() -> None:
    text = '[post]\nhots = "mail"\nport = "many"\n[[officer]]\nname = "Chen"\nsicne = 2020-01-01\n[[officer]]\n'
    with pytest.raises(ConfigError) as refused:
        validate(parse(text, "office.toml"), District)
    assert refused.value.message.splitlines() == [
        "office.toml:1:1  title: must be given",
        "    [post]",
        "    ^",
        'office.toml:2:1  post.hots: unknown key; did you mean "host"?',
        '    hots = "mail"',
        "    ^^^^",
        "office.toml:3:1  post.port: Input should be a valid integer, unable to parse string as an integer",
        '    port = "many"',
        "    ^^^^",
        'office.toml:6:1  officer.0.sicne: unknown key; did you mean "since"?',
        "    sicne = 2020-01-01",
        "    ^^^^^",
        "office.toml:7:3  officer.1.name: must be given",
        "    [[officer]]",
        "      ^",
    ]


def test_a_file_that_is_right_is_read_as_it_says() -> None:
    made = validate(parse('title = "工程"\n[[officer]]\nname = "Chen"\nsince = 2020-02-29\n', "office.toml"), District)
    assert made == District(title="工程", officer=[Officer(name="Chen", since=date(2020, 2, 29))])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("title = Works", "not TOML: Invalid value .at line 1"),
        ("a = 1\na = 2\n", "not TOML: Cannot overwrite a value .at line 2"),
        ("since = 2026-02-30", "not TOML: Invalid date"),
        ("a = " + "9" * 5000, "not TOML: Exceeds the limit"),
        ("a = " + "[" * 20_000, "nested too deeply"),
        ("a = " + "{ a = " * 20_000, "nested too deeply"),
        ("#" * (SIZE_LIMIT + 1), "larger than 1024 KiB"),
    ],
    ids=["no value", "twice", "no such day", "a number nobody writes", "deep arrays", "deep tables", "too long"],
)
def test_what_is_no_file_of_a_person_is_refused_in_a_sentence(text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=rf"^office\.toml: {words}"):
        parse(text, "office.toml")


def test_the_largest_file_a_person_may_write_is_read() -> None:
    assert parse("a = 1\n" + "#" * (SIZE_LIMIT - 6), "office.toml").values == {"a": 1}


def test_only_a_near_word_is_suggested() -> None:
    assert nearest("prot", ["port", "host"]) == '; did you mean "port"?'
    assert nearest("colour", ["port", "host"]) == ""


def test_comments_inside_a_list_are_no_elements() -> None:
    located = parse('packs = [ # those in use\n  "core", # always\n  "cn",\n]\n', "config.toml")
    assert (located.key_at(("packs", 0)), located.key_at(("packs", 1))) == ((2, 3), (3, 3))


def test_an_excerpt_is_the_line_the_fault_is_in_whatever_separators_stand_above() -> None:
    located = parse("# a\u2028b\nx = 1\ny = 2\n", "config.toml")
    assert located.fault(*located.key_at(("y",)), "bad").excerpt == "y = 2"
