"""Refused attempts: who tried what is recorded, on either database, and nothing else moves."""

import pytest
from approvals_home import APPROVER, ENGINEER, REVIEWER, TODAY
from databases import DATABASES

from approvals.errors import (
    CorrectionRefused,
    EventRefused,
    GateRefused,
    Reason,
    RoleMissing,
    SamePerson,
    StateMoved,
)
from approvals.gate.attempts import is_refused_attempt, record_attempt, refused_attempts
from approvals.ledger.events import Event
from approvals.ledger.verification import verify_chain

on_each_database = pytest.mark.parametrize("home", DATABASES, indirect=True)


def attempt(home, error, step="project.approve", **about):
    return record_attempt(home.ledger, error, actor=ENGINEER.id, step=step, on=TODAY, **about)


@on_each_database
def test_an_attempt_is_recorded_with_who_what_and_the_code(home):
    state = home.approved("aggregated")
    release = home.releases.order(state.number, "aggregated", ENGINEER, TODAY).release
    with pytest.raises(RoleMissing) as caught:
        home.releases.withdraw(release, "other", REVIEWER, TODAY)
    attempt(home, caught.value, project=state.number)
    attempt(home, SamePerson(), "release.approve", project=state.number, release=release)
    entries = home.ledger.events(kind="attempt_refused")
    assert [(e.project, e.release, e.actor) for e in entries] == [
        (state.number, None, ENGINEER.id),
        (state.number, release, ENGINEER.id),
    ]
    assert entries[0].facts == {
        "step": "project.approve", "code": "PEOPLE-06", "on": TODAY.isoformat(),
    }  # fmt: skip
    assert [row["code"] for row in refused_attempts(home.ledger, state.number)] == [
        "PEOPLE-06",
        "PEOPLE-05",
    ]
    verify_chain(home.ledger).check()


@pytest.mark.parametrize("typed", ["Jane Doe", "Jane", "2026-999", "", "x" * 80])
def test_what_was_typed_as_a_number_is_never_recorded(home, typed):
    entry = attempt(home, SamePerson(), project=typed, release=typed)
    assert (entry.project, entry.release) == (None, None)
    assert typed not in str(entry.as_dict()) or not typed


def test_neither_the_project_nor_the_release_is_moved_by_it(home):
    state = home.approved("aggregated")
    release = home.releases.order(state.number, "aggregated", ENGINEER, TODAY)
    attempt(home, RoleMissing(), project=state.number)
    attempt(home, RoleMissing(), project=state.number, release=release.release)
    after = home.projects.show(state.number)
    assert after.as_dict(TODAY) == state.as_dict(TODAY)
    assert home.releases.show(release.release).status == release.status
    with pytest.raises(StateMoved):  # what was decided on the state before is decided again
        home.projects.record(state, "letter_requested", ENGINEER, {}, on=TODAY)
    home.projects.record(after, "letter_requested", ENGINEER, {}, on=TODAY)


def test_the_refused_can_not_take_it_back_nor_write_one(home):
    number = home.approved("aggregated").number
    entry = attempt(home, RoleMissing(), project=number)
    taken = {"event": str(entry.seq), "reason": "never_happened"}
    with pytest.raises(CorrectionRefused):
        home.projects.event(number, "event_corrected", APPROVER, TODAY, taken)
    written = {"step": "project.approve", "code": "PEOPLE-06"}
    with pytest.raises(EventRefused):
        home.projects.event(number, "attempt_refused", ENGINEER, TODAY, written)
    with pytest.raises(EventRefused):  # a release without its project
        Event("attempt_refused", "p", None, "R", {"step": "x", "code": "y", "on": "2026-01-01"})


def test_what_the_gate_refuses_has_an_event_of_its_own():
    refused = GateRefused((Reason("C-17", "964(b)", "text", "cure"),))
    assert not is_refused_attempt(refused)
    assert is_refused_attempt(RoleMissing())
    assert not is_refused_attempt(StateMoved())
