"""No project is told another system's law: clocks, moves, needs, reasons and conditions of each system and kind."""

import tomllib
from dataclasses import replace
from datetime import date
from importlib import resources
from pathlib import Path

import pytest
from laws import SYSTEMS, cited, foreign, named
from whole_facts import whole

from approvals.application.system_terms import terms_of
from approvals.clocks.clocks import CLOCKS, DATED, Counting
from approvals.deadlines.deadlines import of_project
from approvals.gate.gate import check
from approvals.gate.model import ReleaseRequest
from approvals.ledger.events import KINDS
from approvals.ledger.ledger import Entry
from approvals.project.evidence import CONDITIONS, FOLLOWS
from approvals.project.lifecycle import MOVES, State
from approvals.project.state import ProjectState
from systems.description.loading import load_system

KINDS_OF = {code: tuple(load_system(code).given_kinds) for code in SYSTEMS}
PROJECTS = [(code, (kind,)) for code in SYSTEMS for kind in KINDS_OF[code]]
PROJECTS += [(code, KINDS_OF[code]) for code in SYSTEMS]
TODAY = date(2026, 11, 23)


def project(code: str, kinds: tuple[str, ...]) -> ProjectState:
    return ProjectState(
        number="2026-001", form="standard", system=code, kinds=kinds, recorded=State.APPROVED,
        application_digest="a" * 64, submitted_on=TODAY, last_event=1, approved_on=TODAY,
        expires=date(2027, 11, 23), terms=terms_of(code),
    )  # fmt: skip


def test_the_oracle_reads_sections():
    assert cited("(§§ 964(k), 966(b)(12)(D)) § 828.4(f)-(g), Pen. Code §§ 13010.5(b), 13202") == {
        "964(k)", "966(b)", "828.4(f)", "13010.5(b)", "13202",
    }  # fmt: skip
    assert foreign("§ 966(i)", "CURES") == {"966(i)"}
    assert foreign("§ 966(i), § 964(i)", "CARPOS", tables=True) == {"966(i)"}
    assert not foreign("§ 966(i)", "CARPOS")
    assert "828.4(c)" in named("CURES")


@pytest.mark.parametrize(("code", "kinds"), PROJECTS, ids=str)
def test_every_section_that_stands_in_a_table_is_said_in_the_systems_own_law(code, kinds):
    state = project(code, kinds)
    reasons = tomllib.loads((resources.files("approvals") / "reasons.toml").read_text("utf-8"))
    sections = {
        *(clock.section for clock in CLOCKS),
        *(row["section"] for row in DATED.values()),
        *(move.section for move in MOVES),
        *(follows.section for follows in FOLLOWS.values()),
        *(section for needs in CONDITIONS.values() for section, _ in needs),
        *(row["section"] for row in reasons.values()),
    }
    assert len(sections) > 50
    for section in sections:
        said = state.cite(section)
        assert said, section
        assert not foreign(said, code, tables=state.tables_only), (section, said)


@pytest.mark.parametrize(("code", "kinds"), PROJECTS, ids=str)
def test_every_deadline_of_every_event_is_one_of_the_systems_own_law(code, kinds):
    """Each event by itself, in each state; who has tables alone has nothing to destroy."""
    state = replace(project(code, kinds), extension_until=date(2027, 3, 1))
    found = set()
    for name, spec in KINDS.items():
        if spec.about != "project":
            continue
        for facts in whole(spec):
            entry = Entry(7, TODAY, name, "p-1", "2026-001", None, None, facts, "0" * 64)
            for now in State:
                deadlines = of_project(replace(state, recorded=now), [entry], TODAY, Counting())
                for one in deadlines:
                    assert not foreign(f"{one.section} {one.what}", code, tables=state.tables_only)
                    found.add(one.name)
    destruction = {n for n in found if n.startswith(("destruction", "extension", "completion"))}
    assert bool(destruction) is not state.tables_only, destruction
    assert found >= {"denial_statement", "breach_letter", "remedy", "renewal_notice"}


@pytest.mark.parametrize(("code", "kinds"), PROJECTS, ids=str)
def test_every_reason_of_the_gate_cites_the_systems_own_law(code, kinds):
    state = project(code, kinds)
    for kind in ("identified", "deidentified", "aggregated"):
        request = ReleaseRequest(kind=kind, on=date(2030, 1, 1), system="NONE")
        reasons = check(replace(state, sanctions=("closure",)), request).reasons
        assert reasons
        for reason in reasons:
            said = f"{reason.section} {reason.text} {reason.cure}"
            assert not foreign(said, code, tables=state.tables_only), reason


@pytest.mark.parametrize(("code", "kinds"), PROJECTS, ids=str)
def test_conditions_bind_by_the_systems_own_law(code, kinds):
    for one in load_system(code).conditions:
        for kind in set(one.kinds) & set(kinds):
            assert not foreign(f"{one.head} {one.text}", code, tables=kind == "aggregated"), (
                one.head
            )


def test_no_error_names_a_section_whatever_the_system():
    """A cause stands under its code for every system; what cites is told with the facts."""
    room = Path(__file__).parents[3]
    found = [path for path in room.rglob("errors.json") if ".venv" not in path.parts]
    assert len(found) > 8
    for path in found:
        assert not cited(path.read_text("utf-8")), path
