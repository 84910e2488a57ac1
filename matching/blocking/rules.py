"""Which pairs are worth comparing: the rules, as data, and the keys they make.

A rule is a list of parts for each side. Two rows meet when all parts are present and equal. A rule
whose value is too frequent is split by its ``refine`` parts, one after the other. The list holds
an address-free and a birth-date-relaxed route, since real linkages lose matches without either
(Zhang et al. 2020, Injury Prevention, needed both for about a fifth of their matches).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from matching.arrays import Bools, Hashes, Part, extend_hash, finish_hash, start_hash
from matching.blocking.native_keys import Keyed
from matching.comparison import Columns
from matching.native import compiled
from matching.normalise import Encoded, NameParts, Side


class _Namesakes(TypedDict):
    refine: tuple[str, ...]
    crowd: int


@dataclass(frozen=True)
class Rule:
    """One route into the candidates."""

    name: str
    parts: tuple[str, ...]
    record_parts: tuple[str, ...] = ()  # where the records' side differs (swapped names)
    refine: tuple[str, ...] = ()
    crowd: int = 0  # records of one value from which it is split (0: only a cap on pairs counts)
    wide: bool = False  # only used where the tables are small enough for it to be cheap

    def of(self, records: bool) -> tuple[str, ...]:
        """The parts of one side."""
        return self.record_parts if records and self.record_parts else self.parts


# With forty namesakes a name says so little that a pair needs a birth year or a place as well; whoever
# shares a number, an address or most of a birth date is found by the other rules.
_NAMESAKES: _Namesakes = {"refine": ("year", "zip", "birth"), "crowd": 40}
_MORE = ("first_root", "last_sound", "zip", "address")
RULES: tuple[Rule, ...] = (
    Rule("social security number", ("ssn",), refine=("birth", "first_root")),
    Rule("driver licence", ("licence",), refine=("birth", "first_root")),
    Rule("telephone", ("phone",), refine=("first_initial", "birth")),
    Rule(
        "birth date, first name", ("birth", "first_root"), refine=("last_sound", "zip", "address")
    ),
    Rule("birth date, last name sound", ("birth", "last_sound"), refine=("first_initial", *_MORE)),
    Rule("birth date, first initial", ("birth", "first_initial"), refine=("last_initial", *_MORE)),
    Rule("birth date, ZIP", ("birth", "zip"), refine=("first_initial", "last_sound", "address")),
    Rule(
        "birth date, swapped initials",
        ("birth", "first_initial", "last_initial"),
        ("birth", "last_initial", "first_initial"),
    ),
    Rule("address, first initial", ("address", "first_initial"), refine=("zip", "last_sound")),
    Rule("first and last name", ("first_root", "last_head"), **_NAMESAKES),
    Rule(
        "first and end of a double last name",
        ("first_root", "double_tail"),
        ("first_root", "last_tail"),
        **_NAMESAKES,
    ),
    Rule(
        "first name, double last name's end",
        ("first_root", "last_tail"),
        ("first_root", "double_tail"),
        **_NAMESAKES,
    ),
    Rule("swapped names", ("first", "last"), ("last", "first"), refine=("year", "zip"), crowd=40),
    Rule(
        "first name, last name sound, birth year",
        ("first_root", "last_sound", "year"),
        refine=("zip", "birth"),
    ),
    Rule(
        "first name, last name sound, birthday",
        ("first_root", "last_sound", "birthday"),
        refine=("zip", "birth"),
    ),
    Rule(
        "last name sound, first initial, ZIP",
        ("last_sound", "first_initial", "zip"),
        refine=("first_root", "year", "address"),
    ),
    Rule("first name, ZIP, birth year", ("first_root", "zip", "year"), refine=("last_sound",)),
    Rule("address, last name sound", ("address", "last_sound"), refine=("zip", "first_initial")),
    Rule("birth date, last initial", ("birth", "last_initial"), wide=True),
    Rule("birth date", ("birth",), wide=True),
    Rule("first name, birth year", ("first_root", "year"), wide=True),
    Rule("last name sound, birth year", ("last_sound", "year"), wide=True),
    Rule("first name, birthday", ("first_root", "birthday"), wide=True),
    Rule("last name sound, birthday", ("last_sound", "birthday"), wide=True),
    Rule("first name, last name sound", ("first_root", "last_sound"), wide=True),
    Rule("last name sound, first initial", ("last_sound", "first_initial"), wide=True),
    Rule("first name, last initial", ("first_root", "last_initial"), wide=True),
    Rule("first name, ZIP", ("first_root", "zip"), wide=True),
    Rule("last name sound, ZIP", ("last_sound", "zip"), wide=True),
    Rule("address", ("address",), wide=True),
    Rule("first name", ("first_root",), wide=True),
    Rule("last name sound", ("last_sound",), wide=True),
)


class Parts:
    """Every part that a rule may name, as integers; negative is missing. Each is made when asked for."""

    def __init__(
        self, encoded: Encoded, side: Side, keyed: Keyed | None = None, begin: int = 0
    ) -> None:
        """``keyed`` is a whole side for the library, of which ``side`` is the part from ``begin`` on."""
        self._encoded, self.side = encoded, side
        self._made: dict[str, Part] = {}
        self._keyed, self._begin = keyed, begin if keyed else 0

    def __getitem__(self, name: str) -> Part:
        """The part of each row."""
        if name not in self._made:
            self._made[name] = _PARTS[name](self.side, self._encoded.parts)
        return self._made[name]

    def hashes(self, names: tuple[str, ...]) -> tuple[Hashes, Bools]:
        """A hash of some parts for each row, and whether the row has them all."""
        if compiled() is not None:
            self._keyed = self._keyed or Keyed(Columns(self.side), self._encoded.parts)
            return self._keyed.hashes(names, self._begin, self._begin + self.side.rows)
        part = self[names[0]]
        made, signs = start_hash(part), part
        for name in names[1:]:
            part = self[name]
            made, signs = extend_hash(made, part), signs | part
        return finish_hash(made), signs >= 0

    def refined(self, hashes: Hashes, name: str) -> tuple[Hashes, Bools]:
        """The hashes with one more part, and whether the row has it."""
        return finish_hash(extend_hash(hashes, self[name])), self[name] >= 0


def _birthday(side: Side, _names: NameParts) -> Part:
    day = side.birth.astype(np.int64) % 10_000
    return np.where((side.birth > 0) & (day > 0), day, -1)


def _double_tail(side: Side, names: NameParts) -> Part:
    """The end of a surname of several parts; missing where there is one part."""
    tail = names.tail[side.last].astype(np.int64)
    return np.where(tail == names.head[side.last], -1, tail)


def _address(side: Side, _names: NameParts) -> Part:
    return np.where(side.street >= 0, side.street.astype(np.int64) * 1_000_003 + side.house + 1, -1)


_PARTS: dict[str, Callable[[Side, NameParts], Part]] = {
    "ssn": lambda s, _: s.ssn.astype(np.int64),
    "licence": lambda s, _: s.licence,
    "phone": lambda s, _: s.phone,
    "zip": lambda s, _: s.zip.astype(np.int64),
    "birth": lambda s, _: np.where(s.birth > 0, s.birth, -1).astype(np.int64),
    "year": lambda s, _: np.where(s.birth > 0, s.birth // 10_000, -1).astype(np.int64),
    "birthday": _birthday,
    "first": lambda s, _: s.first.astype(np.int64),
    "last": lambda s, _: s.last.astype(np.int64),
    "first_root": lambda s, n: n.root[s.first].astype(np.int64),
    "first_initial": lambda s, n: n.initial[s.first].astype(np.int64),
    "last_initial": lambda s, n: n.initial[s.last].astype(np.int64),
    "last_sound": lambda s, n: n.sound[s.last].astype(np.int64),
    "last_head": lambda s, n: n.head[s.last].astype(np.int64),
    "last_tail": lambda s, n: n.tail[s.last].astype(np.int64),
    "double_tail": _double_tail,
    "address": _address,
}
