"""A study like LongSHOT from its application to the end of its data, and how a year of other systems begins.

LongSHOT follows 28.8 million adults of California, whom its researchers bring along; here every name is made up, and no
record is read: what is rehearsed is who may receive what, until when.
"""

import re
from datetime import date, timedelta

import pytest
from approvals_home import (
    APPROVER,
    CHECKED,
    COHORT,
    ENGINEER,
    KEY_ANALYST,
    KEY_LEAD,
    REVIEWER,
    TODAY,
)
from gate_cases import ask

from approvals.application.example import example_for
from approvals.deadlines.deadlines import drafts_of, open_deadlines
from approvals.errors import ApplicationRefused, EvidenceMissing
from approvals.gate.gate import check
from approvals.project.lifecycle import State
from approvals.project.projects import one_year_later
from pipelines.made_up import record_checks

D = "d" * 64
ROWS = 28_800_000
SECOND = "e" * 64  # the cohort of the second year
KEY_THIRD = "3" * 64


def longshot(text: str) -> str:
    """A cohort of voters and purchasers, of the University of California's center, for twelve years."""
    for old, new in (
        ("max_rows = 80000", f"max_rows = {ROWS}"),
        ('source = "dealer_records"', 'source = "voters_and_purchasers"'),
        ("uc_firearm_violence_center = false", "uc_firearm_violence_center = true"),
        (
            'title = "Firearm injury',
            'title = "Twelve years of handgun ownership and mortality; firearm injury',
        ),
    ):
        assert old in text
        text = text.replace(old, new)
    return re.sub(
        r"timeframe = \{ start = (\S+), end = \S+ \}",
        r'timeframe = { start = \1, end = 2038-12-31, reason = "Deaths are followed for twelve years." }',
        text,
    )


def modified(number: str, *more: tuple[str, str]):
    def change(text: str) -> str:
        text = longshot(text)
        for old, new in (
            ('request = "new" ', 'request = "modified" '),
            ('# modifies = "2026-001"', f'modifies = "{number}"'),
            *more,
        ):
            assert old in text
            text = text.replace(old, new, 1)
        return text

    return change


THIRD = """[[team]]
id = "third"
name = "Kim Example"
email = "kim@university.example"
location = "Room 103, Research Building, Davis"
employment = "employee"
data_analysis = true
it = false
recipient = true
training = { on = 2026-04-01, expires = 2029-04-01, certificate = "doc-training-third" }

"""
PAPER = """
[[documents]]
id = "doc-training-third"
kind = "human_subjects_training"
title = "Human-subject protection training, third"
"""


def named(home, on):
    return {d.name: d.due for d in open_deadlines(home.projects, on)}


def test_a_study_like_longshot_from_application_to_destruction(home):
    record = home.projects.event
    with pytest.raises(ApplicationRefused) as caught:  # twelve years are asked about
        home.projects.submit(
            home.application(change=lambda t: re.sub(r', reason = "Deaths[^"]*"', "", longshot(t))),
            ENGINEER, TODAY,
        )  # fmt: skip
    assert [p.path for p in caught.value.problems] == ["timeframe.reason"]

    number = home.projects.submit(home.application(change=longshot), ENGINEER, TODAY).number
    record(number, "review_completed", REVIEWER, TODAY, {"holds": "C-03,C-04,C-08,C-15,C-48"})
    state = home.projects.approve(number, APPROVER, TODAY)
    assert state.application.requester_class == "ucfc_researcher"
    assert state.purposes() == [
        "Research Purposes (§ 962(o))", "Study of the Prevention of Violence (§ 962(q))",
    ]  # fmt: skip

    # nothing goes by the application's word: checks, the researcher's letter, keys, the cohort
    wanted = {"cohort_digest": COHORT, "cohort_rows": ROWS}
    assert {"C-55", "C-78", "C-10", "C-13"} == set(check(state, ask(**wanted)).rules)
    record_checks(home.projects, number, ENGINEER, CHECKED, home.path)
    for key, member in ((KEY_LEAD, "lead"), (KEY_ANALYST, "analyst")):
        home.projects.add_recipient(number, key, member, ENGINEER, TODAY, certificate=b"pem")
        home.projects.confirm_recipient(key, APPROVER, TODAY, number)
    home.projects.register_cohort(number, digest=COHORT, rows=ROWS, actor=ENGINEER, on=TODAY)
    home.projects.confirm_cohort(number, COHORT, APPROVER, TODAY)
    assert check(home.projects.show(number), ask(**wanted)).allowed

    # a draft: ten business days, and what it showed of one county comes out of it
    record(number, "draft_received", ENGINEER, TODAY, {"draft": D})
    found = {"draft": D, "finding": "identity"}
    record(number, "draft_reviewed", REVIEWER, TODAY + timedelta(days=5), found)
    assert drafts_of(home.projects.entries(number))[0].blocked

    # a co-investigator elsewhere: no transfer without a statute or order, so they join the team instead
    record(number, "transfer_requested", ENGINEER, TODAY, {"request": "t1"})
    with pytest.raises(EvidenceMissing):
        record(
            number, "transfer_answered", APPROVER, TODAY, {"request": "t1", "outcome": "approved"}
        )
    record(number, "transfer_answered", APPROVER, TODAY, {"request": "t1", "outcome": "denied"})
    joins = modified(
        number, ("# --- institutional review board", THIRD + "# --- institutional review board")
    )
    home.projects.submit(home.application(change=lambda t: joins(t) + PAPER), ENGINEER, TODAY)
    home.projects.approve(number, APPROVER, TODAY)
    home.projects.add_recipient(number, KEY_THIRD, "third", ENGINEER, TODAY, certificate=b"pem")
    home.projects.confirm_recipient(KEY_THIRD, APPROVER, TODAY, number)
    verdict = check(home.projects.show(number), ask(**wanted))
    assert set(verdict.rules) == {"C-55", "C-78"}
    assert all("third" in reason.text for reason in verdict.reasons)
    passed = {"member": "third", "outcome": "passed", "reference": "c-3"}
    record(number, "background_check", ENGINEER, TODAY, passed)
    record(number, "checks_verified", ENGINEER, TODAY, {"members": "third", "letter": D})
    assert check(home.projects.show(number), ask(**wanted)).allowed

    # an amendment that goes too far is refused, and the approval stays
    wider = modified(number, ('order_scope = ["GV"]', 'order_scope = ["GV", "DV"]'))
    home.projects.submit(home.application(change=wider), ENGINEER, TODAY)
    record(number, "amendment_refused", APPROVER, TODAY, {"statement": D})
    assert "amendment_statement" in named(home, TODAY)
    record(number, "amendment_statement_sent", ENGINEER, TODAY)
    assert home.projects.show(number).application.order_scope == ("GV",)

    # each year: a renewal before the approval expires, and the cohort of the year
    expires = home.projects.show(number).expires
    notice = named(home, TODAY)["renewal_notice"]
    assert notice == expires - timedelta(days=90)
    record(number, "renewal_requested", ENGINEER, notice, {"changes": "personnel", "letter": D})
    record(number, "project_renewed", APPROVER, notice)
    renewed = home.projects.show(number)
    assert renewed.expires == one_year_later(expires)
    home.projects.register_cohort(number, digest=SECOND, rows=ROWS, actor=ENGINEER, on=notice)
    home.projects.confirm_cohort(number, SECOND, APPROVER, notice)
    again = ask(cohort_digest=SECOND, cohort_rows=ROWS, on=notice)
    assert check(home.projects.show(number), again).allowed
    too_many = ask(cohort_digest=SECOND, cohort_rows=ROWS + 1, on=notice)
    assert check(home.projects.show(number), too_many).rules == ("C-13",)

    # the end: one more year to verify, then the certificate
    end = expires + timedelta(days=30)
    record(number, "project_completed", ENGINEER, end, {"completed_on": f"{end}"})
    record(number, "extension_requested", ENGINEER, end, {"letter": D})
    until = one_year_later(end)
    record(number, "extension_granted", APPROVER, end, {"until": f"{until}", "authorisation": D})
    assert not check(home.projects.show(number), ask(**wanted, on=end)).allowed
    facts = {
        "certificate": D, "destroyed_on": f"{until}", "method": "purge", "witnesses": "2", "items": "3",
    }  # fmt: skip
    record(number, "destruction_certified", ENGINEER, until, facts)
    closed = record(number, "project_closed", APPROVER, until)
    assert closed.recorded is State.CLOSED
    assert named(home, until) == {}


@pytest.mark.parametrize(("code", "rule"), [("CURES", "C-79"), ("RIPA", "C-79"), ("ACHS", "C-55")])
def test_a_year_of_another_system_begins_with_the_departments_own_look_at_people(home, code, rule):
    text = example_for(code, "standard", on=TODAY, kind="deidentified")
    path = home.path / "application.toml"
    path.write_text(text, encoding="utf-8")
    number = home.projects.submit(path, ENGINEER, TODAY).number
    home.projects.approve(number, APPROVER, TODAY)
    home.projects.add_recipient(number, KEY_LEAD, "lead", ENGINEER, TODAY, certificate=b"pem")
    home.projects.confirm_recipient(KEY_LEAD, APPROVER, TODAY, number)
    wanted = ask("deidentified", system=code)
    assert set(check(home.projects.show(number), wanted).rules) == {rule}
    record_checks(home.projects, number, ENGINEER, CHECKED, home.path)
    assert check(home.projects.show(number), wanted).allowed
    assert date(2027, 11, 22) == named(home, TODAY)["renewal"]
