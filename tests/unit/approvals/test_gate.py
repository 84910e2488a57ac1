"""The gate as tables: what passes, what each single fault is answered with, and all of them at once."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from approvals_home import (
    APPROVER,
    COHORT,
    ENGINEER,
    KEY_ANALYST,
    KEY_LEAD,
    SECURITY,
    TODAY,
)

from approvals import Ask, GatePolicy, check
from approvals.errors import GateRefused
from approvals.gate_people import PEOPLE_CHECKS
from approvals.gate_project import PROJECT_CHECKS


def ask(kind="identified", **more):
    cohort = {"cohort_digest": COHORT, "cohort_rows": 5000} if kind == "identified" else {}
    return Ask(**({"kind": kind, "on": TODAY, "system": "CARPOS"} | cohort | more))


@pytest.fixture
def state(home):
    return home.approved()


@pytest.fixture
def tables(home):
    return home.approved("aggregated")


def rules(verdict):
    return {(r.rule, r.section) for r in verdict.reasons}


@pytest.mark.parametrize("kind", ["identified", "deidentified"])
def test_a_complete_project_passes(state, kind):
    assert check(state, ask(kind)).allowed


def test_an_aggregated_request_needs_no_board_training_or_check(tables):
    assert check(tables, ask("aggregated")).allowed


LATE = TODAY + timedelta(days=365)

# one fault → rule and section of the only reason
BY_ASK = {
    "kind not approved": ({"kind": "aggregated"}, "C-11", "§ 963(a)"),
    "another system": ({"system": "ACHS"}, "C-16", "§ 964(a)"),
    "after the approval's year": ({"on": LATE}, "C-74", "process page; § 966(i)"),
    "before the approval": (
        {"on": TODAY - timedelta(days=1)}, ("C-74", "C-17", "C-47"), None),
    "more order families": ({"order_scope": ("GV", "DV")}, "C-16", "§ 964(a)"),
    "an unapproved column": ({"variables": ("order_brady",)}, "C-48", "§ 966(b)(12)(A)(ii)"),
    "years before the approved": ({"years": (2015, 2020)}, "C-16", "§ 964(a)"),
    "years after the approved": ({"years": (2020, 2026)}, "C-16", "§ 964(a)"),
    "years reversed": ({"years": (2020, 2019)}, "C-16", "§ 964(a)"),
    "no cohort": ({"cohort_digest": None}, "C-13", "§ 963(a)(3)(A)"),
    "another cohort": ({"cohort_digest": "d" * 64}, "C-13", "§ 963(a)(3)(A)"),
    "a larger cohort": ({"cohort_rows": 80_001}, "C-13", "§ 963(a)(3)(A)"),
    "an unknown key": ({"recipients": ("f" * 64,)}, "C-10", "§§ 962(r), 964(c)"),
    "no key": ({"recipients": ()}, "C-10", "§§ 962(r), 964(c)"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "rule", "section"), BY_ASK.values(), ids=BY_ASK.keys())
def test_one_fault_of_the_question(state, change, rule, section):
    verdict = check(state, ask(**change))
    expected = {rule} if isinstance(rule, str) else set(rule)
    assert set(verdict.rules) == expected
    assert section is None or rules(verdict) == {(rule, section)}
    with pytest.raises(GateRefused) as caught:
        verdict.check()
    assert caught.value.exit == 3


def on_form(**change):
    return lambda state: replace(state, application=state.application.model_copy(update=change))


def on_part(name, **change):
    def apply(state):
        part = getattr(state.application, name).model_copy(update=change)
        return on_form(**{name: part})(state)

    return apply


def on_member(position, **change):
    def apply(state):
        team = list(state.application.team)
        team[position] = team[position].model_copy(update=change)
        return on_form(team=tuple(team))(state)

    return apply


YESTERDAY = TODAY - timedelta(days=1)

BY_STATE = {
    "the timeframe has ended": (on_part("timeframe", end=YESTERDAY), "C-17", "§ 964(b)"),
    "the timeframe has not begun": (
        on_part("timeframe", start=TODAY + timedelta(days=1)), "C-17", "§ 964(b)"),
    "no cohort declared": (on_part("cohort", declared=False), "C-13", "§ 963(a)(3)(A)"),
    "no authority": (on_part("cohort", authority=None), "C-15", "§ 963(a)(3)(B)"),
    "authority expired": (
        on_part("cohort", authority_expires=YESTERDAY), "C-15", "§ 963(a)(3)(B)"),
    "no size declared": (on_part("cohort", max_rows=None), "C-13", "§ 963(a)(3)(A)"),
    "an entity": (on_part("institution", kind="entity"), "C-12", "§ 963(b)"),
    "a public agency": (on_part("institution", kind="public_agency"), "C-12", "§ 963(b)"),
    "institution's evidence expired": (
        on_part("institution", evidence_expires=YESTERDAY), "C-08", "§ 962(k)"),
    "no board approval": (on_form(irb=None), "C-52", "§ 966(b)(12)(F)"),
    "board approval expired": (on_part("irb", expires=YESTERDAY), "C-52", "§ 966(b)(12)(F)"),
    "committee without security determination": (
        on_part("irb", body="committee_for_the_protection_of_human_subjects"),
        "C-53", "§ 966(c)(1)"),
    "no training": (on_member(1, training=None), "C-54", "§ 966(d)"),
    "no background check": (on_member(1, background_check=None), "C-55", "§ 966(e)"),
    "a consultant": (on_member(0, employment="consultant"), "C-01", "§ 962(a)"),
    "a key's member is no recipient": (
        on_member(1, recipient=False), "C-10", "§§ 962(r), 964(c)"),
    "a signature is missing": (
        on_part("signatures", restrictions_acknowledged=TODAY + timedelta(days=1)),
        "C-47", "§ 966(b)(11), (12)(C)"),
    "no security certification": (
        on_part("security", complies_with_listed_laws=False),
        "C-50", "§§ 964(k), 966(b)(12)(D)"),
    "not segmented": (
        on_part("security", segmented_system=False), "C-50", "§§ 964(k), 966(b)(12)(D)"),
    "a cloud without audit": (
        on_part("security", cloud=True), "C-51", "§ 966(b)(12)(D)(iii)"),
    "no application at hand": (lambda s: replace(s, application=None), "C-16", "§ 964(a)"),
    "a sanction": (lambda s: replace(s, sanctions=("restricted_access",)), "C-70", "§ 968(c)"),
    "no recipient": (lambda s: replace(s, recipients=()), "C-10", "§§ 962(r), 964(c)"),
    "the cohort is not confirmed": (
        lambda s: replace(s, cohorts=tuple(replace(c, confirmed_by=None) for c in s.cohorts)),
        "C-13", "§ 963(a)(3)(A)"),
    "no cohort registered": (
        lambda s: replace(s, cohorts=()), "C-13", "§ 963(a)(3)(A)"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "rule", "section"), BY_STATE.values(), ids=BY_STATE.keys())
def test_one_fault_of_the_project(state, change, rule, section):
    verdict = check(change(state), ask())
    assert (rule, section) in rules(verdict)
    # a project without an application has no recipients to compare with either
    others = {"C-10"} if change(state).application is None else set()
    assert set(verdict.rules) - others == {rule}


REMOVES = {"no application at hand", "no board approval", "no cohort registered", "no recipient"}


def test_every_fault_at_once_gives_every_reason(state):
    together = {name: case for name, case in BY_STATE.items() if name not in REMOVES}
    for change, _, _ in together.values():
        state = change(state)
    verdict = check(state, ask(system="ACHS", years=(2000, 2001), variables=("order_brady",)))
    expected = {(rule, section) for _, rule, section in together.values()}
    assert rules(verdict) == expected | {
        ("C-16", "§ 964(a)"),
        ("C-48", "§ 966(b)(12)(A)(ii)"),
    }
    text = str(GateRefused(verdict))
    assert text.count("\n") == len(verdict.reasons)
    assert all(r.section in text and r.cure in text for r in verdict.reasons)


# ------------------------------------------------------------------ people, by recorded evidence


def test_each_member_is_checked_and_named_by_id(home, state):
    for member in ("lead", "analyst"):
        home.projects.event(
            state.number, "background_check", ENGINEER, TODAY,
            {"member": member, "outcome": "failed"},
        )  # fmt: skip
    verdict = home.projects.check(state.number, ask())
    assert [r.rule for r in verdict.reasons] == ["C-55", "C-55"]
    assert "lead" in verdict.reasons[0].text
    assert "analyst" in verdict.reasons[1].text
    home.projects.event(
        state.number, "background_check", ENGINEER, TODAY, {"member": "lead", "outcome": "passed"}
    )
    assert len(home.projects.check(state.number, ask()).reasons) == 1


def test_background_checks_for_deidentified_data_are_policy(state):
    pending = on_member(1, background_check=None)(state)
    verdict = check(pending, ask("deidentified"))
    assert rules(verdict) == {("C-75", "process page (policy)")}
    assert check(pending, ask("deidentified", policy=GatePolicy(deidentified_checks=False))).allowed
    assert not check(pending, ask(policy=GatePolicy(deidentified_checks=False))).allowed


def test_a_key_that_was_revoked_or_ran_out_is_refused(home, state):
    home.projects.event(
        state.number, "recipient_revoked", SECURITY, TODAY, {"fingerprint": KEY_LEAD}
    )
    state = home.projects.show(state.number)
    assert check(state, ask()).allowed  # the other key stands
    assert not check(state, ask(recipients=(KEY_LEAD,))).allowed
    ended = replace(
        state, recipients=tuple(replace(r, certificate_expires=YESTERDAY) for r in state.recipients)
    )
    assert set(check(ended, ask(recipients=(KEY_ANALYST,))).rules) == {"C-10"}


# ------------------------------------------------------------------ aggregated data


@pytest.mark.parametrize(
    ("on", "years", "rule"),
    [
        (TODAY, (2016, 2025), None),
        (TODAY, (2025, 2025), None),
        (TODAY, (2016, 2026), "C-42"),
        (date(2026, 12, 31), None, None),
    ],
)
def test_years_of_tables(tables, on, years, rule):
    verdict = check(tables, ask("aggregated", on=on, years=years))
    assert (rule in verdict.rules) if rule else verdict.allowed


def test_a_year_that_has_not_ended_is_refused_until_its_last_day_is_over(tables):
    years = tables.application.years.model_copy(update={"last": 2026})
    wide = replace(tables, application=tables.application.model_copy(update={"years": years}))
    for on, allowed in ((date(2026, 12, 31), False), (date(2027, 1, 1), True)):
        verdict = check(wide, ask("aggregated", on=on))
        assert verdict.allowed is allowed
        assert allowed or rules(verdict) == {("C-02", "§ 962(b)")}


def test_an_entity_gets_no_individual_level_data_whatever_is_asked(tables):
    verdict = check(tables, ask("deidentified"))
    assert {"C-11", "C-12", "C-44"} <= set(verdict.rules)


def test_a_dimension_that_was_not_approved(tables):
    verdict = check(tables, ask("aggregated", dimensions=("year", "race_group")))
    assert rules(verdict) == {("C-16", "§ 964(a)")}


# ------------------------------------------------------------------ states and completeness


def test_no_state_but_those_in_force_passes(home):
    from approvals.lifecycle import IN_FORCE, State

    state = home.approved()
    for recorded in State:
        verdict = check(replace(state, recorded=recorded), ask())
        assert verdict.allowed is (recorded in IN_FORCE)


def test_submitted_only_is_refused(home):
    state = home.projects.submit(home.application(), ENGINEER, TODAY)
    verdict = home.projects.check(state.number, ask())
    assert {"C-74", "C-13", "C-10"} == set(verdict.rules)
    assert APPROVER.id not in str(verdict)


def test_every_check_can_refuse(state, tables):
    """A check that no case above ever makes say no would not be a check."""
    silent = {check_.__name__ for check_ in (*PROJECT_CHECKS, *PEOPLE_CHECKS)}
    cases = [(change(state), ask()) for change, _, _ in BY_STATE.values()]
    cases += [(state, ask(**change)) for change, _, _ in BY_ASK.values()]
    cases += [(tables, ask("deidentified"))]
    for one in (*PROJECT_CHECKS, *PEOPLE_CHECKS):
        if any(next(one(s, a), None) for s, a in cases):
            silent.discard(one.__name__)
    assert silent == set()
