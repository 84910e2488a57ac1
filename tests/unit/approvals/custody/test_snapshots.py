"""Snapshots by the ledger: in use unless something failed, accepted by another person, retired, destroyed."""

import pytest
from approvals_home import APPROVER, ENGINEER, REVIEWER, TODAY

from approvals.custody import accept_snapshot, retire_snapshot, snapshot_destroyed, snapshot_states
from approvals.errors import EventRefused, NothingToConfirm, RoleMissing, SamePerson
from approvals.ledger import Event

GOOD, BAD = "CARPOS-20261201-001", "CARPOS-20261201-002"


def load(home, snapshot, **more):
    facts = {"system": "CARPOS", "snapshot": snapshot, "rows": 1, **more}
    home.ledger.append(Event("register_loaded", ENGINEER.id, facts=facts))


def test_only_another_person_accepts_what_failed_and_only_once(home):
    load(home, GOOD)
    load(home, BAD, held=2)
    states = snapshot_states(home.ledger)
    assert [(name, one.waits) for name, one in states.items()] == [(GOOD, False), (BAD, True)]
    for snapshot, person, why in (
        (GOOD, APPROVER, NothingToConfirm),
        ("CARPOS-20261201-003", APPROVER, NothingToConfirm),
        (BAD, ENGINEER, SamePerson),
        (BAD, REVIEWER, RoleMissing),
    ):
        with pytest.raises(why):
            accept_snapshot(home.ledger, snapshot, "verified", person, TODAY, demo=False)
    with pytest.raises(EventRefused):
        accept_snapshot(home.ledger, BAD, "because", APPROVER, TODAY, demo=False)
    accept_snapshot(home.ledger, BAD, "verified", APPROVER, TODAY, demo=False)
    assert not snapshot_states(home.ledger)[BAD].waits
    with pytest.raises(NothingToConfirm):
        accept_snapshot(home.ledger, BAD, "verified", APPROVER, TODAY, demo=False)


def test_a_demonstration_accepts_alone(home):
    load(home, BAD, held=1)
    accept_snapshot(home.ledger, BAD, "announced", ENGINEER, TODAY, demo=True)
    assert snapshot_states(home.ledger)[BAD].accepted_by == ENGINEER.id


def test_one_whose_load_was_not_recorded_can_be_retired_alone(home):
    with pytest.raises(NothingToConfirm):
        accept_snapshot(home.ledger, BAD, "verified", APPROVER, TODAY, demo=True)
    retire_snapshot(home.ledger, BAD, "not_accepted", ENGINEER, TODAY)
    assert snapshot_states(home.ledger)[BAD].retired_by == ENGINEER.id


def test_who_takes_away_needs_nobody_and_what_was_taken_away_is_not_accepted(home):
    load(home, BAD, held=1)
    with pytest.raises(RoleMissing):
        retire_snapshot(home.ledger, BAD, "wrong_data", REVIEWER, TODAY)
    retire_snapshot(home.ledger, BAD, "wrong_data", ENGINEER, TODAY)
    state = snapshot_states(home.ledger)[BAD]
    assert (state.retired_by, state.retired_on, state.waits) == (ENGINEER.id, TODAY, False)
    for again in (
        lambda: retire_snapshot(home.ledger, BAD, "wrong_data", ENGINEER, TODAY),
        lambda: accept_snapshot(home.ledger, BAD, "verified", APPROVER, TODAY, demo=False),
    ):
        with pytest.raises(NothingToConfirm):
            again()
    snapshot_destroyed(home.ledger, BAD, ENGINEER, TODAY)
    assert snapshot_states(home.ledger)[BAD].destroyed
