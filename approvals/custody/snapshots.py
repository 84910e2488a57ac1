"""Snapshots of registers: loaded by one person, accepted by another where they failed, retired, destroyed.

A snapshot of which the ledger says nothing failed is in use from its load on. What it holds is not seen here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from approvals.errors import NothingToConfirm
from approvals.ledger import Entry, Event, Ledger
from approvals.people import Person, check_role, two_people_required

ACCEPTERS = frozenset({"engineer", "approver", "administrator"})
_RETIRERS = ACCEPTERS | {"security"}
_KINDS = ("register_loaded", "register_accepted", "register_retired", "register_destroyed")


@dataclass(frozen=True, slots=True)
class SnapshotState:
    """Who loaded a snapshot, how many expectations it failed (`held`), and what became of it.

    ``loaded`` is None where a process ended before its load was recorded: it can be retired then, and nothing else.
    """

    loaded: Entry | None = None
    held: int = 0
    accepted_by: str | None = None
    retired_by: str | None = None
    retired_on: date | None = None
    destroyed: bool = False

    @property
    def waits(self) -> bool:
        """Whether it waits for a second person."""
        return self.held > 0 and self.accepted_by is None and self.retired_by is None


def snapshot_states(ledger: Ledger) -> dict[str, SnapshotState]:
    """What the ledger says of each snapshot, in the order in which they were loaded."""
    states: dict[str, SnapshotState] = {}
    for entry in ledger.events(kind=_KINDS):
        facts: Mapping[str, Any] = entry.facts
        snapshot, actor = str(facts["snapshot"]), entry.actor
        if entry.kind == "register_loaded":
            states[snapshot] = SnapshotState(entry, held=facts.get("held", 0))
            continue
        state = states.get(snapshot, SnapshotState())
        if entry.kind == "register_accepted":
            state = replace(state, accepted_by=actor)
        elif entry.kind == "register_retired":
            on = date.fromisoformat(facts["on"])
            state = replace(state, retired_by=actor, retired_on=on)
        else:
            state = replace(state, destroyed=True)
        states[snapshot] = state
    return states


def accept_snapshot(
    ledger: Ledger, snapshot: str, reason: str, actor: Person, on: date, *, demo: bool
) -> None:
    """Accept a snapshot that failed what is expected of it, as a second person.

    Raises:
        NothingToConfirm: it does not wait.
        RoleMissing, SamePerson: see their texts.
    """
    check_role(actor, ACCEPTERS)
    state = snapshot_states(ledger).get(snapshot)
    if state is None or state.loaded is None or not state.waits:
        raise NothingToConfirm(what="register snapshot")
    two_people_required(state.loaded.actor, actor.id, demo=demo)
    _record(ledger, "register_accepted", snapshot, actor, on, reason=reason)


def retire_snapshot(ledger: Ledger, snapshot: str, reason: str, actor: Person, on: date) -> None:
    """Take a snapshot out of use: one person is enough.

    Raises:
        NothingToConfirm: it was retired already.
        RoleMissing: see its text.
    """
    check_role(actor, _RETIRERS)
    state = snapshot_states(ledger).get(snapshot)
    if state is not None and state.retired_by is not None:
        raise NothingToConfirm(what="register snapshot")
    _record(ledger, "register_retired", snapshot, actor, on, reason=reason)


def snapshot_destroyed(ledger: Ledger, snapshot: str, actor: Person, on: date) -> None:
    """Record that a retired snapshot's files and key are gone."""
    _record(ledger, "register_destroyed", snapshot, actor, on)


def _record(ledger: Ledger, kind: str, snapshot: str, actor: Person, on: date, **more: str) -> None:
    facts = {
        "system": snapshot.split("-", maxsplit=1)[0],
        "snapshot": snapshot,
        "on": on.isoformat(),
        **more,
    }
    ledger.append(Event(kind, actor.id, facts=facts, key=f"{kind}/{snapshot}"))
