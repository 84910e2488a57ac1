"""Rights in force: what `people.toml` says, as far as two people confirmed it.

What an edit takes away counts at once; what it gives counts when the settings that it is part of are confirmed.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from approvals.people.people import People, Person
from approvals.people.settings import RECORDERS
from approvals.people.switches import CONFIRMERS

SERVICE = "people"  # the name under which the service's user is a value
ENTRY = "people."  # and before each person's id


def rights_of(people: People) -> Mapping[str, object]:
    """Who may do what, each person by their id; how they are called is no part of it."""
    return {SERVICE: people.service} | {
        f"{ENTRY}{one.id}": {
            "user": one.user,
            "uid": one.uid,
            "roles": sorted(one.roles),
            "active": one.active,
        }
        for one in people.persons
    }


def stricter(people: People, known: Mapping[str, object]) -> People:
    """The people with what they may do by the file and by what was confirmed (as `rights_of` gives it), both.

    Somebody with another user or number than was confirmed is somebody else. Where those who were confirmed can't take both
    steps among them, as the one who made the home, the file counts: its people have the first list confirmed.
    """
    if not can_confirm(known):
        return people
    both = (_by_both(people, one, known.get(f"{ENTRY}{one.id}")) for one in people.persons)
    service = cast("str | None", known.get(SERVICE))
    return replace(people, persons=tuple(one for one in both if one is not None), service=service)


def can_confirm(known: Mapping[str, object]) -> bool:
    """Whether one of those who were confirmed can record a change and another confirm it."""
    people = [cast("dict[str, Any]", v) for name, v in known.items() if name.startswith(ENTRY)]
    first, second = (
        {p["user"] for p in people if p["active"] and not roles.isdisjoint(p["roles"])}
        for roles in (RECORDERS, CONFIRMERS)
    )
    return bool(first and second) and len(first | second) > 1


def _by_both(people: People, person: Person, known: object) -> Person | None:
    if not isinstance(known, dict):
        return None
    before = cast("dict[str, Any]", known)
    uid = people.uid_of(replace(person, uid=before["uid"]))
    if person.user != before["user"] or (
        person.uid != before["uid"] and uid not in (None, person.uid)
    ):
        return None
    roles, active = person.roles.intersection(before["roles"]), person.active and before["active"]
    return replace(person, roles=roles, active=active)
