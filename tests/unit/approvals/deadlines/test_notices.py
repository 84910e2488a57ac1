"""The letters that the Department owes: on their day, once, and only in the project's folder."""

from datetime import date, timedelta

import pytest
from approvals_home import APPROVER, ENGINEER, TODAY

from approvals.deadlines.notices import unsent_notices, write_notices
from approvals.errors import DocumentChanged

D = "d" * 64
RENEWAL_DAY = date(2027, 8, 25)  # 90 days before 23 November 2027


def names(home, on):
    return sorted(n.name for n in write_notices(home.projects, ENGINEER, on))


@pytest.fixture
def project(home):
    return home.approved()


def test_the_renewal_letter_is_written_on_its_day_and_once(home, project):
    assert names(home, RENEWAL_DAY - timedelta(days=1)) == []
    (notice,) = write_notices(home.projects, ENGINEER, RENEWAL_DAY)
    assert notice.name == "renewal_notice"
    assert names(home, RENEWAL_DAY) == []
    assert names(home, RENEWAL_DAY + timedelta(days=1)) == []
    text = notice.path.read_text(encoding="utf-8")
    assert "expires on 2027-11-23" in text
    assert "Dr. Robin Example" in text
    assert "§ 966(i)" in text
    assert "official letterhead" in text
    assert notice.path.parent == home.path / "projects" / project.number / "letters"
    assert notice.path.stat().st_mode & 0o077 == 0
    (entry,) = home.ledger.events(kind="notice_written")
    assert "Robin" not in str(entry)


def test_a_missed_day_is_made_up_for(home, project):
    assert names(home, RENEWAL_DAY + timedelta(days=5)) == ["renewal_notice"]


def test_a_renewed_project_gets_its_next_letter_a_year_later(home, project):
    assert names(home, RENEWAL_DAY) == ["renewal_notice"]
    facts = {"changes": "personnel", "letter": D}
    home.projects.event(project.number, "renewal_requested", ENGINEER, RENEWAL_DAY, facts)
    home.projects.renew(project.number, APPROVER, RENEWAL_DAY)
    assert "renewal_notice" not in names(home, RENEWAL_DAY + timedelta(days=1))
    assert "renewal_notice" in names(home, date(2028, 8, 25))


def test_evidence_that_ends_is_announced(home):
    state = home.approved()
    day = state.irb_until() - timedelta(days=90)
    assert "irb_end" not in names(home, min(day, RENEWAL_DAY) - timedelta(days=1))
    if day < state.expires:
        assert "irb_end" in names(home, day)


def test_the_end_of_an_extension_is_announced(home, project):
    home.projects.event(
        project.number, "project_completed", ENGINEER, TODAY, {"completed_on": str(TODAY)}
    )
    home.projects.event(project.number, "extension_requested", ENGINEER, TODAY, {"letter": D})
    facts = {"until": "2027-11-23", "authorisation": D}
    home.projects.event(project.number, "extension_granted", APPROVER, TODAY, facts)
    assert names(home, RENEWAL_DAY - timedelta(days=1)) == []
    (notice,) = write_notices(home.projects, ENGINEER, RENEWAL_DAY)
    text = notice.path.read_text(encoding="utf-8")
    assert "seven" in text
    assert "2027-11-23" in text


def test_a_project_that_is_not_approved_gets_no_letter(home):
    home.projects.submit(home.application(), ENGINEER, TODAY)
    assert names(home, date(2030, 1, 1)) == []


def test_an_aggregated_project_is_reminded_too(home):
    home.approved("aggregated")
    (notice,) = write_notices(home.projects, ENGINEER, RENEWAL_DAY)
    assert "Jordan Example" in notice.path.read_text(encoding="utf-8")


# ------------------------------------------------------------------ the Department's own answers


def test_the_department_reminds_itself_a_week_before_a_review_is_due(home, project):
    """Two drafts of one day are two reviews; what was answered is not announced."""
    for draft in ("a" * 64, "b" * 64):
        home.projects.event(project.number, "draft_received", ENGINEER, TODAY, {"draft": draft})
    home.projects.event(project.number, "draft_received", ENGINEER, TODAY, {"draft": "c" * 64})
    home.projects.event(
        project.number, "draft_reviewed", ENGINEER, TODAY, {"draft": "c" * 64, "finding": "none"}
    )
    due_on = date(2026, 12, 9)  # ten business days over Thanksgiving
    assert names(home, due_on - timedelta(days=8)) == []
    written = write_notices(home.projects, ENGINEER, due_on - timedelta(days=7))
    assert [n.name for n in written] == ["draft_review", "draft_review"]
    text = " ".join(written[0].path.read_text(encoding="utf-8").split())
    assert "Due on 2026-12-09 (§ 964(g))" in text
    assert "11-26 Thanksgiving Day; 11-27 Day after Thanksgiving" in text
    assert "Robin" not in text
    assert names(home, due_on) == []


def test_every_letter_waits_until_it_was_sent(home, project):
    home.projects.event(project.number, "draft_received", ENGINEER, TODAY, {"draft": D})
    write_notices(home.projects, ENGINEER, date(2026, 12, 9))
    write_notices(home.projects, ENGINEER, RENEWAL_DAY)
    to_desk = unsent_notices(home.projects, applicants=False)
    assert [u.address for u in to_desk] == ["", ""]
    review, renewal = unsent_notices(home.projects, applicants=True)
    assert (review.address, renewal.address) == ("", "robin@university.example")
    state = home.projects.show(project.number)
    facts = {"notice": review.notice, "to": "department"}
    home.projects.record(state, "notice_sent", ENGINEER, facts, on=RENEWAL_DAY)
    assert [u.notice for u in unsent_notices(home.projects, applicants=True)] == [renewal.notice]


def test_an_application_changed_after_the_letter_changes_no_letter(home, project):
    (notice,) = write_notices(home.projects, ENGINEER, RENEWAL_DAY)
    for stored in (notice.path.parent.parent / "notices").iterdir():
        stored.write_text("Dear somebody else")
    with pytest.raises(DocumentChanged):
        unsent_notices(home.projects, applicants=True)
