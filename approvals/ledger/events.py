"""What can happen: the closed list of kinds of event, and the facts that each carries.

Every type of a fact is too narrow for a name, an address or a sentence: an event can't carry a personal
value by mistake, because there is no type that would let it in. An unknown kind, an unknown fact, a
missing fact or a value of another type is refused before it reaches the ledger. Corrections are events
too: nothing is ever edited. The list itself is ``approvals/events.toml``.
"""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from importlib import resources
from typing import Literal, cast

from approvals.errors import EventRefused
from errors import nearest

FactValue = bool | int | str | Sequence[str]

_DIGEST = re.compile(r"[0-9a-f]{64}")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
_BYTES = re.compile(r"[A-Za-z0-9_-]{16,1366}")  # 12 to 1024 bytes
_YEARS_FORM = re.compile(r"(\d{4})-(\d{4})")


@dataclass(frozen=True, slots=True)
class FactType:
    """A named type: ``holds`` says whether a value is one, ``parse`` reads one from text."""

    name: str
    holds: Callable[[object], bool]
    parse: Callable[[str], FactValue] = str


def choice(*values: str) -> FactType:
    """One of ``values``."""
    return FactType("one of " + ", ".join(values), lambda v: isinstance(v, str) and v in values)


def ids_of(*values: str) -> FactType:
    """A list without repetition of ``values``, in any order."""

    def holds(found: object) -> bool:
        if not isinstance(found, list | tuple):
            return False
        items = cast("Sequence[object]", found)
        return all(i in values for i in items) and len(set(map(str, items))) == len(items)

    return FactType("any of " + ", ".join(values), holds, lambda text: tuple(text.split(",")))


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_date(value: object) -> bool:
    if not isinstance(value, str) or len(value) != len("2026-01-31"):
        return False
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _is_years(value: object) -> bool:
    found = _YEARS_FORM.fullmatch(value) if isinstance(value, str) else None
    return bool(found) and int(found[1]) <= int(found[2])


def _is_id(value: object) -> bool:
    return isinstance(value, str) and bool(_ID.fullmatch(value))


def _is_ids(value: object) -> bool:
    return isinstance(value, list | tuple) and all(_is_id(v) for v in cast("list[object]", value))


def _is_digests(value: object) -> bool:
    return isinstance(value, list | tuple) and all(
        isinstance(v, str) and _DIGEST.fullmatch(v) for v in cast("list[object]", value)
    )


def _is_bytes(value: object) -> bool:
    return isinstance(value, str) and bool(_BYTES.fullmatch(value))


def _flag(text: str) -> bool:
    return {"true": True, "yes": True, "false": False, "no": False}[text.lower()]


COUNT = FactType("whole number", _is_count, int)
FLAG = FactType("true or false", lambda v: isinstance(v, bool), _flag)
DATE = FactType("date (2026-01-31)", _is_date)
DIGEST = FactType("SHA-256 in hex", lambda v: isinstance(v, str) and bool(_DIGEST.fullmatch(v)))
DIGESTS = FactType("list of SHA-256 in hex", _is_digests, lambda text: tuple(text.split(",")))
ID = FactType("short id", _is_id)
IDS = FactType("list of short ids", _is_ids, lambda text: tuple(text.split(",")))
YEARS = FactType("years (2016-2025)", _is_years)
BYTES = FactType("12 to 1024 bytes as base64url", _is_bytes)
_TYPES = {
    "count": COUNT, "flag": FLAG, "date": DATE, "digest": DIGEST, "digests": DIGESTS, "id": ID, "ids": IDS,
    "years": YEARS, "bytes": BYTES,
}  # fmt: skip


HOME, PROJECT, RELEASE = "home", "project", "release"
ANY = "home, project or release"  # what it is about is what was found out in time


@dataclass(frozen=True, slots=True)
class Spec:
    """One kind of event: what it is about, the facts it must carry and those it may.

    ``signed``: whether it carries a passkey's signature, where it is made at a standing desk (may) or always, where the
    home says that approvals are signed (must).
    """

    about: str
    must: Mapping[str, FactType]
    may: Mapping[str, FactType]
    signed: Literal["", "may", "must"] = ""


# What a signed event has besides, all of it: whose passkey signed (its fingerprint), the number of the newest event that the
# statement names with its hash, a number used once, and what browser and authenticator answered. No text gives them.
SIGNATURE: Mapping[str, FactType] = {
    "signed_by": DIGEST, "signed_after": COUNT, "signed_nonce": DIGEST, "authenticator": BYTES, "client_data": BYTES,
    "signature": BYTES,
}  # fmt: skip


def _kinds() -> Iterator[tuple[str, Spec]]:
    """The kinds of ``approvals/events.toml``, in its order."""
    tables = tomllib.loads((resources.files("approvals") / "events.toml").read_text("utf-8"))
    types = _TYPES | {name: _listed(words) for name, words in tables["types"].items()}
    signed = {kind: how for how, kinds in tables["signed"].items() for kind in kinds}

    def typed(facts: Mapping[str, str | list[str]]) -> dict[str, FactType]:
        return {n: types[t] if isinstance(t, str) else choice(*t) for n, t in facts.items()}

    for about, table in (HOME, "home"), (PROJECT, "project"), (RELEASE, "release"), (ANY, "any"):
        for kind, facts in tables[table].items():
            may = facts.pop("may", {})
            yield kind, Spec(about, typed(facts), typed(may), signed.get(kind, ""))


def _listed(words: list[str] | dict[str, list[str]]) -> FactType:
    return choice(*words) if isinstance(words, list) else ids_of(*words["any"])


KINDS: Mapping[str, Spec] = dict(_kinds())


_ABOUT: Mapping[str, tuple[tuple[bool, bool], ...]] = {  # whether a project, a release is named
    HOME: ((False, False),),
    PROJECT: ((True, False),),
    RELEASE: ((True, True),),
    ANY: ((False, False), (True, False), (True, True)),
}
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,199}")


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
            raise EventRefused(what="unknown kind", **nearest(self.kind, KINDS))
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
        raise EventRefused(what="unknown kind", **nearest(kind, KINDS))
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
    if event.key is not None and not _KEY.fullmatch(event.key):
        raise EventRefused(kind=event.kind, what="the key is made of short ids")


def _check_facts(event: Event, spec: Spec) -> None:
    signature = SIGNATURE if spec.signed and not SIGNATURE.keys().isdisjoint(event.facts) else {}
    types = {**spec.must, **spec.may, **signature}
    if missing := sorted({*spec.must, *signature} - set(event.facts)):
        raise EventRefused(kind=event.kind, missing_facts=missing)
    if any(name not in types for name in event.facts):
        raise EventRefused(kind=event.kind, what="unknown fact", allowed=sorted(types))
    for name, value in event.facts.items():
        if not types[name].holds(cast("object", value)):
            raise EventRefused(kind=event.kind, fact=name, must_be=types[name].name)
