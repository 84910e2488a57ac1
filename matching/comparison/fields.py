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
# columns of the user's own; a number that lasts goes before what may change
EXACT: Final = ("missing", "same", "different", "same, may change", "different, may change")


@dataclass(frozen=True)
class Field:
    """A field: its levels, which of them form a distribution together, and which agree more than others.

    ``chains`` are levels that agree less and less; ``conflicts`` are the levels that are no agreement at all.
    """

    name: str
    levels: tuple[str, ...]
    groups: tuple[tuple[int, ...], ...]
    chains: tuple[tuple[int, ...], ...]
    conflicts: tuple[int, ...]

    @property
    def lasting(self) -> bool:
        """Whether it stays with a person: telephones and addresses change, and their conflicts say little."""
        return self.name not in {"phone", "street", "place"}


def _field(
    name: str,
    levels: tuple[str, ...],
    *chains: tuple[str, ...],
    groups: tuple[tuple[int, ...], ...] = (),
) -> Field:
    """A field with one distribution if not told otherwise, and one chain of all its levels."""
    whole = tuple(range(1, len(levels)))
    groups = groups or (whole,)
    place = {level: number for number, level in enumerate(levels)}
    ordered = tuple(tuple(place[level] for level in chain) for chain in chains) or groups
    ends = {chain[-1] for chain in ordered}
    return Field(name, levels, groups, ordered, tuple(sorted(ends)))


FIELDS: Final[tuple[Field, ...]] = (
    _field(
        "first", FIRST,
        ("same", "nickname", "part", "different"), ("same", "initial", "different"),
        ("same", "close", "similar", "different"), ("swapped", "different"),
    ),
    _field(
        "last", LAST,
        ("same", "part", "different"), ("same", "close", "similar", "different"),
        ("same", "different, female"),
    ),
    _field("sex", SEX, groups=((1, 2), (3, 4))),
    _field("middle", MIDDLE, ("same", "initial", "different"), ("same", "close", "different")),
    _field("suffix", SUFFIX),
    _field(
        "birth", BIRTH,
        ("same", "day and month swapped", "different"), ("same", "default day", "different"),
        ("same", "one digit", "two parts", "near year", "different"),
    ),
    _field("ssn", SSN),
    _field("licence", LICENCE),
    _field("phone", PHONE),
    _field(
        "street", STREET,
        ("same", "near", "same street", "different"), ("near", "same number", "different"),
    ),
    _field("place", PLACE, groups=((1, 2, 3), (4, 5, 6), (7, 8, 9, 10))),
    _field("exact", EXACT, groups=((1, 2), (3, 4))),  # the last: see ``Comparer.patterns``
)  # fmt: skip
NAMES: Final = tuple(field.name for field in FIELDS)


def level(field: str, name: str) -> int:
    """The number of a level by its name; for code that reads better with words."""
    return FIELDS[NAMES.index(field)].levels.index(name)


@cache
def shipped_prior() -> Mapping[str, object]:
    """The shipped prior model: see the head of ``prior.toml`` for where its numbers come from."""
    text = (resources.files("matching") / "prior.toml").read_text("utf-8")
    return tomllib.loads(text)
