"""Arrow columns and tables of recorded people: as a register has them, and as a researcher's file does."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from synthetic.people.names import Ints, Strings, absent, known_places
from synthetic.people.noise import NO_DAY
from synthetic.people.population import RACES, Population
from systems.standard import STANDARD_COLUMNS


def text(values: Strings) -> pa.Array:
    """Strings, None as null."""
    return pa.array(values, pa.string(), from_pandas=True)


def days_column(days: Ints) -> pa.Array:
    """Dates from days since 1970-01-01, `NO_DAY` as null."""
    missing = days == NO_DAY
    return pa.array(np.where(missing, 0, days).astype(np.int32), pa.int32(), mask=missing).cast(
        pa.date32()
    )


def pick(numbers: Ints, options: tuple[str, ...]) -> Strings:
    """One of a few texts for each number, always the same one."""
    return np.array(options, dtype=object)[numbers % len(options)]


# -- tables of a register

MARK = {b"synthetic": b"true"}
_README = "Made-up data: nobody in these files exists.\n"
_LETTERS = ("W", "B", "H", "A", "P", "I", "O")  # by race as in RACES
_UNKNOWN_RACE = 0.03

Columns = dict[str, np.ndarray]


def write_files(directory: Path, tables: dict[str, pa.Table]) -> tuple[Path, ...]:
    """Write one marked Parquet file for each table, and the mark beside them."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "SYNTHETIC").write_text(_README, encoding="ascii")
    paths: list[Path] = []
    for name, table in tables.items():
        paths.append(directory / f"{name}.parquet")
        pq.write_table(table.replace_schema_metadata(MARK), paths[-1], compression="zstd")
    return tuple(paths)


def drawn(rng: np.random.Generator, shares: dict[str, float], count: int) -> Strings:
    """Draw codes by their shares, which need not add up to one."""
    weights = np.array(list(shares.values()), float)
    options = np.array(list(shares), dtype=object)
    return options[rng.choice(len(options), count, p=weights / weights.sum())]


def missing(rng: np.random.Generator, values: Strings, share: float) -> Strings:
    """Lose a share of the values."""
    kept = values.astype(object)
    kept[rng.random(len(kept)) < share] = None
    return kept


def race_letters(rng: np.random.Generator, people: Population, who: Ints) -> Strings:
    """California's letters for the race of each person, some unknown."""
    letters = np.array(_LETTERS[: len(RACES)], dtype=object)[people.race[who]]
    letters[rng.random(len(who)) < _UNKNOWN_RACE] = "X"
    return letters


def counties(rng: np.random.Generator, home: Ints, elsewhere: float) -> Ints:
    """Places of `known_places`: the home county, or for a share any other by its population."""
    away = rng.random(len(home)) < elsewhere
    share = known_places().share
    return np.where(away, rng.choice(len(share), len(home), p=share), home)


def name_table(ids: Ints, columns: Columns, kind: str | None = None) -> pa.Table:
    """One name for each entry, under the number 1."""
    shown: dict[str, Any] = {"person_id": ids, "seq": np.ones(len(ids), np.int64)}
    if kind is not None:
        shown["kind"] = text(np.full(len(ids), kind, dtype=object))
    for name, source in (
        ("last", "last_name"),
        ("first", "first_name"),
        ("middle", "middle_name"),
        ("suffix", "name_suffix"),
    ):
        shown[name] = text(columns[source])
    return pa.table(shown)


def contact_table(ids: Ints, columns: Columns, *, phone: bool) -> pa.Table:
    """The address of each entry that has one."""
    here = ~absent(columns["street"])
    shown: dict[str, Any] = {
        "person_id": ids[here],
        "street": text(columns["street"][here]),
        "city": text(columns["city"][here]),
        "zip": text(columns["zip"][here]),
        "county_fips": text(columns["county"][here]),
    }
    if phone:
        shown["phone"] = text(columns["phone"][here])
    return pa.table(shown)


def identifier_table(ids: Ints, numbers: dict[str, Strings], state: Strings) -> pa.Table:
    """Identifiers by kind, where recorded; the state stands with licences."""
    parts: list[pa.Table] = []
    for kind, values in numbers.items():
        here = ~absent(values)
        size = int(here.sum())
        issued = state[here] if kind == "DL" else np.full(size, None, dtype=object)
        parts.append(
            pa.table(
                {
                    "person_id": ids[here],
                    "kind": text(np.full(size, kind, dtype=object)),
                    "value": text(values[here]),
                    "issuing_state": text(issued),
                }
            )
        )
    return pa.concat_tables(parts)


def agency_table(per_county: int = 2) -> pa.Table:
    """Made-up agencies, some for each county."""
    where = known_places()
    rows = [
        (f"CA{place:03d}{number}000", place, number)
        for place in range(len(where.fips))
        for number in range(per_county)
    ]
    return pa.table(
        {
            "ori": [ori for ori, _, _ in rows],
            "name": [f"AGENCY {place:03d}-{number}" for _, place, number in rows],
            "county_fips": [str(where.fips[place]) for _, place, _ in rows],
            "kind": ["sheriff" if number == 0 else "police" for _, _, number in rows],
        }
    )


def agency_of(county: Ints, number: Ints) -> Strings:
    """The agency of a county by its number within it."""
    pairs = zip(county.tolist(), number.tolist(), strict=True)
    return np.array([f"CA{place:03d}{n}000" for place, n in pairs], dtype=object)


# -- tables of a researcher: mixed case, some accents, ISO dates, the standard columns

_ACCENTS = {
    "Munoz": "Muñoz", "Nunez": "Núñez", "Pena": "Peña", "Garcia": "García", "Hernandez": "Hernández",
    "Lopez": "López", "Martinez": "Martínez", "Gonzalez": "González", "Rodriguez": "Rodríguez",
    "Perez": "Pérez", "Sanchez": "Sánchez", "Ramirez": "Ramírez", "Gomez": "Gómez", "Diaz": "Díaz",
    "Jose": "José", "Jesus": "Jesús", "Maria": "María", "Angel": "Ángel", "Sofia": "Sofía",
    "Zuniga": "Zúñiga", "Ibarra": "Ybarra", "Obrien": "O'Brien", "Oneil": "O'Neil",
    "Mcdonald": "McDonald", "Oconnor": "O'Connor",
}  # fmt: skip


def as_table(columns: dict[str, np.ndarray]) -> pa.Table:
    """Return recorded columns as standard columns of text, as an office writes them."""
    dates = iso(columns["birth_day"])
    texts = {**columns, "birth_date": dates}
    return pa.table(
        {name: pa.array(texts[name], pa.string(), from_pandas=True) for name in STANDARD_COLUMNS}
    )


def mixed_case(rng: np.random.Generator, columns: dict[str, np.ndarray], accents: float) -> None:
    """Rewrite names, streets and cities in mixed case, a share of the names with their accents."""
    for name in ("first_name", "middle_name", "last_name", "street", "city"):
        values = columns[name]
        marked = rng.random(len(values)) < accents
        columns[name] = np.array(
            [
                None if value is None else _titled(value, accented)
                for value, accented in zip(values, marked, strict=True)
            ],
            dtype=object,
        )
    suffix = columns["name_suffix"]
    columns["name_suffix"] = np.array(
        [{"JR": "Jr.", "SR": "Sr."}.get(value, value) for value in suffix], dtype=object
    )


def dashed(rng: np.random.Generator, columns: dict[str, np.ndarray], share: float) -> None:
    """Write a share of the numbers with the marks that people put in."""
    for name, form in (
        ("ssn", lambda t: f"{t[:3]}-{t[3:5]}-{t[5:]}"),
        ("phone", lambda t: f"({t[:3]}) {t[3:6]}-{t[6:]}"),
    ):
        values = columns[name]
        for place in np.flatnonzero(rng.random(len(values)) < share):
            if values[place] is not None:
                values[place] = form(values[place])


def iso(days: np.ndarray) -> Strings:
    """Days since 1970-01-01 as ISO dates, None where missing."""
    text = days.astype("datetime64[D]").astype(str).astype(object)
    text[days == NO_DAY] = None
    return text


def _titled(text: str, accented: bool) -> str:
    words = text.title()
    return " ".join(_ACCENTS.get(word, word) for word in words.split(" ")) if accented else words
