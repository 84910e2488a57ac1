"""What the gate asks of the people: by recorded evidence, and where policy opens it."""

from dataclasses import replace
from datetime import date

import pytest
from approvals_home import CHECKED, ENGINEER, KEY_ANALYST, KEY_LEAD, REVIEWER, SECURITY, TODAY
from gate_cases import YESTERDAY, ask, on_member, on_part, rules, unchecked

from approvals.errors import NothingToConfirm, SamePerson
from approvals.gate.gate import check
from approvals.gate.model import GatePolicy
from approvals.gate.people_rules import people_of


def test_each_member_is_checked_and_named_by_id(home, state):
    for member in ("lead", "analyst"):
        home.projects.event(
            state.number, "background_check", ENGINEER, TODAY,
            {"member": member, "outcome": "failed"},
        )  # fmt: skip
    verdict = check(home.projects.show(state.number), ask())
    assert [r.rule for r in verdict.reasons] == ["C-55", "C-55"]
    assert "lead" in verdict.reasons[0].text
    assert "analyst" in verdict.reasons[1].text
    home.projects.event(
        state.number, "background_check", ENGINEER, TODAY, {"member": "lead", "outcome": "passed"}
    )
    assert len(check(home.projects.show(state.number), ask()).reasons) == 1


def test_background_checks_for_deidentified_data_are_policy(state):
    pending = unchecked("analyst")(state)
    verdict = check(pending, ask("deidentified"))
    assert rules(verdict) == {("C-75", "process page (policy)")}
    assert check(pending, ask("deidentified", policy=GatePolicy(deidentified_checks=False))).allowed
    assert not check(pending, ask(policy=GatePolicy(deidentified_checks=False))).allowed


def test_what_the_application_says_of_a_check_is_a_claim(home, state):
    """An approval of before, too: it was given on the application's line, which the gate does not take any more."""
    claimed = replace(state, checks={})
    assert claimed.claimed_check("lead").outcome == "passed"
    reasons = [r for r in check(claimed, ask()).reasons if r.rule == "C-55"]
    assert len(reasons) == 2
    for reason, member in zip(reasons, ("lead", "analyst"), strict=True):
        assert "the application's word alone (passed on" in reason.text
        assert f"event {state.number} background_check member={member}" in reason.cure
    assert people_of(claimed, TODAY)[0]["background_check"].startswith("none recorded (claimed:")
    silent = on_member(1, background_check=None)(state)
    assert check(silent, ask()).allowed  # nobody has to claim what the Department knows


def test_a_check_counts_once_a_second_person_confirmed_it_where_policy_asks(home, state):
    two = ask(policy=GatePolicy(checks_by_two=True))
    assert check(state, ask()).allowed
    assert [r.rule for r in check(state, two).reasons] == ["C-55", "C-55"]
    facts = {"member": "lead", "what": "background_check"}
    confirm = home.projects.event
    with pytest.raises(SamePerson):
        confirm(state.number, "person_confirmed", ENGINEER, TODAY, facts)
    with pytest.raises(NothingToConfirm):
        confirm(state.number, "person_confirmed", REVIEWER, TODAY, facts | {"what": "identity"})
    for member in ("lead", "analyst"):
        confirm(state.number, "person_confirmed", REVIEWER, TODAY, facts | {"member": member})
    assert check(home.projects.show(state.number), two).allowed
    with pytest.raises(NothingToConfirm):
        confirm(state.number, "person_confirmed", SECURITY, TODAY, facts)
    passed = {"member": "lead", "outcome": "passed", "reference": "r-2"}
    confirm(state.number, "background_check", ENGINEER, TODAY, passed)  # newer, and unconfirmed
    (reason,) = (
        r for r in check(home.projects.show(state.number), two).reasons if r.rule == "C-55"
    )
    assert "second person" in reason.text


def test_the_researcher_verifies_the_teams_checks_after_them(home, state):
    (reason,) = check(replace(state, verified={}), ask()).reasons
    assert (reason.rule, reason.section) == ("C-78", "§ 966(e)")
    assert "analyst" in reason.text
    assert "lead" not in reason.text  # the researcher verifies others
    assert check(replace(state, verified={}), ask("deidentified")).allowed
    passed = {"member": "analyst", "outcome": "passed"}
    later = home.projects.event(state.number, "background_check", ENGINEER, TODAY, passed)
    assert check(later, ask()).rules == ("C-78",)  # what was verified was an earlier check
    verified = {"members": "analyst", "letter": "d" * 64}
    assert check(
        home.projects.event(state.number, "checks_verified", ENGINEER, TODAY, verified), ask()
    ).allowed


def test_a_check_without_an_expiry_date_holds_until_a_setting_says_how_long(state):
    age = (TODAY - CHECKED).days
    assert check(state, ask()).allowed  # no section names an age
    assert check(state, ask(policy=GatePolicy(check_valid_days=age))).allowed
    reasons = check(state, ask(policy=GatePolicy(check_valid_days=age - 1))).reasons
    assert {(r.rule, r.section) for r in reasons} == {("C-55", "§ 966(e); policy check_valid_days")}
    own = replace(state, checks={m: replace(c, expires=TODAY) for m, c in state.checks.items()})
    assert check(own, ask(policy=GatePolicy(check_valid_days=1))).allowed  # its own date counts


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


def test_the_switches_of_affiliation_open_what_they_name(state):
    consultant = on_member(1, employment="consultant")(state)
    assert check(consultant, ask(policy=GatePolicy(team_affiliation=False))).allowed
    letterless = on_part("signatures", affiliation_letter=None)(state)
    assert check(letterless, ask(policy=GatePolicy(affiliation_letter=False))).allowed
    researcher = on_member(0, employment="consultant")(state)
    assert not check(researcher, ask(policy=GatePolicy(team_affiliation=False))).allowed


def test_members_acknowledge_where_policy_asks_for_it(home, state):
    wanted = ask(policy=GatePolicy(member_acknowledgments=True))
    assert rules(check(state, wanted)) == {("C-40", "§ 964(m) (policy)")}
    for member in ("lead", "analyst"):
        home.projects.event(
            state.number, "acknowledgment_recorded", ENGINEER, TODAY, {"member": member}
        )
    assert check(home.projects.show(state.number), wanted).allowed


def test_each_person_is_shown_with_dates(home, state):
    home.projects.event(
        state.number, "background_check", ENGINEER, TODAY,
        {"member": "analyst", "outcome": "passed", "expires": "2027-01-31"},
    )  # fmt: skip
    lead, analyst = people_of(home.projects.show(state.number), TODAY)
    assert (lead["researcher"], analyst["researcher"]) == (True, False)
    assert (
        analyst["background_check"]
        == f"passed on 2026-11-23, until 2027-01-31; verified on {CHECKED}"
    )
    assert analyst["key"] == "confirmed"
    late = people_of(home.projects.show(state.number), date(2027, 2, 1))[1]
    assert late["background_check_in_force"] is False
    verdict = check(home.projects.show(state.number), ask(on=date(2027, 2, 1)))
    assert "until 2027-01-31" in verdict.reasons[0].text
