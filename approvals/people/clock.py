"""A clock that steps back: two people say that the ledger's last time was the wrong one, and work goes on."""

from datetime import date

from approvals.errors import NothingToConfirm
from approvals.ledger import Entry, Event, Ledger
from approvals.people.people import Person, check_role, two_people_required

_ACCEPT = frozenset({"administrator"})
_CONFIRM = frozenset({"administrator", "approver", "security"})


def waiting_correction(ledger: Ledger) -> Entry | None:
    """The correction that was recorded and waits for its second person."""
    found = ledger.events(kind=("clock_corrected", "clock_confirmed"))
    return found[-1] if found and found[-1].kind == "clock_corrected" else None


def accept_clock(ledger: Ledger, actor: Person, on: date) -> int:
    """Record, as the first of two people, that this machine's clock is right; the seconds it is behind.

    Raises:
        NothingToConfirm: it is not behind.
        RoleMissing: only an administrator may.
    """
    check_role(actor, _ACCEPT)
    last, now = ledger.clock()
    seconds = int((last - now).total_seconds()) if last else 0
    if seconds <= 0:
        raise NothingToConfirm(what="clock")
    facts = {"seconds": seconds, "on": on.isoformat()}
    ledger.append(Event("clock_corrected", actor.id, facts=facts))
    return seconds


def confirm_clock(ledger: Ledger, actor: Person, on: date, *, demo: bool) -> None:
    """Confirm it as the second person: later events are compared with this one.

    Raises:
        NothingToConfirm: no correction waits.
        RoleMissing, SamePerson: see their texts.
    """
    check_role(actor, _CONFIRM)
    waiting = waiting_correction(ledger)
    if waiting is None:
        raise NothingToConfirm(what="clock")
    two_people_required(waiting.actor, actor.id, demo=demo)
    ledger.append(Event("clock_confirmed", actor.id, facts={"on": on.isoformat()}))
