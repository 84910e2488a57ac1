"""What a project's applicant may be told by telephone, and what not; what an approver sees of two versions."""

import json
from datetime import timedelta

import pytest

from approvals.application.reading import example_application
from approvals.people.people import Person
from pipelines.custody import applicant_view, compare_versions
from pipelines.deployment.init import init_home
from pipelines.errors import OptionsDisagree
from pipelines.home.home import open_home
from pipelines.session import Session, today

ENGINEER = Person("p-one", "Erin Example", "erin", frozenset({"engineer"}))
REVIEWER = Person("p-three", "Rory Example", "rory", frozenset({"reviewer"}))
APPROVER = Person("p-two", "Avery Example", "avery", frozenset({"approver"}))
FAILED = {"member": "lead", "outcome": "failed"}
SANCTION = {
    "sanction": "restricted_access", "severity": "high", "pii_involved": "yes",
    "previous_violations": "1", "culpability": "negligence",
}  # fmt: skip


@pytest.fixture
def session(tmp_path):
    root = tmp_path / "home"
    init_home(root)
    with Session(open_home(root)) as opened:
        yield opened


def submitted(session, **changes):
    text = example_application("standard", on=today())
    for old, new in changes.get("change", ()):
        assert old in text
        text = text.replace(old, new)
    path = session.home.root / "application.toml"
    path.write_text(text)
    return session.projects.submit(path, ENGINEER, today()).number


def test_the_applicant_is_told_what_was_decided_and_never_why_or_by_whom(session):
    number = submitted(session)
    record = session.projects.event
    record(
        number,
        "review_completed",
        REVIEWER,
        today(),
        {"holds": "C-04,C-08,C-15,C-48", "fails": "C-03"},
    )
    assert applicant_view(session, number)["state"] == "received; it is not decided yet"
    record(number, "project_denied", APPROVER, today(), {"statement": "d" * 64})
    told = applicant_view(session, number)
    assert told["state"] == "denied; the reasons are in the Department's letter"
    said = json.dumps(told)
    assert not any(
        word in said for word in ("p-one", "p-two", "p-three", "C-0", "d" * 64, "review_")
    )


def test_a_failed_check_and_a_sanction_are_not_told_by_telephone(session):
    number = submitted(session)
    session.projects.approve(number, APPROVER, today())
    session.projects.event(number, "background_check", ENGINEER, today(), FAILED)
    session.projects.event(number, "sanction_imposed", APPROVER, today(), SANCTION)
    session.projects.event(number, "project_suspended", APPROVER, today(), {"reason": "audit"})
    said = json.dumps(applicant_view(session, number))
    assert "paused" in said
    assert not any(
        word in said for word in ("check", "failed", "restricted", "negligence", "audit")
    )
    assert "renew the training of lead" not in said  # nothing ends while nothing is in force
    assert {d.name for d in _open(session)} >= {"check_appeal", "sanction_appeal"}


def _open(session):
    from approvals.deadlines import open_deadlines

    return open_deadlines(session.projects, today())


def test_an_amendment_that_waits_is_told_and_compared(session):
    number = submitted(session)
    session.projects.approve(number, APPROVER, today())
    assert "amendment" not in applicant_view(session, number)
    changes, versions = compare_versions(session, number, None, None)
    assert (changes, len(versions)) == ([], 1)
    submitted(
        session,
        change=[
            ('request = "new" ', 'request = "modified" '),
            ('# modifies = "2026-001"', f'modifies = "{number}"'),
            ("max_rows = 80000", "max_rows = 90000"),
        ],
    )
    assert applicant_view(session, number)["amendment"] == "received; it is not decided yet"
    changes, versions = compare_versions(session, number, None, None)
    assert {"field": "cohort.max_rows", "before": "80000", "after": "90000"} in changes
    assert [v["compared"] for v in versions] == ["before", "after"]
    first, second = (int(str(v["event"])) for v in versions)
    back, _ = compare_versions(session, number, second, first)
    assert {"field": "cohort.max_rows", "before": "90000", "after": "80000"} in back
    with pytest.raises(OptionsDisagree):
        compare_versions(session, number, 1, None)


def test_an_expired_project_is_told_as_such(session, monkeypatch):
    number = submitted(session)
    session.projects.approve(number, APPROVER, today())
    late = today() + timedelta(days=400)
    monkeypatch.setattr("pipelines.custody.applicant.today", lambda: late)
    assert applicant_view(session, number)["state"] == "expired"
