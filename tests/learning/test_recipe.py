"""Recipes are read as strictly as rules: every fault with its place, and no way out of the language of facts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from monitor.config import shelf
from monitor.domain.errors import ConfigError
from monitor.domain.workdays import WorkCalendar
from monitor.learning import recipe
from monitor.learning.recipe import Asked

Calendars = dict[str, WorkCalendar]
SHIPPED = shelf("models")
SLIP = (SHIPPED / "milestone_slip" / "recipe.toml").read_text(encoding="utf-8")
SMALL = "[estimator]\ntrees = 15\nrounds = 15\n[trial]\ncuts = 2\nfolds = 2\n[snapshots]\nmonths = 6\nyears = 3\n"
"""Sizes that train in seconds."""


PAIRS = 'pairs = [["kind", "unit"], ["title", "unit"]]\n'


def slip(name: str, **other: str) -> str:
    """The shipped recipe about milestones under another name, with pairs and in sizes of our own; `other` sizes than `SMALL`."""
    small = SMALL
    for key, value in other.items():
        small = re.sub(rf"^{key} = .*$", f"{key} = {value}", small, flags=re.M)
    text = re.sub(r"^pairs = .*\n", "", SLIP, flags=re.M).replace("\n[facts.role.kind]", f"{PAIRS}\n[facts.role.kind]")
    return text.replace('id = "milestone_slip"', f'id = "{name}"').replace("[warns]", f"{small}\n[warns]")


def shelve(folder: Path, **recipes: str) -> Path:
    """A shelf with these recipes, each in the folder of its name."""
    for name, text in recipes.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / "recipe.toml").write_text(text, encoding="utf-8")
    return folder


def load(calendars: Calendars, *shelves: Path) -> tuple[Asked, ...]:
    return recipe.load(shelves, calendars, default_calendar="CN")


@dataclass(frozen=True, slots=True)
class Wrong:
    """One fault: what is written in place of what, the word that the caret is under, and what is said of it."""

    old: str
    new: str
    caret: str
    says: str


DUE, OPEN = 'due = "obligation.due_on"', 'asked_of = "as_of <= obligation.due_on + limit.grace_days"'
ROLE = 'fact = "contract.kind"'
WRONG = {
    "unknown_key": Wrong("early_days = 180", "early_dayz = 180", "early_dayz", 'unknown key; did you mean "early_days"?'),
    "no_key": Wrong("certain_by =", "# certain_by =", "outcome]", "outcome.certain_by: must be given"),
    "out_of_range": Wrong("share = 0.2", "share = 1.5", "share", "warns.blue.share: Input should be less than 1"),
    "unknown_fact": Wrong(
        DUE, 'due = "obligation.due_onn"', "obligation.due_onn", '"obligation.due_onn"; did you mean "obligation.due_on"?',
    ),
    "without_subject": Wrong(DUE, 'due = "due_on"', "due_on", 'unknown fact "due_on"; did you mean "obligation.due_on"?'),
    "unknown_limit": Wrong(OPEN, 'asked_of = "as_of <= limit.grace_day"', "limit.grace_day", 'did you mean "limit.grace_days"?'),
    "unknown_number": Wrong(
        '"obligation.due_moves"', '"obligation.due_move"', '"obligation.due_move"', 'did you mean "obligation.due_moves"?',
    ),
    "number_of_text": Wrong(
        '"obligation.due_moves"', '"obligation.title"', '"obligation.title"', "gives VARCHAR; it must give a number"
    ),
    "wrong_type": Wrong(DUE, 'due = "obligation.title"', "obligation.title", "population.due: gives VARCHAR; it must give DATE"),
    "no_condition": Wrong(OPEN, 'asked_of = "obligation.due_on"', "obligation.due_on", "gives DATE; it must give BOOLEAN"),
    "role_of_day": Wrong(ROLE, 'fact = "contract.signed_on"', "contract.signed_on", "gives DATE; it must give VARCHAR"),
    "function": Wrong(
        DUE, "due = \"add_month(obligation.due_on, 1)\"", "add_month", 'not allowed; did you mean "add_months"?',
    ),
    "later_too_soon": Wrong(OPEN, 'asked_of = "later.done_on is null"', "later.done_on", 'unknown fact "later.done_on"'),
    "later_of_another": Wrong(
        "good_on = \"case when later.done_on", "good_on = \"case when later.signed_on", "later.signed_on",
        'unknown fact "later.signed_on"',
    ),
    "pair_of_no_role": Wrong('["title", "unit"]', '["titel", "unit"]', "", 'pair "titel" is no role; did you mean "title"?'),
    "not_an_expression": Wrong(DUE, 'due = "obligation.due_on +"', "", "population.due: not an expression"),
}  # fmt: skip


@pytest.fixture(scope="module")
def told(calendars: Calendars, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What was said of each faulty recipe: all of them lie on one shelf, and all are told of at once."""
    folder = tmp_path_factory.mktemp("shelf")
    for name, wrong in WRONG.items():
        assert wrong.old in slip(name), f"the shipped recipe has no {wrong.old}"
        shelve(folder, **{name: slip(name).replace(wrong.old, wrong.new)})
    shelve(folder, other_name=slip("some_name"))
    shelve(folder, no_toml="id = = 1")
    with pytest.raises(ConfigError) as caught:
        load(calendars, folder)
    found: dict[str, list[str]] = {}
    for line in caught.value.message.split("\n"):
        if head := re.match(r"models/(\w+)/recipe.toml", line):
            name = head[1]
        found.setdefault(name, []).append(line)
    return found


def test_the_recipes_that_ship_are_read(calendars: Calendars) -> None:
    found = {asked.recipe.id: asked for asked in load(calendars, SHIPPED)}
    assert set(found) == {path.parent.name for path in SHIPPED.glob("*/recipe.toml")} >= {"milestone_slip"}
    slip = found["milestone_slip"]
    assert slip.recipe.subject == "obligation"
    assert set(slip.later) == {"done_on", "status", "gone_on"}
    assert slip.then == ("obligation.due_on",), "the day as it stood when asked"
    assert recipe.named(list(found.values()), "milestone_slip") is slip


@pytest.mark.parametrize("name", WRONG)
def test_a_fault_is_told_with_file_line_caret_and_the_nearest_word(told: dict[str, list[str]], name: str) -> None:
    wrong, (head, *shown) = WRONG[name], told[name]
    lines = slip(name).replace(wrong.old, wrong.new).split("\n")
    place = re.match(rf"models/{name}/recipe\.toml:(\d+):(\d+)  (.*)", head)
    assert place is not None
    line, column, said = int(place[1]), int(place[2]), place[3]
    assert wrong.says in said
    assert shown[0].removeprefix("    ") == lines[line - 1]
    assert shown[1].removeprefix("    ").index("^") == column - 1
    assert lines[line - 1][column - 1 :].startswith(wrong.caret)
    assert len(shown) == 2, "one fault, told once"


def test_a_recipe_lies_in_the_folder_of_its_name(told: dict[str, list[str]]) -> None:
    assert 'id "some_name" is not the folder\'s name "other_name"' in told["other_name"][0]
    assert "not TOML" in told["no_toml"][0]


def test_there_is_no_recipe_of_that_name(calendars: Calendars) -> None:
    with pytest.raises(ConfigError, match='did you mean "milestone_slip"'):
        recipe.named(load(calendars, SHIPPED), "milestone_slips")


def test_an_agencys_own_shelf_replaces_and_adds(calendars: Calendars, tmp_path: Path) -> None:
    own = slip("milestone_slip").replace("Milestone may be late", "Our own question")
    before = {asked.recipe.id: asked for asked in load(calendars, SHIPPED)}
    after = {a.recipe.id: a for a in load(calendars, SHIPPED, shelve(tmp_path, milestone_slip=own, ours=slip("ours")))}
    assert set(after) == {*before, "ours"}
    assert after["milestone_slip"].recipe.title.en == "Our own question"
    assert after["milestone_slip"].hash != before["milestone_slip"].hash
    assert after["contract_stall"].hash == before["contract_stall"].hash


OUT = {
    "read": "fact = \"(select content from read_text('/etc/passwd'))\"",
    "function": "fact = \"getenv('HOME')\"",
    "another_table": 'fact = "(select name from party limit 1)"',
    "two_statements": 'fact = "contract.kind; drop table seen"',
    "closed_too_soon": "fact = \"contract.kind) as kind, (select 'x'\"",
    "comment": 'fact = "contract.kind) --"',
    "quoted_name": "fact = '\"contract.kind\"::varchar || (select 1)'",
    "later_everywhere": 'fact = "later.status"',
    "a_name": 'fact = "contract.kind"\nwords = { zh = "甲", en = "A" }\n[facts.role."k\\" from party --"]\nfact = ""',
}
"""What somebody might write to get at more than facts of the day."""


def test_no_expression_leads_out_of_the_facts(calendars: Calendars, tmp_path: Path) -> None:
    for name, role in OUT.items():
        shelve(tmp_path, **{name: slip(name).replace(ROLE, role)})
    fact = '"obligation.side\\" from party --"'
    shelve(tmp_path, category=slip("category").replace('"obligation.side"', fact))
    shelve(tmp_path, number=slip("number").replace('"obligation.due_moves"', fact))
    shelve(tmp_path, limit=slip("limit").replace("grace_days = 30", 'grace_days = "30) or (select true"'))
    with pytest.raises(ConfigError) as caught:
        load(calendars, tmp_path)
    refused = set(re.findall(r"models/(\w+)/recipe.toml:\d+:\d+  ", caught.value.message))
    assert refused == {*OUT, "category", "number", "limit"}


# --- what would otherwise be found out too late ---

TAKEN = {
    "a_column_of_every_table": slip("a").replace("[facts.role.kind]", "[facts.role.delay]").replace('"kind"', '"delay"'),
    "a_column_of_our_own": slip("a").replace("[facts.role.kind]", "[facts.role.ripe]").replace('"kind"', '"ripe"'),
    "a_fact_named_twice": slip("a").replace('categories = [', 'categories = ["obligation.due_moves", '),
}  # fmt: skip


@pytest.mark.parametrize("name", TAKEN)
def test_a_name_that_tables_have_already_is_a_fault_of_the_file(
    calendars: Calendars, tmp_path: Path, name: str
) -> None:
    with pytest.raises(ConfigError, match=r"recipe.toml:\d+:\d+"):
        load(calendars, shelve(tmp_path, a=TAKEN[name]))


def test_a_recipe_that_is_no_text_is_a_fault_of_the_file(calendars: Calendars, tmp_path: Path) -> None:
    (shelve(tmp_path, a=slip("a")) / "a" / "recipe.toml").write_bytes("title = 名".encode("gb18030"))
    with pytest.raises(ConfigError, match="UTF-8"):
        load(calendars, tmp_path)
