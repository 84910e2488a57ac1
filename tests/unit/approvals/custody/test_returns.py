"""A release that an approver sends back: with a comment, until it is answered, never past the answer."""

import json
from dataclasses import replace

import pytest
from approvals_home import APPROVER, ENGINEER, EVERYTHING, REVIEWER, SECURITY, TODAY
from databases import DATABASES
from release_cases import REPORT, ordered, waiting

from approvals.custody import Status
from approvals.custody.comments import LONGEST
from approvals.errors import (
    CommentUnusable,
    DocumentChanged,
    ReleaseMoveNotAllowed,
    ReportDiffers,
    RoleMissing,
    SamePerson,
)
from approvals.project import pinned_documents

pytestmark = pytest.mark.parametrize("home", DATABASES, indirect=True)
SAID = b"Row 7 of the county table stands alone.\nWhy?"
ANSWER = b"It is a total; see page 3."
SECOND = replace(EVERYTHING, id="second-1")


@pytest.fixture
def release(home):
    return waiting(home, home.approved())


def test_a_return_waits_for_its_answer_and_then_for_its_approver_again(home, release):
    read = home.releases.show(release).report
    state = home.releases.send_back(release, APPROVER, TODAY, SAID, report=read)
    assert state.status is Status.RETURNED
    assert [(r.by, r.report, r.answered_by) for r in state.returns] == [(APPROVER.id, read, "")]
    for step in (home.releases.approve, home.releases.approve_automatically):
        with pytest.raises(ReleaseMoveNotAllowed):
            step(release, *([SECOND] if step == home.releases.approve else []), TODAY)
    state = home.releases.answer(release, ENGINEER, TODAY, ANSWER)
    assert state.status is Status.WAITING_APPROVAL
    assert home.releases.comments(state) == ((SAID.decode(), ANSWER.decode()),)
    assert json.loads(json.dumps(state.as_dict()))["returns"][0]["answered_by"] == ENGINEER.id
    state = home.releases.approve(release, APPROVER, TODAY, report=read)
    assert (state.status, state.approved_by) == (Status.APPROVED, APPROVER.id)


def test_who_may_return_is_who_may_approve(home, release):
    for actor in (ENGINEER, REVIEWER, SECURITY):
        with pytest.raises(RoleMissing):
            home.releases.send_back(release, actor, TODAY, SAID)
    own = waiting(home, home.projects.show("2026-001"), actor=EVERYTHING)
    with pytest.raises(SamePerson):
        home.releases.send_back(own, EVERYTHING, TODAY, SAID)
    with pytest.raises(ReportDiffers):
        home.releases.send_back(release, APPROVER, TODAY, SAID, report="0" * 64)
    with pytest.raises(ReleaseMoveNotAllowed):
        home.releases.send_back(
            ordered(home, home.projects.show("2026-001")), APPROVER, TODAY, SAID
        )
    assert not home.ledger.events(kind="release_returned")


def test_who_answers_is_neither_who_returned_nor_who_approves(home, release):
    home.releases.send_back(release, SECOND, TODAY, SAID)
    with pytest.raises(SamePerson):
        home.releases.answer(release, SECOND, TODAY, ANSWER)
    with pytest.raises(RoleMissing):
        home.releases.answer(release, REVIEWER, TODAY, ANSWER)
    home.releases.answer(release, APPROVER, TODAY, ANSWER)
    with pytest.raises(SamePerson):
        home.releases.approve(release, APPROVER, TODAY)
    with pytest.raises(ReleaseMoveNotAllowed):
        home.releases.answer(release, ENGINEER, TODAY, ANSWER)
    assert home.releases.approve(release, SECOND, TODAY).approved_by == SECOND.id


def test_only_another_report_goes_round_the_answer(home, release):
    """A run that is resumed attaches what it has: the same report stays returned, whatever lay between."""
    home.releases.send_back(release, APPROVER, TODAY, SAID)
    home.releases.resume(release, ENGINEER, TODAY)
    ask = replace(home.releases.handover_request(home.releases.show(release), TODAY), stage="run")
    home.releases.ask_gate(release, ask).check()
    proof = {"outcome": "passed", "expectations": 9, "failed": 0}
    home.releases.record(release, "release_validated", proof, once=False)
    assert home.releases.show(release).status is Status.VALIDATED
    for report, status in (
        (REPORT, Status.RETURNED),
        (b"another", Status.WAITING_APPROVAL),
        (REPORT, Status.RETURNED),
    ):
        digest = home.projects.folder("2026-001").digest("report", report)
        home.releases.record(release, "report_attached", {"report": digest}, once=False)
        assert home.releases.show(release).status is status


def test_a_returned_release_may_be_withdrawn(home, release):
    home.releases.send_back(release, APPROVER, TODAY, SAID)
    assert home.releases.withdraw(release, "wrong_data", ENGINEER, TODAY).status == "withdrawn"


def test_what_was_written_rests_encrypted_and_is_missed(home, release):
    home.releases.send_back(release, APPROVER, TODAY, SAID)
    (kept,) = (home.path / "projects" / "2026-001" / "comments").iterdir()
    assert SAID not in kept.read_bytes()
    assert b"county" not in b"".join(str(e.facts).encode() for e in home.ledger.events())
    assert "comment" in {one.what for one in pinned_documents(home.projects, "2026-001")}
    kept.unlink()
    with pytest.raises(DocumentChanged):
        home.releases.comments(home.releases.show(release))


@pytest.mark.parametrize(
    "said",
    [b"", b" \n\t ", b"\xff\xfe", "now\u202ehidden".encode(), b"bell\x07", b"x" * (LONGEST + 1)],
)
def test_a_comment_says_something_that_can_be_read(home, release, said):
    with pytest.raises(CommentUnusable):
        home.releases.send_back(release, APPROVER, TODAY, said)
    assert home.releases.show(release).status is Status.WAITING_APPROVAL
    assert not (home.path / "projects" / "2026-001" / "comments").exists()


def test_a_comment_is_kept_as_it_was_written_but_for_its_ends(home, release):
    home.releases.send_back(release, APPROVER, TODAY, "\ufeffZeile 1 é\r\n\tZeile 2\n\n".encode())
    ((said, answer),) = home.releases.comments(home.releases.show(release))
    assert (said, answer) == ("Zeile 1 é\n\tZeile 2", "")
