"""What the gate asks for each of the other four systems: its own papers, each with its section and cure.

The tables are written by hand after the process page and the statutes; nothing here reads them from the
systems' files.
"""

from dataclasses import replace

import pytest
from approvals_home import COHORT, ENGINEER, REVIEWER, TODAY
from gate_cases import YESTERDAY, on_form, without

from approvals.application.example import example_for
from approvals.errors import SamePerson
from approvals.gate.gate import check
from approvals.gate.model import GatePolicy, ReleaseRequest

PAGE = "Data Request Process page"

# system, kind → papers: rule, section, whose, the event that cures it
CHECK = ("background_check", "C-55", PAGE, "member", "background_check")
TRAINING = ("human_subjects_training", "C-54", PAGE, "member", "training_recorded")
BOARD = ("irb_approval", "C-52", PAGE, "project", "submits it")


def paper(code, name, whose="project"):
    return (name, f"{code}.{name}", PAGE, whose, f"document_attached with kind={name}")


NOTARY = ("notary_verification", "C-79", PAGE, "lead", "identity_verified")


def like_achs(code):
    return (
        CHECK, TRAINING, BOARD, paper(code, "curriculum_vitae"),
        paper(code, "conditions_acknowledged"),
    )  # fmt: skip


ASKED = {
    ("ACHS", "identified"): like_achs("ACHS"),
    ("ACHS", "deidentified"): like_achs("ACHS"),
    ("JCPSS", "deidentified"): like_achs("JCPSS"),
    ("CURES", "deidentified"): (
        TRAINING, BOARD, NOTARY, paper("CURES", "curriculum_vitae"),
        paper("CURES", "conditions_acknowledged"),
    ),
    ("RIPA", "deidentified"): (
        NOTARY, paper("RIPA", "conditions_acknowledged"),
        paper("RIPA", "curriculum_vitae", "member"),
    ),
}  # fmt: skip
CASES = [(code, kind, asked) for (code, kind), listed in ASKED.items() for asked in listed]


@pytest.fixture(scope="module")
def projects(tmp_path_factory):
    """A project of each system that the gate lets through; what a test changes is a copy."""
    from approvals_home import make_home

    made = {}

    def get(code, kind):
        if (code, kind) not in made:
            home = make_home(tmp_path_factory.mktemp("home"))
            text = example_for(code, "standard", on=TODAY, kind=kind)
            made[code, kind] = (home, home.approved("standard", lambda _: text))
        return made[code, kind]

    return get


def ask(code, kind, **more):
    cohort = {"cohort_digest": COHORT, "cohort_rows": 5000} if kind == "identified" else {}
    return ReleaseRequest(kind, TODAY, code, **cohort, **more)


def lacking(state, name):
    """The same project without a paper, in the application and as recorded later."""
    team = state.application.team
    if name == "curriculum_vitae":
        team = tuple(m.model_copy(update={"cv": None}) for m in team)
    if name == "human_subjects_training":
        team = tuple(m.model_copy(update={"training": None}) for m in team)
    if name == "background_check":
        team = tuple(m.model_copy(update={"background_check": None}) for m in team)
        state = replace(state, checks={})
    if name == "notary_verification":
        state = replace(state, identities={})
    change = {"team": team} | ({"irb": None} if name == "irb_approval" else {})
    return without(name)(on_form(**change)(state))


@pytest.mark.long
@pytest.mark.parametrize(("code", "kind"), ASKED)
def test_with_its_papers_a_project_passes(projects, code, kind):
    verdict = check(projects(code, kind)[1], ask(code, kind))
    assert verdict.allowed, [r.line() for r in verdict.reasons]


@pytest.mark.parametrize(
    ("code", "kind", "asked"), CASES, ids=[f"{c}-{k}-{a[0]}" for c, k, a in CASES]
)
def test_each_paper_that_is_missing_is_named_with_its_section_and_cure(projects, code, kind, asked):
    name, rule, section, whose, cure = asked
    state = projects(code, kind)[1]
    reasons = check(lacking(state, name), ask(code, kind)).reasons
    assert {(r.rule, r.section) for r in reasons} == {(rule, section)}
    assert all(cure in r.cure for r in reasons)
    everybody = [m.id for m in state.application.team]
    members = {"member": everybody, "project": [None]}.get(whose, [whose])
    assert len(reasons) == len(members)
    assert all(m is None or f"member {m}" in r.text for m, r in zip(members, reasons, strict=True))


@pytest.mark.parametrize(("code", "kind"), ASKED)
def test_all_of_them_are_named_at_once_and_no_other_systems(projects, code, kind):
    state = projects(code, kind)[1]
    for name, *_ in ASKED[code, kind]:
        state = lacking(state, name)
    reasons = check(state, ask(code, kind)).reasons
    assert {r.rule for r in reasons} == {rule for _, rule, *_ in ASKED[code, kind]}
    for name in {c[0] for cases in ASKED.values() for c in cases} - {
        c[0] for c in ASKED[code, kind]
    }:
        assert check(lacking(projects(code, kind)[1], name), ask(code, kind)).allowed


@pytest.mark.parametrize("code", ["CURES", "RIPA"])
def test_an_identity_is_the_departments_to_verify(projects, code):
    """The application lists the notary's paper, and the desk may file another: neither is the Department's word."""
    home, state = projects(code, "deidentified")
    assert any(d.kind == "notary_verification" for d in state.application.documents)
    facts = {"document": "notary-2", "kind": "notary_verification", "digest": "e" * 64}
    home.projects.event(state.number, "document_attached", ENGINEER, TODAY, facts)
    claimed = replace(home.projects.show(state.number), identities={})
    (reason,) = check(claimed, ask(code, "deidentified")).reasons
    assert (reason.rule, reason.section) == ("C-79", PAGE)
    two = GatePolicy(checks_by_two=True)
    assert "C-79" in check(state, ask(code, "deidentified", policy=two)).rules
    again = {"member": "lead", "reference": "n-2"}
    home.projects.event(state.number, "identity_verified", ENGINEER, TODAY, again)
    with pytest.raises(SamePerson):
        home.projects.event(state.number, "person_confirmed", ENGINEER, TODAY, CONFIRMED)
    home.projects.event(state.number, "person_confirmed", REVIEWER, TODAY, CONFIRMED)
    later = home.projects.show(state.number)
    found = check(later, ask(code, "deidentified", policy=two)).rules
    assert "C-79" not in found


CONFIRMED = {"member": "lead", "what": "identity"}


def test_a_curriculum_vitae_of_one_member_is_none_of_another(projects):
    home, state = projects("RIPA", "deidentified")
    facts = {
        "document": "cv-9", "kind": "curriculum_vitae", "digest": "d" * 64, "member": "analyst",
    }  # fmt: skip
    home.projects.event(state.number, "document_attached", ENGINEER, TODAY, facts)
    later = lacking(home.projects.show(state.number), "curriculum_vitae")
    (reason,) = check(later, ask("RIPA", "deidentified")).reasons
    assert "member lead" in reason.text


@pytest.mark.parametrize("code", ["ACHS", "JCPSS", "CURES"])
def test_a_boards_approval_that_ended_is_none(projects, code):
    state = projects(code, "deidentified")[1]
    irb = state.application.irb.model_copy(update={"expires": YESTERDAY})
    (reason,) = check(on_form(irb=irb)(state), ask(code, "deidentified")).reasons
    assert (reason.rule, reason.section) == ("C-52", PAGE)
    assert f"{YESTERDAY}" in reason.text


@pytest.mark.parametrize(("code", "kind"), [("JCPSS", "identified"), ("RIPA", "identified")])
def test_what_a_system_has_none_of_is_refused_whatever_the_switches_say(projects, code, kind):
    state = replace(projects(code, "deidentified")[1], kinds=(kind,))
    lax = GatePolicy(
        deidentified_checks=False,
        team_affiliation=False,
        affiliation_letter=False,
        soft_papers=False,
    )
    assert not check(state, ask(code, kind, policy=lax)).allowed


def test_who_gets_stops_must_keep_them_as_securely_as_their_own_regulation_says(projects):
    state = projects("RIPA", "deidentified")[1]
    loose = state.application.security.model_copy(update={"segmented_system": False})
    for security in (None, loose):
        (reason,) = check(on_form(security=security)(state), ask("RIPA", "deidentified")).reasons
        assert (reason.rule, reason.section) == ("C-50", "11 CCR § 999.228(h)")
    others = projects("ACHS", "deidentified")[1]  # no law of theirs asks for it
    assert check(on_form(security=loose)(others), ask("ACHS", "deidentified")).allowed


def test_the_law_of_the_system_is_cited(projects):
    state = projects("RIPA", "deidentified")[1]
    found = {r.rule: r.section for r in check(state, ask("CURES", "aggregated")).reasons}
    assert found["C-16"] == "11 CCR § 999.228(h)"
    assert found["C-11"] == "11 CCR § 999.228(h)"
    assert state.terms.cite("§ 966(d)") == "policy"  # no law of its own
