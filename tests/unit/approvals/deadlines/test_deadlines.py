"""Every clock of the regulation: when it starts, when it ends, what stops it, for whom."""

from datetime import date, timedelta

import pytest
from approvals_home import APPROVER, ENGINEER, EVERYTHING, SECURITY, TODAY
from icalendar import Calendar

from approvals.clocks.calendars import CALENDARS, Counting
from approvals.clocks.clocks import CLOCKS
from approvals.deadlines.deadlines import open_deadlines
from approvals.deadlines.ical import as_ics
from approvals.deadlines.notices import write_notices
from approvals.errors import EvidenceMissing
from approvals.project.projects import OWN_STEP
from tests.examples import first_of

D = "d" * 64
MONDAY = date(2026, 11, 30)

# event → deadline, rule, for whom, due day, and the event that stops it (None: it runs out)
CASES = {
    "transfer_answer": (
        "transfer_requested", {"request": "t1"}, "C-19", "Department", "2026-12-14",
        "transfer_answered", {"request": "t1", "outcome": "approved", "authority": D}),
    "publication_wait": (
        "draft_received", {"draft": D}, "C-24", "researcher", "2026-12-14", None, None),
    "draft_review": (
        "draft_received", {"draft": D}, "C-25", "Department", "2026-12-14",
        "draft_reviewed", {"draft": D, "finding": "none"}),
    "draft_appeal": (
        "draft_reviewed", {"draft": D, "finding": "identity"}, "C-29", "researcher", "2026-12-10",
        None, None),
    "transfer_appeal": (
        "transfer_answered", {"request": "t1", "outcome": "denied"}, "C-29", "researcher",
        "2026-12-10", None, None),
    "matter_decision": (
        "matter_appealed", {"appeal": "a1", "matter": "identity"}, "C-31", "Department",
        "2026-12-30", "matter_decided", {"appeal": "a1", "outcome": "refused", "decision": D}),
    "recall_answer": (
        "recall_sent", {"recall": "2026-001-R001.lead", "member": "lead", "letter": D}, "C-35",
        "researcher", "2026-11-30",
        "recall_answered", {"recall": "2026-001-R001.lead", "outcome": "destroyed"}),
    "breach_letter": (
        "breach_reported", {"breach": "b1", "discovered_on": "2026-11-29", "individuals": "500"},
        "C-36", "institution", "2026-11-30", "breach_letter_received", {"breach": "b1", "letter": D}),
    "officer_response": (
        "response_requested", {"response": "r1", "appeal": "a1", "until": "2026-12-08"}, "C-30",
        "appeal officer's addressee", "2026-12-08",
        "response_received", {"response": "r1", "statement": D}),
    "destruction_refused": (
        "extension_refused", {"statement": D}, "C-61", "researcher", "2026-11-30",
        "destruction_certified",
        {"certificate": D, "destroyed_on": "2026-11-30", "method": "purge", "witnesses": "1",
         "items": "1"}),
    "destruction_ordered": (
        "closure_ordered", {"order": D}, "C-70", "researcher", "2026-11-30",
        "destruction_certified",
        {"certificate": D, "destroyed_on": "2026-11-30", "method": "purge", "witnesses": "1",
         "items": "1"}),
    "amendment_statement": (
        "amendment_refused", {"statement": D}, "C-56", "Department", "2026-12-14",
        "amendment_statement_sent", {}),
    "amendment_appeal": (
        "amendment_statement_sent", {}, "C-58", "researcher", "2026-12-10", None, None),
    "letter_answer": (
        "letter_requested", {}, "C-57", "Department", "2027-01-13",
        "letter_answered", {"outcome": "granted", "letter": D}),
    "letter_appeal": (
        "letter_answered", {"outcome": "refused", "letter": D}, "C-58", "researcher", "2026-12-10",
        None, None),
    "check_appeal": (
        "background_check", {"member": "lead", "outcome": "failed"}, "C-58", "researcher",
        "2026-12-10", None, None),
    "inspection_findings": (
        "inspection_held", {"inspection": "i1"}, "C-68", "Department", "2026-12-14",
        "findings_sent", {"inspection": "i1", "violations": "0"}),
    "remedy": (
        "findings_sent", {"inspection": "i1", "violations": "2"}, "C-69", "institution",
        "2026-12-30", "remedy_certified", {"inspection": "i1"}),
    "remedy_plan": (
        "remedy_planned", {"inspection": "i1", "until": "2027-03-01"}, "C-69", "institution",
        "2027-03-01", "remedy_certified", {"inspection": "i1"}),
    "findings_appeal": (
        "findings_sent", {"inspection": "i1", "violations": "2"}, "C-72", "researcher",
        "2026-12-10", None, None),
    "sanction_appeal": (
        "sanction_imposed", {
            "sanction": "closure", "severity": "low", "pii_involved": "no",
            "previous_violations": "0", "culpability": "accident"},
        "C-72", "researcher", "2026-12-10", None, None),
    "destruction_certificate": (
        "project_completed", {"completed_on": "2026-11-30"}, "C-61", "researcher", "2026-11-30",
        "extension_requested", {"letter": D}),
}  # fmt: skip

SANCTION = {
    "sanction": "closure", "severity": "low", "pii_involved": "no", "previous_violations": "0",
    "culpability": "accident",
}  # fmt: skip
# clock → what must have happened before its start can be recorded
BEFORE = {
    "draft_appeal": [("draft_received", {"draft": D})],
    "transfer_appeal": [("transfer_requested", {"request": "t1"})],
    "officer_response": [("matter_appealed", {"appeal": "a1", "matter": "identity"})],
    "letter_appeal": [("letter_requested", {})],
    "amendment_statement": [("amendment_submitted", {"application": D, "kinds": ("identified",)})],
    "inspection_findings": [("inspection_notice", {"inspection": "i1"})],
    "remedy": [("inspection_notice", {"inspection": "i1"}), ("inspection_held", {"inspection": "i1"})],
    "destruction_refused": [
        ("project_completed", {"completed_on": "2026-11-30"}), ("extension_requested", {"letter": D})],
    "destruction_ordered": [("sanction_imposed", SANCTION)],
}  # fmt: skip
BEFORE["amendment_appeal"] = [
    *BEFORE["amendment_statement"],
    ("amendment_refused", {"statement": D}),
]
BEFORE["findings_appeal"] = BEFORE["remedy"]
BEFORE["remedy_plan"] = [
    *BEFORE["remedy"],
    ("findings_sent", {"inspection": "i1", "violations": "1"}),
]

BY_A_DENIAL = {
    "denial_statement": ("C-56", "Department", "2026-12-14", "denial_statement_sent", {}),
    "appeal_window": ("C-58", "researcher", "2026-12-10", "appeal_received", {}),
}


@pytest.fixture
def project(demo_home):
    """In a demo home, where one person may do everything."""
    return demo_home.approved()


def named(home, name, on=MONDAY):
    return [d for d in open_deadlines(home.projects, on) if d.name == name]


def happens(home, number, kind, facts):
    if kind in OWN_STEP:  # the command that does it records it
        home.projects.record(home.projects.show(number), kind, EVERYTHING, facts, on=MONDAY)
    else:
        home.projects.event(number, kind, EVERYTHING, MONDAY, facts)


@pytest.mark.parametrize("name", first_of(CASES, 6))
def test_a_clock_starts_and_stops(demo_home, project, name):
    start, facts, rule, whom, day, stop, stop_facts = CASES[name]
    for earlier, its_facts in BEFORE.get(name, []):
        happens(demo_home, project.number, earlier, its_facts)
    assert named(demo_home, name) == []
    happens(demo_home, project.number, start, facts)
    (found,) = named(demo_home, name)
    assert (found.rule, found.for_whom, found.due.isoformat()) == (rule, whom, day)
    assert found.started == date.fromisoformat(facts.get("until", MONDAY.isoformat()))
    if stop is None:
        assert not found.overdue(found.due + timedelta(days=1))
        assert named(demo_home, name, found.due + timedelta(days=1)) == []
    else:
        late = found.due + timedelta(days=1)
        assert named(demo_home, name, late)[0].overdue(late)
        demo_home.projects.event(project.number, stop, EVERYTHING, MONDAY, stop_facts)
        assert named(demo_home, name) == []


@pytest.mark.parametrize("name", BY_A_DENIAL)
def test_the_clocks_of_a_denial(home, name):
    rule, whom, day, stop, facts = BY_A_DENIAL[name]
    number = home.projects.submit(home.application(), ENGINEER, TODAY).number
    home.projects.event(number, "project_denied", APPROVER, MONDAY, {"statement": D})
    if name == "appeal_window":  # runs from the notice, not from the decision
        assert named(home, name) == []
        home.projects.event(number, "denial_statement_sent", ENGINEER, MONDAY)
    (found,) = named(home, name)
    assert (found.rule, found.for_whom, found.due.isoformat()) == (rule, whom, day)
    home.projects.event(number, stop, ENGINEER, MONDAY, facts)
    assert named(home, name) == []


def test_the_decision_of_an_appeal_of_a_denial(home):
    number = home.projects.submit(home.application(), ENGINEER, TODAY).number
    home.projects.event(number, "project_denied", APPROVER, MONDAY, {"statement": D})
    home.projects.event(number, "appeal_received", ENGINEER, MONDAY)
    (found,) = named(home, "appeal_decision")
    assert (found.rule, found.due) == ("C-59", date(2026, 12, 30))


def test_every_clock_of_the_table_is_tried():
    assert {c.name for c in CLOCKS} == set(CASES) | set(BY_A_DENIAL) | {"appeal_decision"}


def test_what_belongs_to_another_request_stops_nothing(home):
    number = home.approved().number
    for request in ("t1", "t2"):
        home.projects.event(number, "transfer_requested", ENGINEER, MONDAY, {"request": request})
    home.projects.event(
        number, "transfer_answered", APPROVER, MONDAY, {"request": "t1", "outcome": "denied"}
    )
    assert len(named(home, "transfer_answer")) == 1


def test_small_breaches_need_no_letter(home):
    number = home.approved().number
    facts = {"breach": "b1", "discovered_on": "2026-11-29", "individuals": "499"}
    home.projects.event(number, "breach_reported", SECURITY, MONDAY, facts)
    assert named(home, "breach_letter") == []


def test_a_partys_filing_moves_off_a_closed_day_and_a_duty_does_not(home):
    """10 calendar days from 16 November 2026 end on Thanksgiving; 30 from 27 May on a Saturday."""
    number = home.approved().number
    home.projects.event(
        number, "background_check", ENGINEER, date(2026, 11, 16),
        {"member": "lead", "outcome": "failed"},
    )  # fmt: skip
    (window,) = named(home, "check_appeal", date(2026, 11, 20))
    assert window.due == date(2026, 11, 30)
    home.projects.event(
        number, "matter_appealed", ENGINEER, date(2027, 5, 27),
        {"appeal": "a", "matter": "background_check"},
    )  # fmt: skip
    (duty,) = named(home, "matter_decision", date(2027, 5, 28))
    assert duty.due == date(2027, 6, 26)
    assert duty.due.weekday() == 5


# the last day of each on a Sunday, 4 February 2029 (what names its day: that day)
MOVES = {
    "remedy", "draft_appeal", "transfer_appeal", "appeal_window", "check_appeal",
    "amendment_appeal", "letter_appeal", "findings_appeal", "sanction_appeal",
}  # fmt: skip


def test_whose_last_day_moves_off_a_sunday():
    """Calendar days counted for a party do; the Department's, what is due at once and what names its day don't."""
    sunday = date(2029, 2, 4)
    for clock in CLOCKS:
        if clock.business is None:
            due, _ = clock.due(sunday - timedelta(days=clock.days), Counting())
            assert (due == date(2029, 2, 5)) is (clock.name in MOVES), clock.name
            assert due >= sunday


def test_a_remedy_that_ends_on_a_sunday_is_due_on_monday(home):
    number = home.approved().number
    day = date(2029, 1, 5)
    for kind, facts in (
        *BEFORE["remedy"],
        ("findings_sent", {"inspection": "i1", "violations": "1"}),
    ):
        home.projects.event(number, kind, ENGINEER, day, facts)
    (found,) = named(home, "remedy", day)
    assert found.due == date(2029, 2, 5)
    assert found.count() == "30 calendar days end on Sun 02-04, closed: to 02-05"
    assert not found.overdue(date(2029, 2, 5))


def test_a_struck_clock_does_not_run_where_the_settings_follow_the_text_that_strikes_it(home):
    number = home.approved().number
    for kind, facts in (
        *BEFORE["remedy"],
        ("findings_sent", {"inspection": "i1", "violations": "1"}),
    ):
        home.projects.event(number, kind, ENGINEER, MONDAY, facts)
    for text, runs in (("adopted", True), ("third_modifications", False)):
        due = {d.name for d in open_deadlines(home.projects, MONDAY, Counting(text=text))}
        assert ("remedy" in due) is runs
        assert "findings_appeal" in due  # § 968(e): a right of the party, in both


def test_counted_days_are_shown(home):
    number = home.approved().number
    home.projects.event(number, "transfer_requested", ENGINEER, TODAY, {"request": "t1"})
    (found,) = named(home, "transfer_answer", TODAY)
    record = found.as_dict(TODAY)
    assert len(record["counted_days"]) == 10
    assert "2026-11-26" not in record["counted_days"]
    assert "19853" in record["calendar"]


def test_dates_of_an_approval(home):
    state = home.approved()
    found = {d.name: d.due for d in open_deadlines(home.projects, TODAY)}
    assert found["renewal_notice"] == date(2027, 8, 25)  # 90 days before 23 November 2027
    assert found["renewal"] == date(2027, 11, 22)
    assert found["irb_end"] == state.irb_until()
    completion = state.application.project.anticipated_completion
    assert completion + timedelta(days=30) == date(2028, 10, 21)  # a Saturday
    assert found["completion_notice"] == date(2028, 10, 23)


def test_a_notice_is_owed_until_it_was_sent(home):
    """To the applicant: a letter that lies in the folder, or with the Department, notifies nobody."""
    number = home.approved().number
    day = date(2027, 8, 25)
    facts = {"notice": "renewal_notice.2027-08-25", "to": "applicant"}
    with pytest.raises(EvidenceMissing):
        home.projects.event(number, "notice_sent", ENGINEER, day, facts)
    write_notices(home.projects, ENGINEER, day)
    for to, owed in (("department", True), ("applicant", False)):
        facts = {"notice": "renewal_notice.2027-08-25", "to": to}
        home.projects.event(number, "notice_sent", ENGINEER, day, facts)
        assert bool(named(home, "renewal_notice", day)) is owed


def test_the_calendars_are_configuration(home):
    """Columbus Day is a holiday of § 6700 alone."""
    number = home.approved().number
    home.projects.event(
        number, "transfer_requested", ENGINEER, date(2027, 10, 4), {"request": "t1"}
    )
    for name, last in (("19853", "2027-10-18"), ("6700", "2027-10-19"), ("both", "2027-10-19")):
        counting = Counting(CALENDARS[name], CALENDARS[name])
        found = {d.name: d for d in open_deadlines(home.projects, date(2027, 10, 4), counting)}
        assert found["transfer_answer"].due.isoformat() == last
    assert found["transfer_answer"].skipped == ((date(2027, 10, 11), "Columbus Day"),)


def test_dates_of_an_extension(demo_home, project):
    projects = demo_home.projects
    projects.event(
        project.number, "project_completed", EVERYTHING, MONDAY, {"completed_on": "2026-11-30"}
    )
    projects.event(project.number, "extension_requested", EVERYTHING, MONDAY, {"letter": D})
    facts = {"until": "2027-11-30", "authorisation": D}
    projects.event(project.number, "extension_granted", EVERYTHING, MONDAY, facts)
    found = {d.name: d.due for d in open_deadlines(projects, MONDAY)}
    assert found["extension_notice"] == date(2027, 9, 1)
    assert found["extension_end"] == date(2027, 11, 30)
    assert "renewal" not in found


def test_as_a_calendar_file(home):
    home.approved()
    deadlines = open_deadlines(home.projects, TODAY)
    text = as_ics(deadlines)
    assert b"Robin" not in text
    events = Calendar.from_ical(text).walk("VEVENT")
    assert [e["dtstart"].dt for e in events] == [d.due for d in deadlines]
    assert len({str(e["uid"]) for e in events}) == len(deadlines)
    again = Calendar.from_ical(as_ics(deadlines)).walk("VEVENT")
    assert [e["uid"] for e in again] == [e["uid"] for e in events]
