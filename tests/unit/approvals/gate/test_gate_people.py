"""What the gate asks of the people: by recorded evidence, and where policy opens it."""

from dataclasses import replace
from datetime import date

from approvals_home import ENGINEER, KEY_ANALYST, KEY_LEAD, SECURITY, TODAY
from gate_cases import YESTERDAY, ask, on_form, on_member, on_part, rules

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
    pending = on_member(1, background_check=None)(state)
    verdict = check(pending, ask("deidentified"))
    assert rules(verdict) == {("C-75", "process page (policy)")}
    assert check(pending, ask("deidentified", policy=GatePolicy(deidentified_checks=False))).allowed
    assert not check(pending, ask(policy=GatePolicy(deidentified_checks=False))).allowed


def test_a_check_without_an_expiry_date_holds_until_a_setting_says_how_long(state):
    done = state.application.team[1].background_check.on
    old, young = (TODAY - done).days, (TODAY - state.application.team[0].background_check.on).days
    assert check(state, ask()).allowed  # no section names an age
    assert check(state, ask(policy=GatePolicy(check_valid_days=max(old, young)))).allowed
    (reason,) = check(state, ask(policy=GatePolicy(check_valid_days=max(old, young) - 1))).reasons
    assert (reason.rule, reason.section) == ("C-55", "§ 966(e); policy check_valid_days")
    dated = [
        m.model_copy(
            update={"background_check": m.background_check.model_copy(update={"expires": TODAY})}
        )
        for m in state.application.team
    ]
    own = on_form(team=tuple(dated))(state)
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
    assert analyst["background_check"] == "passed on 2026-11-23, until 2027-01-31"
    assert analyst["key"] == "confirmed"
    late = people_of(home.projects.show(state.number), date(2027, 2, 1))[1]
    assert late["background_check_in_force"] is False
    verdict = check(home.projects.show(state.number), ask(on=date(2027, 2, 1)))
    assert "until 2027-01-31" in verdict.reasons[0].text
