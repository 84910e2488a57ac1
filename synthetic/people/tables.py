"""A made-up register as files: Arrow columns and tables of recorded people, and what is really so behind them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.random import Generator

from synthetic.people.names import Ints, Strings, absent, known_places, objects
from synthetic.people.noise import NO_DAY
from synthetic.people.population import RACES, Population

MARK = {b"synthetic": b"true"}
_README = "Made-up data: nobody in these files exists.\n"
_LETTERS = ("W", "B", "H", "A", "P", "I", "O")  # by race as in RACES
_UNKNOWN_RACE = 0.03

Columns = dict[str, np.ndarray]


@dataclass(frozen=True)
class World:
    """A made-up register and who is who in it.

    Attributes:
        people: everybody of this made-up world, or None where the system knows no people.
        tables: the register's tables.
        entry: for each record, the entry of its person.
        human: for each record, who that really is.
        role: for each record (or all), ``linked``, or something else where it must not be released.
        family: for each record, its scope.
        linked: role of the persons whom a cohort is linked to.
    """

    people: Population | None
    tables: dict[str, pa.Table]
    entry: Ints
    human: Ints
    role: Strings | str
    family: Strings
    linked: str = "subject"


@dataclass(frozen=True)
class RegisterTruth:
    """A register's truth, kept beside it and never inside.

    Attributes:
        directory: where the register's files lie.
        files: the register's files, one per table.
        path: ``truth_persons.parquet`` in a sibling directory.
        persons: ``record_id`` (= person_id), ``human_id``.
        entries: ``record_id``, ``human_id``, ``role``, ``family`` of the order (or other record).
        people: everybody of this made-up world, on an order or not; None where the system knows none.
        last_day: last day of the register.
        linked: role of the persons whom a cohort is linked to.
    """

    directory: Path
    files: tuple[Path, ...]
    path: Path
    persons: pa.Table
    entries: pa.Table
    people: Population | None
    last_day: int
    linked: str

    def respondents(self, families: tuple[str, ...] | None = None) -> Ints:
        """Humans with a record in the linked role, of these families where any are named; sorted."""
        role = self.entries["role"].to_numpy(zero_copy_only=False) == self.linked
        if families is not None:
            family = self.entries["family"].to_numpy(zero_copy_only=False)
            role &= np.isin(family, families)
        return np.unique(self.entries["human_id"].to_numpy()[role])


def write_register(directory: Path, world: World, last_day: int) -> RegisterTruth:
    """Write one marked Parquet file for each table, the mark beside them, and the truth into ``truth`` beside all."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "SYNTHETIC").write_text(_README, encoding="ascii")
    paths: list[Path] = []
    for name, made in world.tables.items():
        paths.append(directory / f"{name}.parquet")
        pq.write_table(made.replace_schema_metadata(MARK), paths[-1], compression="zstd")
    entries = table(
        {
            "record_id": world.entry,
            "human_id": world.human,
            "role": world.role,
            "family": world.family,
        }
    ).sort_by("record_id")
    persons = entries.group_by(["record_id", "human_id"]).aggregate([]).sort_by("record_id")
    path = directory.parent / "truth" / "truth_persons.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(persons.replace_schema_metadata(MARK), path)
    return RegisterTruth(
        directory, tuple(paths), path, persons, entries, world.people, last_day, world.linked
    )


def table(columns: dict[str, Any]) -> pa.Table:
    """Columns as a register has them: objects are texts, None is null; one text, or None, stands in every row."""
    rows = len(next(iter(columns.values())))

    def column(values: Any) -> Any:
        if values is None or isinstance(values, str):
            values = np.full(rows, values, dtype=object)
        if isinstance(values, np.ndarray) and values.dtype == object:
            return pa.array(values, pa.string(), from_pandas=True)
        return values

    return pa.table({name: column(values) for name, values in columns.items()})


def days_column(days: Ints) -> pa.Array:
    """Dates from days since 1970-01-01, `NO_DAY` as null."""
    missing = days == NO_DAY
    whole = np.where(missing, 0, days).astype(np.int32)
    return pa.array(whole, pa.int32(), mask=missing).cast(pa.date32())


def pick(numbers: Ints, options: tuple[str, ...]) -> Strings:
    """One of a few texts for each number, always the same one."""
    return objects(options)[numbers % len(options)]


def drawn(rng: Generator, shares: dict[str, float], count: int) -> Strings:
    """Draw codes by their shares, which need not add up to one."""
    weights = np.array(list(shares.values()), float)
    options = objects(list(shares))
    return options[rng.choice(len(options), count, p=weights / weights.sum())]


def missing(rng: Generator, values: Strings, share: float) -> Strings:
    """Lose a share of the values."""
    kept = values.astype(object)
    kept[rng.random(len(kept)) < share] = None
    return kept


def race_letters(rng: Generator, people: Population, who: Ints) -> Strings:
    """California's letters for the race of each person, some unknown."""
    letters = objects(_LETTERS[: len(RACES)])[people.race[who]]
    letters[rng.random(len(who)) < _UNKNOWN_RACE] = "X"
    return letters


def counties(rng: Generator, home: Ints, elsewhere: float) -> Ints:
    """Places of `known_places`: the home county, or for a share any other by its population."""
    away = rng.random(len(home)) < elsewhere
    share = known_places().share
    return np.where(away, rng.choice(len(share), len(home), p=share), home)


def name_table(ids: Ints, columns: Columns, kind: str | None = None, seq: int = 1) -> pa.Table:
    """One name for each entry, under one number."""
    return table(
        {"person_id": ids, "seq": np.full(len(ids), seq)}
        | ({} if kind is None else {"kind": kind})
        | {name: columns[f"{name}_name"] for name in ("last", "first", "middle")}
        | {"suffix": columns["name_suffix"]}
    )


def contact_table(ids: Ints, columns: Columns, *, phone: bool) -> pa.Table:
    """The address of each entry that has one."""
    here = ~absent(columns["street"])
    names = {"street": "street", "city": "city", "zip": "zip", "county_fips": "county"}
    shown = names | ({"phone": "phone"} if phone else {})
    return table({"person_id": ids[here]} | {own: columns[n][here] for own, n in shown.items()})


def identifier_table(
    ids: Ints, numbers: dict[str, Strings], state: Strings, expires: Ints | None = None
) -> pa.Table:
    """Identifiers by kind, where recorded; state and year of expiry stand with licences."""
    parts: list[pa.Table] = []
    for kind, values in numbers.items():
        here = ~absent(values)
        licence = kind == "DL"
        part: dict[str, Any] = {"person_id": ids[here], "kind": kind, "value": values[here]}
        part["issuing_state"] = state[here] if licence else None
        if expires is not None:
            part["expires"] = pa.array(expires[here], mask=np.full(int(here.sum()), not licence))
        parts.append(table(part))
    return pa.concat_tables(parts)


def agency_table() -> pa.Table:
    """Made-up agencies, two for each county."""
    fips = known_places().fips
    county, number = (each.ravel() for each in np.indices((len(fips), 2)))
    both = list(zip(county.tolist(), number.tolist(), strict=True))
    return table(
        {
            "ori": agency_of(county, number),
            "name": [f"AGENCY {place:03d}-{n}" for place, n in both],
            "county_fips": fips[county],
            "kind": ["sheriff" if n == 0 else "police" for _, n in both],
        }
    )


def agency_of(county: Ints, number: Ints) -> Strings:
    """The agency of a county by its number within it."""
    pairs = zip(county.tolist(), number.tolist(), strict=True)
    return objects([f"CA{place:03d}{n}000" for place, n in pairs])
