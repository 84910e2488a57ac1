"""Switches that two people override: one records the value, another confirms it."""

from collections.abc import Mapping

from approvals.errors import NothingToConfirm, SwitchNotConfirmed
from approvals.ledger import Entry, Event, Ledger
from approvals.people.people import Person, check_role, two_people_required

_SET = frozenset({"administrator"})
CONFIRMERS = frozenset({"administrator", "approver", "security"})


def confirmed_switches(ledger: Ledger, since: int = 0) -> Mapping[str, str]:
    """Switch → the value that stands: the last one recorded (after event ``since``), if a second person confirmed it."""
    newest = _newest(ledger, since)
    return {name: value for name, (value, _, confirmed) in newest.items() if confirmed}


def recorded_switches(ledger: Ledger, since: int) -> Mapping[str, str]:
    """Switch → the value that was recorded last, after event ``since``, confirmed or not."""
    return {name: value for name, (value, _, _) in _newest(ledger, since).items()}


def waiting_switches(ledger: Ledger) -> Mapping[str, Entry]:
    """Switch → the event that recorded its last value, of those that no second person confirmed."""
    found: dict[str, Entry] = {}
    for entry in ledger.events(kind=("switch_overridden", "switch_confirmed")):
        name = str(entry.facts["switch"])
        if entry.kind == "switch_overridden":
            found[name] = entry
        elif name in found and found[name].facts["value"] == entry.facts["value"]:
            del found[name]
    return found


def override_switch(ledger: Ledger, switch: str, value: str, actor: Person, on: str) -> None:
    """Record that a switch stands at a less cautious value than its default.

    Raises:
        RoleMissing: only an administrator may.
    """
    check_role(actor, _SET)
    facts = {"switch": switch, "value": value, "on": on}
    ledger.append(Event("switch_overridden", actor.id, facts=facts))


def confirm_switch(ledger: Ledger, switch: str, actor: Person, on: str, *, demo: bool) -> str:
    """Confirm the value that was recorded last, as a second person; returns it.

    Raises:
        NothingToConfirm: none waits.
        RoleMissing, SamePerson: see their texts.
    """
    check_role(actor, CONFIRMERS)
    value, by, confirmed = _newest(ledger).get(switch, ("", "", True))
    if confirmed:
        raise NothingToConfirm(what="switch", switch=switch)
    two_people_required(by, actor.id, demo=demo)
    facts = {"switch": switch, "value": value, "on": on}
    ledger.append(Event("switch_confirmed", actor.id, facts=facts))
    return value


def check_switches_confirmed(ledger: Ledger, less_cautious: Mapping[str, str]) -> None:
    """Refuse to work under values (switch → value, those below the cautious default) that nobody confirmed.

    Raises:
        SwitchNotConfirmed: with their names.
    """
    standing = confirmed_switches(ledger) if less_cautious else {}
    open_ = sorted(name for name, value in less_cautious.items() if standing.get(name) != value)
    if open_:
        raise SwitchNotConfirmed(switches=open_)


def _newest(ledger: Ledger, since: int = 0) -> dict[str, tuple[str, str, bool]]:
    found: dict[str, tuple[str, str, bool]] = {}
    for entry in ledger.events(kind=("switch_overridden", "switch_confirmed")):
        if entry.seq <= since:
            continue
        switch, value = str(entry.facts["switch"]), str(entry.facts["value"])
        if entry.kind == "switch_overridden":
            found[switch] = (value, entry.actor, False)
        elif found.get(switch, ("", "", True))[0] == value:
            found[switch] = (value, found[switch][1], True)
    return found
