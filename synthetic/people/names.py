"""Names and places to draw from: lists of common ones, with frequencies that fall like Zipf's law.

The lists hold no real person's name as such; only which names are common. Names are kept as numbers
into one array, so that a million people are a million integers.
"""

import csv
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

Ints = npt.NDArray[np.int64]
Strings = npt.NDArray[np.object_]  # None stands for a missing value
Mask = npt.NDArray[np.bool_]

ORIGINS = ("any", "hispanic", "asian", "other")
ORIGIN_SHARES = (0.47, 0.34, 0.14, 0.05)  # roughly California's adults
_RARE = 0.15  # of surnames: composed ones, each carried by few
_FALL = 0.85  # exponent of the fall of frequency with rank
_FLAT = 6  # ranks over which the top is flattened

_FOLDER = Path(__file__).parents[1] / "data"


def rows(name: str) -> list[dict[str, str]]:
    """The rows of a list in the package."""
    with (_FOLDER / name).open(newline="", encoding="ascii") as file:
        return list(csv.DictReader(file))


@cache
def shares(system: str) -> dict[str, Any]:
    """How often what occurs in a system's made-up register: tables of ``data/shares.toml``."""
    return tomllib.loads((_FOLDER / "shares.toml").read_text("utf-8"))[system]


@dataclass(frozen=True)
class Pool:
    """Numbers of names, with how likely each is."""

    members: Ints
    cumulative: npt.NDArray[np.float64]

    def draw(self, rng: Generator, count: int) -> Ints:
        """Draw numbers of names."""
        return self.members[np.searchsorted(self.cumulative, rng.random(count), side="right")]


@dataclass(frozen=True)
class Names:
    """All names in one array, and the pools that point into it.

    Attributes:
        texts: the names.
        first: pools of first names by (female, origin).
        last: pools of surnames by origin.
        others: other ways in which a name is written or called: nicknames, spellings.
    """

    texts: Strings
    first: dict[tuple[bool, int], Pool]
    last: dict[int, Pool]
    nicknames: dict[str, tuple[str, ...]]
    spellings: dict[str, tuple[str, ...]]


@cache
def known_names() -> Names:
    """Read the lists once."""
    texts: list[str] = []
    first: dict[tuple[bool, int], Pool] = {}
    last: dict[int, Pool] = {}
    given, family, parts = rows("first_names.csv"), rows("surnames.csv"), rows("rare_surnames.csv")
    for number, origin in enumerate(ORIGINS):
        for sex in "MF":
            listed = [r["name"] for r in given if (r["sex"], r["origin"]) == (sex, origin)]
            first[sex == "F", number] = _pool(texts, listed, [])
        beginnings = [r["part"] for r in parts if (r["place"], r["origin"]) == ("first", origin)]
        endings = [r["part"] for r in parts if (r["place"], r["origin"]) == ("last", origin)]
        rare = [a + b for a in beginnings for b in endings]
        last[number] = _pool(texts, [r["name"] for r in family if r["origin"] == origin], rare)
    return Names(
        objects(texts),
        first,
        last,
        _others("nicknames.csv", "formal", "nickname"),
        _others("spellings.csv", "name", "spelling"),
    )


def _pool(texts: list[str], common: list[str], rare: list[str]) -> Pool:
    start = len(texts)
    texts += common + rare
    weight = 1.0 / (np.arange(len(common)) + _FLAT) ** _FALL
    weight /= weight.sum()
    if rare:
        weight = np.concatenate([weight * (1 - _RARE), np.full(len(rare), _RARE / len(rare))])
    cumulative = np.cumsum(weight)
    cumulative[-1] = 1.0
    return Pool(np.arange(start, len(texts)), cumulative)


def _others(file: str, key: str, value: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for row in rows(file):
        found[row[key]] = (*found.get(row[key], ()), row[value])
    return found


@dataclass(frozen=True)
class Places:
    """Counties by population, their ZIP codes and cities, and street names."""

    fips: Strings
    share: npt.NDArray[np.float64]
    first_zip: Ints
    zips: Ints  # ZIP codes of each county
    cities: tuple[Strings, ...]
    streets: Strings


@cache
def known_places() -> Places:
    """Read the lists of places once."""
    listed = rows("counties.csv")
    people = np.array([float(r["thousands"]) for r in listed])
    return Places(
        fips=objects([r["fips"] for r in listed]),
        share=people / people.sum(),
        first_zip=np.array([int(r["first_zip"]) for r in listed]),
        zips=np.maximum(1, np.round(people / 30)).astype(np.int64),  # about 30,000 people each
        cities=tuple(objects(r["cities"].split("|")) for r in listed),
        streets=objects([r["name"] for r in rows("streets.csv")]),
    )


def objects(values: Sequence[object]) -> Strings:
    """Texts as an array, None where one is missing."""
    return np.array(values, dtype=object)


def choose(where: Mask, yes: Any, no: Any) -> Strings:
    """Like ``numpy.where``, for strings and None."""
    return np.asarray(np.where(where, yes, no), dtype=object)


def absent(values: Strings) -> Mask:
    """Where a value is missing."""
    missing: Any = None
    return np.asarray(np.equal(values, missing), dtype=bool)
