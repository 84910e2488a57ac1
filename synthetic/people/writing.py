"""What every made-up register shares: its files with their mark, names, numbers and addresses of people."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from synthetic.people import names
from synthetic.people.arrays import absent
from synthetic.people.columns import text
from synthetic.people.names import Ints, Strings
from synthetic.people.people import RACES, Population

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
    """Places of `names.places`: the home county, or for a share any other by its population."""
    away = rng.random(len(home)) < elsewhere
    share = names.places().share
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
    where = names.places()
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
