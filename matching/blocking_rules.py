"""Which pairs are worth comparing: the rules, as data, and the keys they make.

A rule is a list of parts for each side. Two rows meet when all parts are present and equal. A rule
whose value is too frequent is split by its ``refine`` parts, one after the other. The list holds
an address-free and a birth-date-relaxed route, since real linkages lose matches without either
(Zhang et al. 2020, Injury Prevention, needed both for about a fifth of their matches).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matching.normalise.encode import Encoded, Side

Keys = npt.NDArray[np.int64]
NOT_IN_COHORT, NOT_IN_RECORDS = -1, -2  # missing never equals missing


@dataclass(frozen=True)
class Rule:
    """One route into the candidates."""

    name: str
    parts: tuple[str, ...]
    record_parts: tuple[str, ...] = ()  # where the records' side differs (swapped names)
    refine: tuple[str, ...] = ()
    wide: bool = False  # only used where the tables are small enough for it to be cheap

    def of(self, records: bool) -> tuple[str, ...]:
        """The parts of one side."""
        return self.record_parts if records and self.record_parts else self.parts


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
    Rule("birth date, last initial", ("birth", "last_initial"), refine=("first_initial", *_MORE)),
    Rule("birth date, ZIP", ("birth", "zip"), refine=("first_initial", "last_sound", "address")),
    Rule(
        "birth date, swapped initials",
        ("birth", "first_initial", "last_initial"),
        ("birth", "last_initial", "first_initial"),
    ),
    Rule("address, first initial", ("address", "first_initial"), refine=("zip", "last_sound")),
    Rule("first and last name", ("first_root", "last_head"), refine=("year", "zip", "birth")),
    Rule(
        "first and end of last name", ("first_root", "last_tail"), refine=("year", "zip", "birth")
    ),
    Rule("swapped names", ("first", "last"), ("last", "first"), refine=("year", "zip")),
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


def parts_of(encoded: Encoded, side: Side) -> dict[str, npt.NDArray[np.int64]]:
    """Every part that a rule may name, as integers; negative is missing."""
    names = encoded.parts
    birth = side.birth.astype(np.int64)
    known = birth > 0
    house_street = side.street.astype(np.int64) * 1_000_003 + side.house + 1
    return {
        "ssn": side.ssn,
        "licence": side.licence,
        "phone": side.phone,
        "zip": side.zip,
        "birth": np.where(known, birth, -1),
        "year": np.where(known, birth // 10_000, -1),
        "birthday": np.where(known & (birth % 10_000 > 0), birth % 10_000, -1),
        "first": side.first.astype(np.int64),
        "last": side.last.astype(np.int64),
        "first_root": names.root[side.first].astype(np.int64),
        "first_initial": names.initial[side.first].astype(np.int64),
        "last_initial": names.initial[side.last].astype(np.int64),
        "last_sound": names.sound[side.last].astype(np.int64),
        "last_head": names.head[side.last].astype(np.int64),
        "last_tail": names.tail[side.last].astype(np.int64),
        "address": np.where(side.street >= 0, house_street, -1),
    }


def keys_of(parts: dict[str, npt.NDArray[np.int64]], rule: Rule, records: bool) -> Keys:
    """One key per row; rows that miss a part get a value that equals nothing."""
    missing = NOT_IN_RECORDS if records else NOT_IN_COHORT
    names = rule.of(records)
    key = np.zeros(len(parts[names[0]]), np.int64)
    for name in names:
        key = mixed(key, parts[name], missing)
    return key


def mixed(key: Keys, part: npt.NDArray[np.int64], missing: int) -> Keys:
    """A key with one more part.

    62 bits of splitmix64: two rows that share a key by accident are only compared in vain.
    """
    with np.errstate(over="ignore"):
        x = key.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + part.astype(np.uint64)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        x ^= x >> np.uint64(31)
    result = (x >> np.uint64(2)).astype(np.int64)
    return np.where((part < 0) | (key < 0), np.int64(missing), result)
