"""An event: something that happened, checked against the closed list of kinds.

An unknown kind, an unknown fact, a missing fact or a value of another type is refused before it
reaches the ledger. Corrections are events too: nothing is ever edited.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from approvals.ledger.errors import EventRefused
from approvals.ledger.event_kinds import ANY, HOME, KINDS, PROJECT, RELEASE, Spec
from approvals.ledger.facts import ID, FactValue

__all__ = ["ANY", "HOME", "KINDS", "PROJECT", "RELEASE", "Event", "parse_facts"]

_ABOUT: Mapping[str, tuple[tuple[bool, bool], ...]] = {  # whether a project, a release is named
    HOME: ((False, False),),
    PROJECT: ((True, False),),
    RELEASE: ((True, True),),
    ANY: ((False, False), (True, False), (True, True)),
}
_KEY = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,199}$")


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, before the ledger gives it a number and a time.

    Args:
        kind: one of ``KINDS``.
        actor: person id.
        project: project number, for events about a project or release.
        release: release id, for events about a release.
        facts: as ``KINDS[kind]`` allows.
        key: an event with the same key is recorded once, however often a run is resumed.

    Raises:
        EventRefused: anything that the table does not allow.
    """

    kind: str
    actor: str
    project: str | None = None
    release: str | None = None
    facts: Mapping[str, FactValue] = field(default_factory=dict[str, FactValue])
    key: str | None = None

    def __post_init__(self) -> None:
        spec = KINDS.get(self.kind)
        if spec is None:
            raise EventRefused(what="unknown kind")
        _check_about(self, spec)
        _check_facts(self, spec)
        plain = {
            k: v if isinstance(v, bool | int | str) else tuple(v) for k, v in self.facts.items()
        }
        object.__setattr__(self, "facts", plain)


def parse_facts(kind: str, texts: Mapping[str, str]) -> dict[str, FactValue]:
    """Read facts given as text (``on=2026-01-31``) by the types of their kind.

    Raises:
        EventRefused: an unknown kind or fact, or a text that is none of its type.
    """
    spec = KINDS.get(kind)
    if spec is None:
        raise EventRefused(what="unknown kind")
    types = {**spec.must, **spec.may}
    if unknown := len([name for name in texts if name not in types]):
        raise EventRefused(kind=kind, unknown_facts=unknown, allowed=sorted(types))
    facts: dict[str, FactValue] = {}
    for name, text in texts.items():
        try:
            facts[name] = types[name].parse(text)
        except (ValueError, KeyError):
            raise EventRefused(kind=kind, fact=name, must_be=types[name].name) from None
    return facts


def _check_about(event: Event, spec: Spec) -> None:
    given = (event.project is not None, event.release is not None)
    if given not in _ABOUT[spec.about]:
        raise EventRefused(kind=event.kind, what=f"it is about a {spec.about}")
    if not all(ID.holds(n) for n in (event.actor, event.project, event.release) if n is not None):
        raise EventRefused(kind=event.kind, what="actor, project and release are short ids")
    if event.key is not None and not _KEY.match(event.key):
        raise EventRefused(kind=event.kind, what="the key is made of short ids")


def _check_facts(event: Event, spec: Spec) -> None:
    types = {**spec.must, **spec.may}
    if missing := sorted(set(spec.must) - set(event.facts)):
        raise EventRefused(kind=event.kind, missing_facts=missing)
    if any(name not in types for name in event.facts):
        raise EventRefused(kind=event.kind, what="unknown fact", allowed=sorted(types))
    for name, value in event.facts.items():
        if not types[name].holds(cast("object", value)):
            raise EventRefused(kind=event.kind, fact=name, must_be=types[name].name)
