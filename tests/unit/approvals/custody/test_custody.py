"""A release from its order to its end: by whom, after what, and never round the gate."""

import json
import re
from dataclasses import replace
from datetime import date, timedelta

import pytest
from approvals_home import (
    APPROVER,
    ENGINEER,
    EVERYTHING,
    KEY_LEAD,
    REVIEWER,
    SECURITY,
    TODAY,
)
from databases import DATABASES
from release_cases import REPORT, ordered, sealed, waiting

from approvals.custody.state import MOVES, Status
from approvals.errors import (
    DocumentChanged,
    EventRefused,
    GateRefused,
    NotAutomatic,
    PackageDiffers,
    ReleaseMoveNotAllowed,
    ReportDiffers,
    RoleMissing,
    SamePerson,
    UnknownMember,
    UnknownRelease,
)
from approvals.ledger.events import KINDS, RELEASE
from approvals.project.store import pinned_documents

# Everything here holds on either database: a home behaves the same.
pytestmark = pytest.mark.parametrize("home", DATABASES, indirect=True)


@pytest.fixture
def project(home):
    return home.approved()


def test_a_release_walks_through_its_states(home, project):
    release = sealed(home, project)
    assert release == "2026-001-R001"
    assert home.releases.show(release).status is Status.RECORDED
    home.releases.hand_over(release, "lead", ENGINEER, TODAY)
    assert home.releases.show(release).status is Status.HANDED_OVER
    home.releases.receipt(release, "lead", ENGINEER, TODAY)
    state = home.releases.show(release)
    assert state.status is Status.RECEIVED
    assert state.individuals == 7
    assert state.packages["lead"].handed_over == (TODAY,)
    assert state.packages["analyst"].received is None
    assert json.loads(json.dumps(state.as_dict()))["packages"][0]["sha256sums"] == "5" * 64
    assert [s.release for s in home.releases.list(project.number)] == [release]
    home.releases.destroy(release, ENGINEER, TODAY)
    assert home.releases.show(release).status is Status.DESTROYED


def test_releases_are_numbered_within_their_project(home, project):
    assert [ordered(home, project) for _ in range(2)] == ["2026-001-R001", "2026-001-R002"]
    with pytest.raises(UnknownRelease):
        home.releases.show("2026-001-R003")
    with pytest.raises(RoleMissing):
        ordered(home, project, actor=APPROVER)


# ------------------------------------------------------------------ approval


def test_the_approver_is_not_the_person_who_ran_it(home, project):
    release = waiting(home, project, actor=EVERYTHING)
    with pytest.raises(SamePerson):
        home.releases.approve(release, EVERYTHING, TODAY)
    for actor in (ENGINEER, REVIEWER, SECURITY):
        with pytest.raises(RoleMissing):
            home.releases.approve(release, actor, TODAY)
    assert home.releases.approve(release, APPROVER, TODAY).approved_by == APPROVER.id


def test_who_resumed_a_run_does_not_approve_it(home, project):
    release = ordered(home, project)
    ask = replace(home.releases.handover_request(home.releases.show(release), TODAY), stage="run")
    home.releases.ask_gate(release, ask, EVERYTHING).check()
    home.releases.attach_report(release, REPORT)
    with pytest.raises(SamePerson):
        home.releases.approve(release, EVERYTHING, TODAY)


def test_the_approval_is_of_one_report(home, project):
    release = waiting(home, project)
    digest = home.releases.show(release).report
    with pytest.raises(ReportDiffers):
        home.releases.approve(release, APPROVER, TODAY, report="0" * 64)
    (stored,) = (home.path / "projects" / project.number / "reports").iterdir()
    kept = stored.read_bytes()
    assert REPORT not in kept  # encrypted at rest
    stored.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
    with pytest.raises(DocumentChanged):
        home.releases.approve(release, APPROVER, TODAY, report=digest)
    stored.write_bytes(kept)
    assert home.releases.approve(release, APPROVER, TODAY, report=digest).policy == "second_person"
    assert home.releases.edition(release, "report") == REPORT


def test_nothing_is_approved_before_its_report_or_twice(home, project):
    release = ordered(home, project)
    with pytest.raises(ReleaseMoveNotAllowed):
        home.releases.approve(release, APPROVER, TODAY)
    release = waiting(home, project)
    home.releases.approve(release, APPROVER, TODAY)
    with pytest.raises(ReleaseMoveNotAllowed):
        home.releases.approve(release, APPROVER, TODAY)


def test_a_failed_validation_can_not_be_approved(home, project):
    release = ordered(home, project)
    home.releases.record(
        release, "release_validated", {"outcome": "failed", "expectations": 9, "failed": 1}
    )
    assert home.releases.show(release).status is Status.FAILED
    with pytest.raises(ReleaseMoveNotAllowed):
        home.releases.approve(release, APPROVER, TODAY)


def test_only_scheduled_tables_go_by_themselves(home):
    project = home.approved("aggregated")
    release = waiting(home, project, "aggregated", scheduled=True)
    assert home.releases.approve_automatically(release, TODAY).policy == "auto"
    by_hand = waiting(home, project, "aggregated")
    with pytest.raises(NotAutomatic):
        home.releases.approve_automatically(by_hand, TODAY)


def test_no_individual_level_release_goes_by_itself(home, project):
    release = waiting(home, project, scheduled=True)
    with pytest.raises(NotAutomatic):
        home.releases.approve_automatically(release, TODAY)


# ------------------------------------------------------------------ hand-over


def test_the_gate_is_asked_again_at_the_hand_over(home, project):
    release = sealed(home, project)
    late = TODAY + timedelta(days=366)
    with pytest.raises(GateRefused) as caught:
        home.releases.hand_over(release, "lead", ENGINEER, late)
    assert "C-74" in str(caught.value)
    assert home.releases.show(release).packages["lead"].handed_over == ()
    (refusal,) = home.ledger.events(release=release, kind="gate_refused")
    assert refusal.facts["stage"] == "handover"
    assert home.releases.show(release).status is Status.RECORDED  # it can be tried again


def test_a_revoked_key_stops_only_its_own_package(home, project):
    release = sealed(home, project)
    home.projects.event(
        project.number, "recipient_revoked", SECURITY, TODAY, {"fingerprint": KEY_LEAD}
    )
    with pytest.raises(GateRefused):
        home.releases.hand_over(release, "lead", ENGINEER, TODAY)
    home.releases.hand_over(release, "analyst", ENGINEER, TODAY)


def test_a_sanction_stops_the_hand_over(home, project):
    release = sealed(home, project)
    home.projects.event(
        project.number, "sanction_imposed", SECURITY, TODAY,
        {"sanction": "restricted_access", "severity": "high", "pii_involved": "yes",
         "previous_violations": "0", "culpability": "negligence"},
    )  # fmt: skip
    with pytest.raises(GateRefused):
        home.releases.hand_over(release, "lead", ENGINEER, TODAY)


def test_only_what_was_sealed_is_handed_over_and_only_that_is_received(home, project):
    release = sealed(home, project)
    with pytest.raises(UnknownMember):
        home.releases.hand_over(release, "stranger", ENGINEER, TODAY)
    with pytest.raises(UnknownMember):
        home.releases.receipt(release, "lead", ENGINEER, TODAY)
    with pytest.raises(ReleaseMoveNotAllowed):
        home.releases.hand_over(waiting(home, project), "lead", ENGINEER, TODAY)


def test_a_withdrawn_release_is_given_to_nobody(home, project):
    release = sealed(home, project)
    home.releases.withdraw(release, "wrong_data", SECURITY, TODAY)
    with pytest.raises(ReleaseMoveNotAllowed):
        home.releases.hand_over(release, "lead", ENGINEER, TODAY)
    with pytest.raises(ReleaseMoveNotAllowed):
        home.releases.withdraw(release, "wrong_data", SECURITY, TODAY)
    with pytest.raises(EventRefused):
        home.releases.withdraw(waiting(home, project), "because Maria said so", SECURITY, TODAY)


def test_nothing_is_given_outside_the_timeframe_whatever_is_still_approved(home):
    """§ 964(b) (C-17): also not a package that was given before."""
    project = home.approved(
        change=lambda text: re.sub(r"(timeframe = .*end = )[\d-]+", r"\g<1>2026-12-31", text)
    )
    release = sealed(home, project)
    home.releases.hand_over(release, "lead", ENGINEER, date(2026, 12, 31))
    with pytest.raises(GateRefused) as caught:
        home.releases.hand_over(release, "lead", ENGINEER, date(2027, 1, 1))
    assert {reason.rule for reason in caught.value.reasons} == {"C-17"}
    assert len(home.releases.show(release).packages["lead"].handed_over) == 1


def test_only_the_copy_that_was_sealed_is_handed_over(home, project):
    release = sealed(home, project)
    for found in ("4" * 64, ""):
        with pytest.raises(PackageDiffers) as caught:
            home.releases.hand_over(release, "lead", ENGINEER, TODAY, sums=found)
        assert caught.value.exit == 5
    home.releases.hand_over(release, "lead", ENGINEER, TODAY, sums="5" * 64, by="sftp")
    (event,) = home.ledger.events(release=release, kind="package_handed_over")
    assert (event.facts["sums"], event.facts["by"]) == ("5" * 64, "sftp")


def test_what_left_the_outbox_is_not_handed_over(home, project):
    release = sealed(home, project)
    home.releases.cleared(release, ENGINEER, TODAY)
    with pytest.raises(ReleaseMoveNotAllowed):
        home.releases.hand_over(release, "lead", ENGINEER, TODAY)
    assert home.releases.show(release).status is Status.RECORDED


def test_the_gate_is_asked_when_a_release_is_approved_and_it_goes_on_waiting(home, project):
    release = waiting(home, project)
    sanction = {"sanction": "restricted_access", "severity": "high", "pii_involved": "yes",
                "previous_violations": "0", "culpability": "negligence"}  # fmt: skip
    home.projects.event(project.number, "sanction_imposed", SECURITY, TODAY, sanction)
    with pytest.raises(GateRefused):
        home.releases.approve(release, APPROVER, TODAY)
    assert home.releases.show(release).status is Status.WAITING_APPROVAL
    (refusal,) = home.ledger.events(release=release, kind="gate_refused")
    assert (refusal.actor, refusal.facts["stage"]) == (APPROVER.id, "approve")
    home.projects.event(project.number, "sanction_lifted", APPROVER, TODAY)
    assert home.releases.approve(release, APPROVER, TODAY).approved_by == APPROVER.id


def test_who_resumes_before_the_approval_does_not_approve(home, project):
    release = waiting(home, project)
    home.releases.resume(release, EVERYTHING, TODAY)
    with pytest.raises(SamePerson):
        home.releases.approve(release, EVERYTHING, TODAY)
    home.releases.approve(release, APPROVER, TODAY)
    home.releases.resume(release, APPROVER, TODAY)  # sealing what one approved is no second hand
    assert APPROVER.id not in home.releases.show(release).ran_by
    with pytest.raises(RoleMissing):
        home.releases.resume(release, SECURITY, TODAY)


# ------------------------------------------------------------------ recording


def test_a_resumed_run_records_each_stage_once(home, project):
    release = waiting(home, project)
    size = home.ledger.size()
    home.releases.record(release, "extract_made", {"rows": 10, "individuals": 7})
    home.releases.attach_report(release, REPORT)
    assert home.ledger.size() == size


def test_a_run_that_failed_and_goes_on_records_again(home, project):
    release = ordered(home, project)
    passed = {"outcome": "passed", "expectations": 9, "failed": 0}
    for _ in range(2):
        home.releases.record(release, "release_validated", passed)
        home.releases.attach_report(release, REPORT)
        assert home.releases.show(release).status is Status.WAITING_APPROVAL
        home.releases.record(release, "release_failed", {"code": "PIPE-01"})
        assert home.releases.show(release).status is Status.FAILED


def test_a_decision_is_not_recorded_as_a_stage(home, project):
    release = waiting(home, project)
    for kind in ("release_approved", "package_handed_over", "release_ordered", "project_approved"):
        with pytest.raises(ReleaseMoveNotAllowed):
            home.releases.record(release, kind, {})


def test_the_gates_answer_is_recorded_whichever_it_is(home, project):
    release = ordered(home, project)
    ask = replace(home.releases.handover_request(home.releases.show(release), TODAY), system="ACHS")
    verdict = home.releases.ask_gate(release, ask)
    assert not verdict.allowed
    (entry,) = home.ledger.events(release=release, kind="gate_refused")
    assert entry.facts["rules"] == verdict.rules
    assert home.releases.show(release).status is Status.REFUSED


def test_the_table_of_moves_knows_its_events_and_states(home):
    assert set(MOVES) - {"validated"} <= {k for k, s in KINDS.items() if s.about == RELEASE}
    assert {target for _, target in MOVES.values()} | {Status.ORDERED} == set(Status)


def test_what_an_earlier_report_had_beside_it_is_not_missed(home, project):
    release = home.releases.order(project.number, "deidentified", ENGINEER, TODAY).release
    place = home.path / "projects" / project.number / "reports" / release
    place.mkdir(parents=True)
    texts = {"department.html": b"one", "recipient.html": b"two", "report.json": b"three"}

    def attach(beside: dict[str, bytes]) -> list[str]:
        for name, content in (texts | beside).items():
            (place / name).write_bytes(content)
        home.releases.attach_report(release, *texts.values(), beside=beside)
        return [d.state for d in pinned_documents(home.projects) if d.state != "held"]

    assert attach({"rates.csv": b"a"}) == []
    (place / "rates.csv").unlink()
    assert [d.what for d in pinned_documents(home.projects) if d.state == "missing"] == [
        f"reports/{release}/rates.csv"
    ]
    texts["department.html"] = b"another"
    assert attach({}) == []
