"""The gate as tables: what passes, what each single fault is answered with, and all of them at once."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from approvals_home import APPROVER, ENGINEER, TODAY
from gate_cases import YESTERDAY, ask, on_form, on_member, on_part, rules, unchecked, without

from approvals.application.system_terms import individual_level_for, terms_of
from approvals.errors import GateRefused
from approvals.gate.gate import RULES, check
from approvals.gate.model import GatePolicy


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


BY_STATE = {
    "the timeframe has ended": (on_part("timeframe", end=YESTERDAY), "C-17", "§ 964(b)"),
    "the timeframe has not begun": (
        on_part("timeframe", start=TODAY + timedelta(days=1)), "C-17", "§ 964(b)"),
    "no cohort declared": (on_part("cohort", declared=False), "C-13", "§ 963(a)(3)(A)"),
    "another role than the system knows": (
        on_part("cohort", linked_role="judge"), "C-13", "§ 963(a)(3)(A)"),
    "no authority": (on_part("cohort", authority=None), "C-15", "§ 963(a)(3)(B)"),
    "authority expired": (
        on_part("cohort", authority_expires=YESTERDAY), "C-15", "§ 963(a)(3)(B)"),
    "no size declared": (on_part("cohort", max_rows=None), "C-13", "§ 963(a)(3)(A)"),
    "a consultant on the team": (
        on_member(1, employment="consultant"), "C-01", "§ 966(d) (policy)"),
    "no letter of affiliation": (
        on_part("signatures", affiliation_letter=None), "C-54", "§ 966(d) (policy)"),
    "no curriculum vitae": (without("curriculum_vitae"), "C-49", "§ 966(b)(12)(B)"),
    "no signed conditions": (without("conditions_acknowledged"), "C-47", "§ 966(b)(12)(C)"),
    "no signed security requirements": (
        without("security_requirements"), "C-50", "§ 966(b)(12)(D)"),
    "an unknown system": (lambda s: replace(s, terms=None), "C-16", "§ 964(a)"),
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
    "no background check": (unchecked("analyst"), "C-55", "§ 966(e)"),
    "a team that the researcher did not verify": (
        lambda s: replace(s, verified={}), "C-78", "§ 966(e)"),
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
    others = {"C-10", "C-44"} if change(state).application is None else set()
    others |= {"C-12"} if change(state).terms is None else set()  # nobody gets anything of it
    assert set(verdict.rules) - others == {rule}


REMOVES = {
    "no application at hand",
    "an unknown system",
    "no board approval",
    "no cohort registered",
    "no recipient",
}


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
    text = str(GateRefused(verdict.reasons))
    assert text.count("\n") == len(verdict.reasons)
    assert all(r.section in text and r.cure in text for r in verdict.reasons)


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


def test_the_timeframe_of_a_standard_application_binds_its_tables_too(state, tables):
    both = replace(state, kinds=(*state.kinds, "aggregated"))
    assert check(both, ask("aggregated")).allowed
    ended = on_part("timeframe", end=YESTERDAY)(both)
    assert rules(check(ended, ask("aggregated"))) == {("C-17", "§ 964(b)")}
    assert check(tables, ask("aggregated")).allowed  # § 965 knows none


def test_a_dimension_that_was_not_approved(tables):
    verdict = check(tables, ask("aggregated", dimensions=("year", "race_group")))
    assert rules(verdict) == {("C-16", "policy")}


# ------------------------------------------------------------------ states and completeness


def test_no_state_but_those_in_force_passes(home):
    from approvals.project.lifecycle import IN_FORCE, State

    state = home.approved()
    for recorded in State:
        verdict = check(replace(state, recorded=recorded), ask())
        assert verdict.allowed is (recorded in IN_FORCE)


def test_submitted_only_is_refused(home):
    state = home.projects.submit(home.application(), ENGINEER, TODAY)
    verdict = check(home.projects.show(state.number), ask())
    assert {"C-74", "C-13", "C-10", "C-55", "C-78"} == set(verdict.rules)
    assert APPROVER.id not in str(verdict)


CASES = [
    *[(lambda s, t, c=change: (c(s), ask())) for change, _, _ in BY_STATE.values()],
    *[(lambda s, t, c=change: (s, ask(**c))) for change, _, _ in BY_ASK.values()],
    lambda s, t: (t, ask("deidentified")),
    lambda s, t: (t, ask("aggregated", on=date(2026, 12, 31), years=(2026, 2026))),
    lambda s, t: (t, ask("aggregated", dimensions=("race_group",))),
    lambda s, t: (s, ask(policy=GatePolicy(member_acknowledgments=True))),
    lambda s, t: (replace(s, terms=terms_of("CURES")), ask("deidentified")),
]


def test_every_row_can_refuse_and_names_only_its_own_rules(state, tables):
    """A check that no case above ever makes say no would not be a check."""
    cases = [case(state, tables) for case in CASES]
    for rule in RULES:
        found = [r for s, a in cases if rule.applies(s, a) for r in rule.check(s, a)]
        assert found, rule.check.__name__
        assert {r.rule for r in found} <= set(rule.rules), rule.check.__name__


def test_each_application_has_rows_of_its_own_by_kind(state, tables):
    """§ 966 asks people and papers of whoever wants rows; § 965 asks full years of a table."""

    def asked(project, kind):
        return {r.check.__name__ for r in RULES if r.applies(project, ask(kind))}

    assert asked(state, "identified") - asked(state, "deidentified") == {
        "check_cohort", "check_authority", "check_verified"}  # fmt: skip
    assert asked(tables, "aggregated") == {
        "check_in_force", "check_application", "check_requester", "check_kind", "check_system",
        "check_scope", "check_years", "check_full_years", "check_dimensions", "check_sanctions",
        "check_recipients"}  # fmt: skip
    assert "check_form" in asked(tables, "identified")
    assert {"check_training", "check_irb", "check_background", "check_timeframe"} <= asked(
        state, "deidentified"
    )
    assert "check_training" not in asked(state, "aggregated")


def test_an_unknown_kind_is_refused(state):
    assert not check(state, ask("everything")).allowed


# ------------------------------------------------------------------ policy


def test_a_public_agency_is_an_entity_until_counsel_says_otherwise(state):
    agency = on_part("institution", kind="public_agency")(state)
    assert check(agency, ask()).rules == ("C-12",)
    opened = individual_level_for(terms_of("CARPOS"), "public_agency")
    assert check(replace(agency, terms=opened), ask()).allowed
    held = replace(opened, withheld={"identified": "a question"})
    assert check(replace(agency, terms=held), ask()).rules == ("C-11",)


def test_papers_may_come_after_the_application(home, state):
    bare = without("curriculum_vitae")(state)
    assert check(bare, ask()).rules == ("C-49",)
    facts = {"document": "cv-1", "kind": "curriculum_vitae", "digest": "e" * 64, "member": "lead"}
    home.projects.event(state.number, "document_attached", ENGINEER, TODAY, facts)
    assert check(without("curriculum_vitae")(home.projects.show(state.number)), ask()).allowed
