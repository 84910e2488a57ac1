"""Which settings are in force: those whose digest the ledger holds, said by one person and confirmed by another.

The digest is keyed and of values, not of bytes: comments and order are free, and a setting that a newer version brings counts at
its default. The digests of the systems' files are among them, and who may do what by `people.toml`, each person by their id. A copy of what was confirmed stands in the home, so that a change
has a name; whoever changes the copy makes all of it unknown, never confirmed.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from approvals import people as staff
from approvals.errors import NothingToConfirm
from approvals.ledger import Event
from crypto.keyring import Keyring
from pipelines.home import Home, Settings, write_private
from pipelines.keys import plain_digest
from pipelines.safeguards.errors import SettingsNotConfirmed
from pipelines.safeguards.switches import less_cautious
from pipelines.session import Session, today, values_of
from systems.description import MAPPING, system_codes

# What neither shapes a release, nor decides on one, nor says where anything is kept or sent: in force when one person recorded it.
ALONE = frozenset(
    {
        "department.name", "mail.timeout_seconds", "notices.timeout_seconds", "notices.attempts", "bucket.patience_seconds",
        "bucket.attempts", "orchestration.threads", "cluster.shard_rows", "cluster.patience_seconds", "operations.log",
    }
)  # fmt: skip
UNKNOWN = "settings.toml"  # stands for every setting where no copy says what was confirmed
_FEWEST = 12  # figures of a digest that a person repeats
_PASSWORD = re.compile(r"(?<=//)[^@/]+(?=@)")


@dataclass(frozen=True)
class Standing:
    """The settings of the file against those in force: ``digest`` of the file's, and the names that ``changed``."""

    digest: str
    values: staff.Values
    confirmed: staff.Values
    changed: tuple[str, ...]
    state: staff.SettingsState

    @property
    def recorded(self) -> bool:
        """Whether these very settings were recorded, and wait for the second person."""
        waiting = self.state.waiting
        return waiting is not None and waiting.facts["settings"] == self.digest

    @property
    def held(self) -> tuple[str, ...]:
        """What of it stops an order: all, but for the first list of people, until two of them confirmed it.

        How a register is mapped shapes a load (`check_mapping`), and no order: its snapshot is made.
        """
        changed = tuple(n for n in self.changed if not n.endswith(f".{MAPPING}"))
        if changed == (UNKNOWN,) or staff.can_confirm(self.confirmed):
            return changed
        return tuple(n for n in changed if n != staff.SERVICE and not n.startswith(staff.ENTRY))

    @property
    def alone(self) -> bool:
        """Whether one person is enough."""
        return ALONE.issuperset(self.changed)


def keep_first(home: Home, keyring: Keyring) -> str:
    """Keep the settings of a home that is being made as those in force; their digest, for its first event."""
    people = staff.People.read(home.people_file)
    values = values_of(home.settings(), people, home.systems)
    _keep(home, values)
    return staff.settings_digest(keyring.digest, values)


def standing(session: Session) -> Standing:
    """Compare the file with what is in force.

    Raises:
        LedgerUnavailable, KeyringMissing: see their texts.
        PeopleFileMissing, PeopleFileUnsafe, PeopleFileWrong: see `approvals.people.People.read`.
    """
    state = staff.settings_state(session.ledger)
    people = staff.People.read(session.home.people_file)
    values = values_of(session.settings, people, session.home.systems)
    keyed = session.keyring.digest
    digest = staff.settings_digest(keyed, values)
    known = staff.confirmed_values(state, session.home.settings_confirmed, values, keyed)
    if known is None:
        return Standing(digest, values, {}, (UNKNOWN,), state)
    before = values_of(Settings()) | known
    changed = [name for name, value in values.items() if before.get(name) != value]
    # A system that was not described then has no default: `before` has today's file of it.
    changed += [n for n in values if n.startswith("systems.") and n not in known]
    gone = (staff.ENTRY, *(f"systems.{code}." for code in system_codes()))
    changed += [n for n in known if n.startswith(gone) and n not in values]
    return Standing(digest, values, known, tuple(dict.fromkeys(changed)), state)


def check_settings(session: Session, section: str = "") -> None:
    """Refuse to work under settings (of one section, where it is named) or people that nobody confirmed; a demo home may.

    Raises:
        SettingsNotConfirmed: with the names of what changed, and who takes the next step (exit 3).
    """
    if not session.demo and (error := as_error(session, section)) is not None:
        raise error


def check_mapping(session: Session, system: str, content: bytes) -> None:
    """Refuse to load a register by a mapping that nobody confirmed; a demo home may.

    Args:
        session: the opened home.
        system: code of the register's system.
        content: of the mapping that is used.

    Raises:
        SettingsNotConfirmed: with who takes the next step (exit 3).
    """
    name, found = f"systems.{system}.{MAPPING}", standing(session)
    known = found.confirmed.get(name) == hashlib.sha256(content).hexdigest()
    if not session.demo and not (known and found.changed != (UNKNOWN,)):
        raise _not_confirmed(session, found)


def as_error(
    session: Session, section: str = "", *, first: bool = False
) -> SettingsNotConfirmed | None:
    """What is to be said of settings that are not in force; with ``first``, of a first list of people, too."""
    found = standing(session)
    asked = (UNKNOWN, staff.SERVICE, section)
    if not any(name.startswith(asked) for name in (found.changed if first else found.held)):
        return None
    return _not_confirmed(session, found)


def _not_confirmed(session: Session, found: Standing) -> SettingsNotConfirmed:
    step = "confirm" if found.recorded else "record"
    who = _who(session, found) or ["nobody in force"]
    return SettingsNotConfirmed(settings=found.changed, next=step, by=who)


def unspoken(session: Session, found: Standing) -> tuple[str, ...]:
    """What changed and nobody recorded, by itself or as a switch."""
    if found.recorded:
        return ()
    below = less_cautious(session.settings)
    said = staff.recorded_switches(session.ledger, found.state.at)
    return tuple(n for n in found.changed if n not in below or said.get(n) != below[n])


def _who(session: Session, found: Standing) -> list[str]:
    """Who can take the next step."""
    first = found.state.waiting.actor if found.recorded and found.state.waiting else None
    roles = staff.RECORDERS if first is None else staff.CONFIRMERS
    persons = session.people.persons
    may = [one.id for one in persons if one.active and one.roles & roles]
    return [one for one in may if session.demo or one != first]


def overview(session: Session) -> dict[str, object]:
    """The digest of the file, and each setting that is not in force, with what is: for a person to look at."""
    found, below = standing(session), less_cautious(session.settings)
    waiting = found.state.waiting if found.recorded else None
    known = values_of(Settings()) | found.confirmed
    return {
        "digest": found.digest,
        "in_force": not found.changed,
        "recorded_by": waiting.actor if waiting else None,
        "changes": [
            {
                "setting": name,
                "in_force": _shown(known.get(name)) if found.confirmed else None,
                "in_file": _shown(found.values.get(name)),
                "needs": "one person" if found.alone else "two people",
                "switch": name in below,
            }
            for name in found.changed
        ],
    }


def _shown(value: object) -> object:
    """A value without the password of an address; a person's rights in words."""
    if isinstance(value, dict):
        one = cast("dict[str, Any]", value)
        uid = [] if one["uid"] is None else [f"uid {one['uid']}"]
        inactive = [] if one["active"] else ["deactivated"]
        return "; ".join([f"user {one['user']}", *uid, ", ".join(one["roles"]), *inactive])
    return _PASSWORD.sub("…", value) if isinstance(value, str) else value


def record_change(session: Session) -> dict[str, object]:
    """Record the settings as they stand in the file: the first of two people, or the only one where that is enough.

    Raises:
        NothingToConfirm: they are in force, or recorded already.
        RoleMissing: only an administrator may.
    """
    found = standing(session)
    if not found.changed or found.recorded:
        raise NothingToConfirm(what="settings")
    store = partial(_keep, session.home, found.values)
    who, alone = session.person, found.alone
    names = found.changed
    staff.record_settings(
        session.ledger, found.digest, names, who, today(), alone=alone, store=store
    )
    return {"digest": found.digest, "changed": list(names), "in_force": alone}


def confirm_change(session: Session, digest: str) -> dict[str, object]:
    """Confirm what was recorded, as the second person, by the digest that they looked at (its first twelve figures will do).

    Raises:
        NothingToConfirm: the file's settings are not those that were recorded, or have another digest.
        SamePerson, RoleMissing: see their texts.
    """
    found, given = standing(session), plain_digest(digest)
    if len(given) < _FEWEST or not found.digest.startswith(given):
        raise NothingToConfirm(what="settings")
    store = partial(_keep, session.home, found.values)
    who, demo = session.person, session.demo
    staff.confirm_settings(session.ledger, found.digest, who, today(), demo=demo, store=store)
    return {"digest": found.digest, "changed": list(found.changed), "in_force": True}


def confirm_setting(session: Session, name: str) -> dict[str, object]:
    """Confirm a switch, as the second person; where nothing else changed, the settings are in force with it.

    Raises:
        NothingToConfirm, SamePerson, RoleMissing: see their texts.
    """
    day = today().isoformat()
    value = staff.confirm_switch(session.ledger, name, session.person, day, demo=session.demo)
    _confirm_by_switches(session)
    return {"switch": name, "value": value, "confirmed": True}


def _confirm_by_switches(session: Session) -> None:
    """Where switches alone changed, and two people confirmed each since, the settings are in force with that."""
    found = standing(session)
    below = less_cautious(session.settings)
    since = staff.confirmed_switches(session.ledger, found.state.at)
    if found.changed and all(n in below and since.get(n) == below[n] for n in found.changed):
        facts = {"settings": found.digest, "names": found.changed, "on": today().isoformat()}
        event = Event("settings_confirmed", session.person.id, facts=facts)
        session.ledger.append(event, store=partial(_keep, session.home, found.values))


def _keep(home: Home, values: staff.Values) -> None:
    write_private(home.settings_confirmed, json.dumps(values, sort_keys=True, indent=0))
