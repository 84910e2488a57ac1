"""The settings in force: their first digest comes with the home; who changes them records it, and another confirms it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from approvals.errors import NothingToConfirm
from approvals.ledger import Entry, Event, FactValue, Ledger
from approvals.people.people import Person, check_role, two_people_required
from approvals.people.switches import CONFIRMERS

RECORDERS = frozenset({"administrator"})


@dataclass(frozen=True, slots=True)
class SettingsState:
    """``confirmed``: the digest in force (None: a home of before); ``at``: the number of the event that said so.

    ``waiting``: the change that was recorded last, where it waits for its second person.
    """

    confirmed: str | None = None
    at: int = 0
    waiting: Entry | None = None


def settings_state(ledger: Ledger) -> SettingsState:
    """What the ledger says of the settings."""
    state = SettingsState()
    for entry in ledger.events(kind=("home_created", "settings_changed", "settings_confirmed")):
        digest = entry.facts.get("settings")
        if entry.kind == "settings_changed" and entry.facts.get("alone") is not True:
            state = SettingsState(state.confirmed, state.at, entry)
        elif digest is not None:
            state = SettingsState(str(digest), entry.seq)
    return state


def record_settings(
    ledger: Ledger,
    digest: str,
    names: Sequence[str],
    actor: Person,
    on: date,
    *,
    alone: bool,
    store: Callable[[], object],
) -> None:
    """Record that settings changed, by their names; ``alone``: they are in force with that, and ``store`` keeps them.

    Raises:
        RoleMissing: only an administrator may.
    """
    check_role(actor, RECORDERS)
    facts: dict[str, FactValue] = {"settings": digest, "names": tuple(names), "on": on.isoformat()}
    if alone:
        facts["alone"] = True
    event = Event("settings_changed", actor.id, facts=facts)
    ledger.append(event, store=store if alone else None)


def confirm_settings(
    ledger: Ledger,
    digest: str,
    actor: Person,
    on: date,
    *,
    demo: bool,
    store: Callable[[], object],
) -> None:
    """Confirm what was recorded last, as a second person; ``store`` keeps the settings that are in force with it.

    Raises:
        NothingToConfirm: nothing waits, or something else than ``digest`` does.
        RoleMissing, SamePerson: see their texts.
    """
    check_role(actor, CONFIRMERS)
    waiting = settings_state(ledger).waiting
    if waiting is None or waiting.facts["settings"] != digest:
        raise NothingToConfirm(what="settings")
    two_people_required(waiting.actor, actor.id, demo=demo)
    facts = {"settings": digest, "on": on.isoformat()}
    ledger.append(Event("settings_confirmed", actor.id, facts=facts), store=store)
