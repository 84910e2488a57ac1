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
    sentences,
)
from pipelines.home.settings import TEMPLATE, Settings
from tests.sentences import sentences as cut

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


# ------------------------------------------------------------------ sentence by sentence

TEXTS = REPO.parent / "shared" / "domain"  # beside the tree, where the texts are


def test_every_sentence_has_a_rule_or_says_why_none_and_every_rule_has_a_sentence():
    found = sentences()
    assert len({s.id for s in found}) == len(found)
    assert all(bool(s.rules) != bool(s.why) for s in found)
    assert {rule for s in found for rule in s.rules} == {r.id for r in rules()}
    assert all(re.fullmatch(r"[0-9a-f]{16}", s.digest) and s.says for s in found)
    assert rules_markdown().count("\n| § 9") >= 200


def test_what_struck_sentences_say_is_no_rule_but_those_that_stand_in_the_adopted_code():
    """§ 968(a)-(b): their rules are marked; of all else that is struck no rule is made."""
    struck = {r.id for r in rules() if r.struck == "struck"}
    places = ("§ 968(a)", "§ 968(b)")
    assert struck == {rule for s in sentences() if s.id.startswith(places) for rule in s.rules}


@pytest.mark.skipif(not TEXTS.is_dir(), reason="the texts of the law are not beside the tree")
def test_no_sentence_of_the_texts_is_missing():
    """One that is new, gone or says something else has another place or digest."""
    there = [(place, mark) for place, mark, _ in cut(TEXTS)]
    assert [(s.id, s.digest) for s in sentences()] == there


def test_a_text_is_cut_into_sentences_by_its_labels(tmp_path):
    (tmp_path / "carpos-regulation-third-modification.txt").write_text(
        "§ 970. Made up.\n\n(a) One ~~old~~ thing. Another\n\nOAL Register 1\n\nthing of it.\n\n"
        "- (1) A part:\n- (2) Another; And more.\n\n~~(c)~~(b) A last one.\n"
    )
    page = tmp_path / "data-request-process.txt"
    page.write_text("Title\n\n  • A System (RIPA)\n    It is so. The I.D. Number is not.\n")
    found = [(place, " ".join(text.split())) for place, _, text in cut(tmp_path)]
    assert [place for place, _ in found] == [
        "§ 970 1", "§ 970(a) 1", "§ 970(a) 2", "§ 970(a)(1) 1", "§ 970(a)(2) 1", "§ 970(a)(2) 2",
        "§ 970(b) 1", "page 1", "page RIPA 1", "page RIPA 2",
    ]  # fmt: skip
    assert found[2][1] == "Another thing of it."
    marks = [mark for _, mark, _ in cut(tmp_path)]
    page.write_text("Title\n\n  • A System (RIPA)\n    It IS -  so. The I.D. number is known.\n")
    now = [mark for _, mark, _ in cut(tmp_path)]
    assert (now[:-1], now[-1] == marks[-1]) == (marks[:-1], False)


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
