"""Escrow and switches: two people each, the second never the first."""

import pytest
from approvals_home import APPROVER, ENGINEER, SECURITY, TODAY

from approvals.custody.escrow import (
    add_escrow_key,
    allow_escrow_use,
    confirm_escrow_key,
    escrow_state,
    request_escrow_use,
)
from approvals.errors import (
    EscrowRefused,
    NothingToConfirm,
    RoleMissing,
    SamePerson,
    SwitchNotConfirmed,
)
from approvals.people.people import Person
from approvals.people.switches import check_switches_confirmed, confirm_switch, override_switch

ADMIN = Person("p-admin", "Ada Example", "ada", frozenset({"administrator"}))
KEY, OTHER = "e" * 64, "f" * 64
DAY = TODAY.isoformat()


@pytest.fixture
def ledger(home):
    return home.ledger


def confirmed(ledger):
    add_escrow_key(ledger, KEY, None, ADMIN, TODAY)
    confirm_escrow_key(ledger, KEY, SECURITY, TODAY, demo=False)


def test_a_key_counts_when_a_second_person_confirmed_it(ledger):
    with pytest.raises(RoleMissing):
        add_escrow_key(ledger, KEY, None, ENGINEER, TODAY)
    add_escrow_key(ledger, KEY, None, ADMIN, TODAY)
    assert escrow_state(ledger).confirmed is None
    with pytest.raises(SamePerson):
        confirm_escrow_key(ledger, KEY, ADMIN, TODAY, demo=False)
    with pytest.raises(EscrowRefused):
        confirm_escrow_key(ledger, OTHER, SECURITY, TODAY, demo=False)
    confirm_escrow_key(ledger, KEY, SECURITY, TODAY, demo=False)
    assert escrow_state(ledger).confirmed == KEY
    with pytest.raises(EscrowRefused):
        add_escrow_key(ledger, KEY, None, ADMIN, TODAY)


def test_its_use_takes_two_people_and_each_use_is_one(ledger):
    with pytest.raises(EscrowRefused):
        request_escrow_use(ledger, "2026-001-R001", "proof", SECURITY, TODAY)
    confirmed(ledger)
    number = request_escrow_use(ledger, "2026-001-R001", "court_order", SECURITY, TODAY)
    for wrong, error in ((SECURITY, SamePerson), (ENGINEER, RoleMissing)):
        with pytest.raises(error):
            allow_escrow_use(ledger, number, wrong, TODAY, demo=False)
    use = allow_escrow_use(ledger, number, APPROVER, TODAY, demo=False)
    assert (use.asked_by, use.allowed_by) == (SECURITY.id, APPROVER.id)
    with pytest.raises(EscrowRefused):
        allow_escrow_use(ledger, number, ADMIN, TODAY, demo=False)
    assert request_escrow_use(ledger, "2026-001-R001", "proof", ADMIN, TODAY) == "E002"
    assert escrow_state(ledger).uses["E001"].allowed_by == APPROVER.id


def test_a_switch_stands_at_the_value_that_two_people_named(ledger):
    asked = {"disclosure.threshold": "5"}
    with pytest.raises(SwitchNotConfirmed):
        check_switches_confirmed(ledger, asked)
    check_switches_confirmed(ledger, {})
    with pytest.raises(RoleMissing):
        override_switch(ledger, "disclosure.threshold", "5", APPROVER, DAY)
    override_switch(ledger, "disclosure.threshold", "5", ADMIN, DAY)
    with pytest.raises(SwitchNotConfirmed):
        check_switches_confirmed(ledger, asked)
    with pytest.raises(SamePerson):
        confirm_switch(ledger, "disclosure.threshold", ADMIN, DAY, demo=False)
    assert confirm_switch(ledger, "disclosure.threshold", APPROVER, DAY, demo=False) == "5"
    check_switches_confirmed(ledger, asked)
    with pytest.raises(SwitchNotConfirmed) as caught:  # another value is another decision
        check_switches_confirmed(ledger, {"disclosure.threshold": "4", "disclosure.row_k": "2"})
    assert caught.value.facts["switches"] == ("disclosure.row_k", "disclosure.threshold")
    with pytest.raises(NothingToConfirm):
        confirm_switch(ledger, "disclosure.threshold", APPROVER, DAY, demo=False)
    override_switch(ledger, "disclosure.threshold", "4", ADMIN, DAY)  # and waits again
    with pytest.raises(SwitchNotConfirmed):
        check_switches_confirmed(ledger, asked)
