"""The rule table points only to things that exist, and leaves no rule out."""

import functools
import importlib
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from approvals.clocks.calendars import Counting
from approvals.clocks.clocks import CLOCKS
from approvals.deadlines.notices import SUBJECTS
from approvals.gate.gate import RULES
from approvals.ledger.events import KINDS
from approvals.project.lifecycle import MOVES
from docs.rules import (
    KNOWN,
    differences,
    questions,
    questions_markdown,
    rules,
    rules_json,
    rules_markdown,
)
from pipelines.home.settings import TEMPLATE, Settings

REPO = Path(__file__).parents[3]
ROOM = REPO / "approvals"


def exists(where: str) -> bool:
    """A dotted name that can be imported, or a file of the repository."""
    if "/" in where:
        return (REPO / where).is_file()
    module, _, name = where.rpartition(".")
    try:
        return hasattr(importlib.import_module(module), name)
    except ModuleNotFoundError:
        return exists_in_class(module, name)


@functools.cache
def notice_text(where: str) -> str:
    """The conditions of one kind of release, as the data system's file states them."""
    path, kind = re.fullmatch(r"(\S+) \(conditions, (\w+)\)", where).groups()
    stated = _stated(path)["conditions"]
    return "\n".join(f"{one['head']}\n{one['text']}" for one in stated if kind in one["kinds"])


@functools.cache
def _stated(path: str) -> dict[str, Any]:
    return tomllib.loads((REPO / path).read_text(encoding="utf-8"))


def exists_in_class(module: str, name: str) -> bool:
    outer, _, cls = module.rpartition(".")
    return hasattr(getattr(importlib.import_module(outer), cls), name)


CODE_OF_DEADLINES = (ROOM / "deadlines" / "deadlines.py").read_text(encoding="utf-8")

HOMES = {
    "application": exists,
    "gate": lambda where: where in {
        f"{r.check.__module__}.{r.check.__name__}" for r in RULES
    },
    "custody": exists,
    "output": exists,
    "clock": lambda where: where in {c.name for c in CLOCKS},
    "deadline": lambda where: f'"{where}"' in CODE_OF_DEADLINES,
    "event": lambda where: where in KINDS,
    "move": lambda where: where in {m.event for m in MOVES},
    "letter": lambda where: where in SUBJECTS,
    "notice": lambda where: bool(notice_text(where)),
}  # fmt: skip


def test_every_rule_stands_once_and_in_order():
    assert [r.id for r in rules()] == [f"C-{n:02d}" for n in range(1, len(rules()) + 1)]
    assert len(rules()) > KNOWN


@pytest.mark.parametrize("rule", rules(), ids=lambda r: r.id)
def test_what_enforces_a_rule_is_there_and_so_is_its_test(rule):
    for kind, where in rule.homes():
        assert HOMES[kind](where), (kind, where)
    path, _, name = rule.test.partition("::")
    assert re.search(rf"^def {name}\(", (REPO / path).read_text(encoding="utf-8"), re.MULTILINE)
    assert rule.homes()


@pytest.mark.parametrize(
    "rule", [r for r in rules() if "notice:" in r.enforced_by], ids=lambda r: r.id
)
def test_notices_stand_in_the_conditions(rule):
    """The text names the subdivision, alone or within a range such as (d)-(f)."""
    section, letter = re.match(r"§ (\d+)\((\w)\)", rule.section).groups()
    for kind, where in rule.homes():
        if kind == "notice":
            text = notice_text(where)
            named = set(re.findall(rf"§§? {section}\((\w)\)", text))
            named |= set(re.findall(r"[,;] \((\w)\)", text))
            for first, last in re.findall(rf"§§? {section}\((\w)\)-\((\w)\)", text):
                named |= {chr(c) for c in range(ord(first), ord(last) + 1)}
            whole = re.search(rf"§§? (?:\d+\(\w\), )?{section}(?!\(|\d)", text)
            assert letter in named or whole, rule.section


def test_every_rule_that_the_gate_names_is_one(home):
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOM / "gate").glob("*.py"))
    named = set(re.findall(r'"(C-\d\d)"', source))
    assert len(named) > 20, "the gate's sources were not found"
    assert named <= {r.id for r in rules()}
    for clock in CLOCKS:
        rule = next(r for r in rules() if r.id == clock.rule)
        assert f"clock: {clock.name}" in rule.enforced_by


def test_a_rule_says_where_it_stands_and_a_clock_of_a_struck_one_does_not_run_under_that_text():
    struck = {r.id for r in rules() if r.struck == "struck"}
    assert struck == {"C-67", "C-68", "C-69"}
    followed = Counting(text="third_modifications")
    assert {c.rule for c in CLOCKS if not c.runs(followed)} == struck - {"C-67"}  # has no clock
    assert all(c.runs(Counting()) for c in CLOCKS)
    about = {name for d in differences() for name in d.about}
    assert {r.id for r in rules() if r.struck} <= about
    assert about <= {r.id for r in rules()} | {q.id for q in questions()}


def test_for_machines_and_for_people():
    records = json.loads(rules_json())
    assert len(records) == len(rules())
    assert {"id", "section", "enforced_by", "test"} <= set(records[0])
    assert rules_markdown().count("\n| C-") == len(rules())


# ------------------------------------------------------------------ questions for counsel


@pytest.mark.parametrize("question", questions(), ids=lambda q: q.id)
def test_a_question_names_its_switch_and_the_default_that_the_settings_have(question):
    known = {r.id for r in rules()}
    assert set(question.rules) <= known
    assert question.question.endswith("?")
    if not question.switch:
        assert question.fixed
        return
    section, name = question.switch.split(".")
    default = getattr(getattr(Settings(), section), name)
    assert (list(default) if isinstance(default, tuple) else default) == question.default
    written = tomllib.loads(TEMPLATE)[section][name]
    assert written == question.default


def test_the_page_for_counsel_has_every_question_and_the_rules_point_to_it():
    page = questions_markdown()
    assert all(f"**{q.id}**" in page for q in questions())
    assert len({q.id for q in questions()}) == len(questions())
    rows = {r["id"]: r["questions"] for r in json.loads(rules_json())}
    assert rows["C-24"] == ["waiting-day"]
    assert "public-agency" in rows["C-12"]


def test_every_switch_of_approvals_that_the_law_leaves_open_has_its_question():
    """What is plain policy, and not a reading of the law, is named here."""
    policy = {"checks_by_two", "review_required", "member_acknowledgments", "soft_papers", "evidence_notice_days",
              "review_notice_days"}  # fmt: skip
    asked = {q.switch.removeprefix("approvals.") for q in questions()}
    assert set(type(Settings().approvals).model_fields) <= asked | policy
