"""The Department's escrow key: recorded, confirmed and used by two people, its private part never here.

Every package may be sealed to it besides its recipient, to prove later what was sent. The private key
is made on another machine and stays there; what happens here is that two people agree that a copy of
the sealed packages leaves for that machine.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from approvals.errors import EscrowRefused
from approvals.ledger import Event, Ledger
from approvals.people import Person, check_role, two_people_required

_KEEPERS = frozenset({"administrator", "security"})
ASKERS = frozenset({"administrator", "security", "approver"})


@dataclass(frozen=True, slots=True)
class EscrowUse:
    """One use: asked for by one person, allowed by another."""

    request: str
    release: str
    reason: str
    asked_by: str
    asked_on: str
    allowed_by: str | None = None


@dataclass(frozen=True, slots=True)
class EscrowState:
    """The key that two people confirmed, those that wait, and every use."""

    confirmed: str | None = None
    waiting: Mapping[str, str] = field(default_factory=dict[str, str])  # fingerprint → added by
    uses: Mapping[str, EscrowUse] = field(default_factory=dict[str, EscrowUse])


def escrow_state(ledger: Ledger) -> EscrowState:
    """Make the state of its events."""
    state = EscrowState()
    kinds = ("escrow_added", "escrow_confirmed", "escrow_requested", "escrow_used")
    for entry in ledger.events(kind=kinds):
        facts: Mapping[str, Any] = entry.facts
        if entry.kind == "escrow_added":
            state = replace(state, waiting={**state.waiting, facts["fingerprint"]: entry.actor})
        elif entry.kind == "escrow_confirmed":
            left = {f: by for f, by in state.waiting.items() if f != facts["fingerprint"]}
            state = replace(state, confirmed=facts["fingerprint"], waiting=left)
        elif entry.kind == "escrow_requested":
            use = EscrowUse(
                facts["request"], facts["of"], facts["reason"], entry.actor, facts["on"]
            )
            state = replace(state, uses={**state.uses, use.request: use})
        else:
            used = replace(state.uses[facts["request"]], allowed_by=entry.actor)
            state = replace(state, uses={**state.uses, used.request: used})
    return state


def add_escrow_key(
    ledger: Ledger, fingerprint: str, expires: date | None, actor: Person, on: date
) -> None:
    """Record that a certificate was brought from the machine on which its key was made.

    Raises:
        RoleMissing: the person is neither administrator nor security.
        EscrowRefused: it is confirmed or waits already.
    """
    check_role(actor, _KEEPERS)
    state = escrow_state(ledger)
    if fingerprint == state.confirmed or fingerprint in state.waiting:
        raise EscrowRefused(what="this key is recorded already")
    facts = {"fingerprint": fingerprint, "on": on.isoformat()}
    facts |= {"expires": expires.isoformat()} if expires else {}
    ledger.append(Event("escrow_added", actor.id, facts=facts))


def confirm_escrow_key(
    ledger: Ledger, fingerprint: str, actor: Person, on: date, *, demo: bool
) -> None:
    """Confirm it, as a second person, after comparing the fingerprint out of band.

    Raises:
        RoleMissing, SamePerson: see their texts.
        EscrowRefused: no key with this fingerprint waits.
    """
    check_role(actor, _KEEPERS | ASKERS)
    added_by = escrow_state(ledger).waiting.get(fingerprint)
    if added_by is None:
        raise EscrowRefused(what="no key with this fingerprint waits")
    two_people_required(added_by, actor.id, demo=demo)
    facts = {"fingerprint": fingerprint, "on": on.isoformat()}
    ledger.append(Event("escrow_confirmed", actor.id, facts=facts))


def request_escrow_use(ledger: Ledger, release: str, reason: str, actor: Person, on: date) -> str:
    """Ask to use it for a release; returns the id that the second person allows.

    Raises:
        RoleMissing, EventRefused: see their texts.
        EscrowRefused: there is no confirmed key.
    """
    check_role(actor, ASKERS)
    state = escrow_state(ledger)
    if state.confirmed is None:
        raise EscrowRefused(what="no escrow key is confirmed")
    number = f"E{len(state.uses) + 1:03d}"
    facts = {"request": number, "of": release, "reason": reason, "on": on.isoformat()}
    ledger.append(Event("escrow_requested", actor.id, facts=facts, key=f"escrow:{number}"))
    return number


def allow_escrow_use(
    ledger: Ledger, number: str, actor: Person, on: date, *, demo: bool
) -> EscrowUse:
    """Allow a use that another person asked for, once.

    Raises:
        RoleMissing, SamePerson: see their texts.
        EscrowRefused: no such request waits.
    """
    check_role(actor, ASKERS)
    state = escrow_state(ledger)
    use = state.uses.get(number)
    if use is None or use.allowed_by is not None or state.confirmed is None:
        raise EscrowRefused(what="no such request waits")
    two_people_required(use.asked_by, actor.id, demo=demo)
    facts = {"request": number, "of": use.release, "fingerprint": state.confirmed}
    event = Event(
        "escrow_used", actor.id, facts={**facts, "on": on.isoformat()}, key=f"escrow-use:{number}"
    )
    ledger.append(event)
    return replace(use, allowed_by=actor.id)
