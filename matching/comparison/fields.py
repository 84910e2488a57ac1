"""The fields of a comparison and their levels; a pair of rows becomes one small integer per field.

Level 0 is always "missing on a side" and weighs nothing. Fields that depend on each other share a
level set: sex is weighed given the first name, the place given the street, so that nothing counts
twice. ``groups`` are the level sets that are normalised on their own for that reason.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

# levels, named; the number is the position
FIRST: Final = (
    "missing", "same", "nickname", "initial", "close", "similar", "part", "swapped", "different",
)  # fmt: skip
LAST: Final = (
    "missing", "same", "part", "close", "similar", "different", "different, female",
)  # fmt: skip
SEX: Final = ("missing", "same, name agrees", "other, name agrees", "same", "other")
MIDDLE: Final = ("missing", "same", "initial", "close", "different")
SUFFIX: Final = ("missing", "same", "one side only", "different")
BIRTH: Final = (
    "missing", "same", "day and month swapped", "one digit", "default day", "two parts", "near year",
    "different",
)  # fmt: skip
SSN: Final = ("missing", "same", "one digit", "last four", "different")
LICENCE: Final = ("missing", "same", "one character", "different")
PHONE: Final = ("missing", "same", "one digit", "different")
STREET: Final = ("missing", "same", "near", "same street", "same number", "different")
PLACE: Final = (
    "missing",
    "same ZIP, street agrees", "same city, street agrees", "other, street agrees",
    "same ZIP, same street", "same city, same street", "other, same street",
    "same ZIP", "same city", "same county", "other",
)  # fmt: skip


@dataclass(frozen=True)
class Field:
    """A field: its levels and which of them form a distribution together."""

    name: str
    levels: tuple[str, ...]
    groups: tuple[tuple[int, ...], ...]


def _whole(name: str, levels: tuple[str, ...]) -> Field:
    return Field(name, levels, (tuple(range(1, len(levels))),))


FIELDS: Final[tuple[Field, ...]] = (
    _whole("first", FIRST),
    _whole("last", LAST),
    Field("sex", SEX, ((1, 2), (3, 4))),
    _whole("middle", MIDDLE),
    _whole("suffix", SUFFIX),
    _whole("birth", BIRTH),
    _whole("ssn", SSN),
    _whole("licence", LICENCE),
    _whole("phone", PHONE),
    _whole("street", STREET),
    Field("place", PLACE, ((1, 2, 3), (4, 5, 6), (7, 8, 9, 10))),
)
NAMES: Final = tuple(field.name for field in FIELDS)


def level(field: str, name: str) -> int:
    """The number of a level by its name; for code that reads better with words."""
    return FIELDS[NAMES.index(field)].levels.index(name)


@cache
def shipped_prior() -> Mapping[str, object]:
    """The shipped prior model: see the head of ``prior.toml`` for where its numbers come from."""
    text = (resources.files("matching") / "prior.toml").read_text("utf-8")
    return tomllib.loads(text)
