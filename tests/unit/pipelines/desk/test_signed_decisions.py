"""What is decided on the desk's pages is signed at a standing desk, is recorded once signed, and holds when the ledger is verified."""

import pytest

from approvals.application import example_application
from approvals.gate.model import Verdict
from crypto.cms.certificates import make_recipient
from pipelines.keys import add_recipient, verify_ledger
from pipelines.session import Session, today
from tests.desk import Browser, desk_of
from tests.unit.pipelines.desk.test_sign_off_pages import (
    acting,
    approved,
    kinds,
    project,
    release,
    seen_on,
    state,
)
from tests.unit.pipelines.desk.test_standing import desk as standing
from tests.unit.pipelines.desk.test_standing import enrolled

__all__ = ["approved", "project", "release", "standing"]


@pytest.fixture
def avery(standing):
    visitor, _ = enrolled(standing, "avery-1")
    visitor.sign_in()
    return visitor


def since_today(home):
    path = home / "settings.toml"
    path.write_text(path.read_text().replace('passkeys_from = ""', f'passkeys_from = "{today()}"'))


def verified(home):
    with acting(home, "sam-1") as session:
        return verify_ledger(session)


def test_an_application_is_approved_once_it_is_signed(home, project, avery):
    page = avery.get(f"/projects/{project}/papers").text
    asked = avery.post(f"/projects/{project}/approve", seen=seen_on(page))
    assert "Nothing is recorded yet" in asked.text
    assert kinds(home, "project_approved") == kinds(home, "notice_written") == []
    assert avery.answered(asked.text).status_code == 303
    [(who, facts)] = kinds(home, "project_approved")
    assert (who, facts["application"] in asked.text) == ("avery-1", True)
    assert verified(home)["decisions_signed"] == 2


def test_a_release_goes_by_a_signature_over_its_report(home, release, avery, monkeypatch):
    monkeypatch.setattr("approvals.custody.store.check", lambda *_: Verdict(()))
    monkeypatch.setattr("pipelines.custody.releases.check_decision", lambda *_: None)
    report = state(home, release).report
    page = avery.get(f"/releases/{release}").text
    form = {"seen": seen_on(page), "report": report}
    done = avery.decide(f"/releases/{release}/approve", **form)
    assert done.status_code == 303, done.text
    [(who, facts)] = kinds(home, "release_approved")
    assert (who, facts["report"], "signature" in facts) == ("avery-1", report, True)
    assert verified(home)["decisions_signed"] == 2


def test_what_was_decided_meanwhile_is_looked_at_again(home, release, avery):
    page = avery.get(f"/releases/{release}").text
    asked = avery.post(
        f"/releases/{release}/return",
        seen=seen_on(page),
        report=state(home, release).report,
        comment="Why María?",
    )
    assert "María" not in asked.text
    with acting(home, "erin-1") as session:
        session.releases.resume(release, session.person, today())
    answer = avery.answered(asked.text)
    assert (answer.status_code, "DESK-06" in answer.text) == (409, True)
    assert kinds(home, "release_returned") == []
    page = avery.get(f"/releases/{release}").text
    form = {"seen": seen_on(page), "report": state(home, release).report, "comment": "Why María?"}
    assert avery.decide(f"/releases/{release}/return", **form).status_code == 303
    [(_, facts)] = kinds(home, "release_returned")
    assert "signature" in facts


def test_a_key_that_waits_in_two_projects_is_signed_for_each(home, approved, avery, tmp_path):
    (tmp_path / "b.toml").write_text(example_application("standard", on=today(), kind="identified"))
    with acting(home, "erin-1") as session:
        other = session.projects.submit(tmp_path / "b.toml", session.person, today()).number
    with acting(home, "rory-1") as session, pytest.raises(Exception, match="PEOPLE"):
        session.projects.approve(other, session.person, today())
    with acting(home, "avery-1") as session:
        session.projects.approve(other, session.person, today())
    _, certificate = make_recipient("p384", "Lead")
    (tmp_path / "c.pem").write_bytes(certificate)
    with acting(home, "erin-1") as session:
        for number in (approved, other):
            key = str(add_recipient(session, number, tmp_path / "c.pem", "lead")["fingerprint"])
    first = avery.decide(f"/projects/{approved}/key", key=key, said=key[-8:])
    assert "Nothing is recorded yet" in first.text
    assert len(kinds(home, "recipient_confirmed")) == 1
    assert avery.answered(first.text).status_code == 303
    confirmed = kinds(home, "recipient_confirmed")
    assert [("signature" in facts) for _, facts in confirmed] == [True, True]
    assert verified(home)["decisions_signed"] == 3


def test_where_approvals_are_signed_a_desk_of_ones_own_takes_none(home, project):
    since_today(home)
    own = Browser(desk_of(home), "avery-1")
    page = own.get(f"/projects/{project}/papers").text
    refused = own.post(f"/projects/{project}/approve", {"seen": seen_on(page)})
    assert (refused.status_code, "PASSKEY-02" in refused.text) == (403, True)
    assert kinds(home, "project_approved") == []
    with Session(own.desk.home) as session:
        assert session.ledger.events(kind="attempt_refused")[-1].facts["code"] == "PASSKEY-02"
