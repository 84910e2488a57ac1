"""The settings in force: their first digest comes with the home; who changes them records it, and another confirms it."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import cast

from approvals.errors import NothingToConfirm
from approvals.ledger import Entry, Event, FactValue, Ledger
from approvals.people.people import Person, check_role, two_people_required
from approvals.people.switches import CONFIRMERS

RECORDERS = frozenset({"administrator"})

Values = dict[str, object]
Digest = Callable[[str, bytes], str]


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


def settings_digest(digest: Digest, values: Values) -> str:
    """The keyed digest of settings."""
    return digest("settings", json.dumps(values, sort_keys=True).encode())


def confirmed_values(
    state: SettingsState, copy: Path, now: Values, digest: Digest
) -> Values | None:
    """The values in force: a copy of them, or what the files say ``now``, whichever has the digest; None where neither has."""
    try:
        found = json.loads(copy.read_text("utf-8"))
    except (OSError, ValueError):
        found = None
    either = (cast("Values", found), now) if isinstance(found, dict) else (now,)
    return next((one for one in either if settings_digest(digest, one) == state.confirmed), None)


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
