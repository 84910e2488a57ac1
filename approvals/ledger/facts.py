"""What a fact of an event may look like.

Every type here is too narrow for a name, an address or a sentence: an event can't carry a personal
value by mistake, because there is no type that would let it in.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import cast

FactValue = bool | int | str | Sequence[str]

_DIGEST = re.compile(r"^[0-9a-f]{64}$")
_ID = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$")
_YEARS = re.compile(r"^(\d{4})-(\d{4})$")


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
    found = _YEARS.match(value) if isinstance(value, str) else None
    return bool(found) and int(found[1]) <= int(found[2])


def _is_id(value: object) -> bool:
    return isinstance(value, str) and bool(_ID.match(value))


def _is_ids(value: object) -> bool:
    return isinstance(value, list | tuple) and all(_is_id(v) for v in cast("list[object]", value))


def _is_digests(value: object) -> bool:
    return isinstance(value, list | tuple) and all(
        isinstance(v, str) and _DIGEST.match(v) for v in cast("list[object]", value)
    )


def _flag(text: str) -> bool:
    return {"true": True, "yes": True, "false": False, "no": False}[text.lower()]


COUNT = FactType("whole number", _is_count, int)
FLAG = FactType("true or false", lambda v: isinstance(v, bool), _flag)
DATE = FactType("date (2026-01-31)", _is_date)
DIGEST = FactType("SHA-256 in hex", lambda v: isinstance(v, str) and bool(_DIGEST.match(v)))
DIGESTS = FactType("list of SHA-256 in hex", _is_digests, lambda text: tuple(text.split(",")))
ID = FactType("short id", _is_id)
IDS = FactType("list of short ids", _is_ids, lambda text: tuple(text.split(",")))
YEARS = FactType("years (2016-2025)", _is_years)
