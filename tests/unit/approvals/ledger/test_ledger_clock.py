"""A clock that steps back puts nothing in force again: the ledger refuses, says so, and two people correct it."""

from datetime import UTC, date, datetime, timedelta

import pytest

from approvals.errors import ClockBehind, NothingToConfirm, RoleMissing, SamePerson
from approvals.ledger import Event, Ledger, verify_chain
from approvals.people import Person, accept_clock, confirm_clock, waiting_correction

NOON, DAY = datetime(2026, 11, 23, 12, tzinfo=UTC), date(2026, 11, 23)
ADMIN = Person("p-a", "Ada Example", "ada", frozenset({"administrator"}))
SECOND = Person("p-b", "Bea Example", "bea", frozenset({"security"}))
ENGINEER = Person("p-c", "Cy Example", "cy", frozenset({"engineer"}))


@pytest.fixture
def kept(tmp_path):
    """A ledger with one event of noon, and its clock."""
    clock = {"now": NOON}
    url = f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
    ledger = Ledger.open(url, create=True, clock=lambda: clock["now"])
    ledger.append(Event("home_created", "p-a", facts={"demo": False}))
    return ledger, clock


def event(number=1):
    return Event("settings_changed", "p-a", facts={"settings": f"{number:064x}"})


def kinds(ledger):
    return [entry.kind for entry in ledger.events()]


@pytest.mark.parametrize("seconds", [-3600, 0, 1, 120])
def test_clocks_of_two_machines_may_differ_a_little(kept, seconds):
    ledger, clock = kept
    clock["now"] = NOON - timedelta(seconds=seconds)
    assert ledger.append(event()).kind == "settings_changed"


@pytest.mark.parametrize("back", [timedelta(seconds=121), timedelta(days=400)])
def test_a_step_back_is_refused_and_recorded(kept, back):
    ledger, clock = kept
    stored = []
    clock["now"] = NOON - back
    with pytest.raises(ClockBehind) as refused:
        ledger.append(event(), store=lambda: stored.append(1))
    assert refused.value.facts == {"seconds": back.total_seconds()}
    assert not stored
    last = ledger.events()[-1]
    assert (last.kind, last.at) == ("clock_behind", NOON)
    assert last.facts == {"seconds": back.total_seconds()}
    clock["now"] = NOON + timedelta(seconds=1)
    assert ledger.append(event()).at > NOON
    assert not verify_chain(ledger).problems


def test_what_was_refused_does_not_move_the_limit(kept):
    ledger, clock = kept
    for minutes in (10, 8, 6, 4):
        clock["now"] = NOON - timedelta(minutes=minutes)
        with pytest.raises(ClockBehind):
            ledger.append(event())
    assert kinds(ledger).count("clock_behind") == 4


def test_a_clock_that_was_ahead_is_corrected_by_two_people(kept):
    ledger, clock = kept
    clock["now"] = NOON + timedelta(days=365)
    ledger.append(event(1))
    clock["now"] = NOON + timedelta(minutes=1)
    with pytest.raises(ClockBehind):
        ledger.append(event(2))
    with pytest.raises(NothingToConfirm):
        confirm_clock(ledger, SECOND, DAY, demo=False)
    with pytest.raises(RoleMissing):
        accept_clock(ledger, ENGINEER, DAY)
    assert accept_clock(ledger, ADMIN, DAY) == 365 * 86400 - 60
    with pytest.raises(ClockBehind):
        ledger.append(event(2))
    with pytest.raises(SamePerson):
        confirm_clock(ledger, ADMIN, DAY, demo=False)
    assert waiting_correction(ledger).actor == ADMIN.id
    confirm_clock(ledger, SECOND, DAY, demo=False)
    assert waiting_correction(ledger) is None
    assert ledger.append(event(2)).at == NOON + timedelta(minutes=1)
    with pytest.raises(NothingToConfirm):
        accept_clock(ledger, ADMIN, DAY)
    assert not verify_chain(ledger).problems
