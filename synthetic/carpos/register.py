"""`make_register`: a made-up CARPOS register as files, with its truth beside it."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from synthetic.carpos import details, persons
from synthetic.carpos.cases import (
    FAMILIES,
    FAMILY_NAMES,
    ROLES,
    Entries,
    Orders,
    make_cases,
    make_entries,
    make_orders,
)
from synthetic.errors import SizeImpossible
from synthetic.people import MARK, RegisterTruth, day, make_people, write_files

_PEOPLE_PER_ORDER = 1.6  # people in the made-up world; about half of them stand on no order


def make_register(
    directory: Path, *, orders: int, seed: int, first_year: int = 2016, last_year: int = 2025
) -> RegisterTruth:
    """Write a made-up CARPOS register: one Parquet file per table, each marked as synthetic.

    It has what real registers have: people with several orders, chains from emergency to final
    orders, mutual orders, relatives at one address, twins, fathers and sons of one name, double and
    changed surnames, other spellings, nicknames, typing errors, swapped and defaulted birth dates,
    missing numbers, old addresses, unserved orders, missing expirations, two lists of race codes.

    Args:
        directory: where the files go; made where it is not there. The truth goes into ``truth`` beside it.
        orders: number of orders; about 2.5 party entries each.
        seed: the same seed gives the same register.
        first_year: calendar year of the first orders.
        last_year: calendar year of the last.

    Raises:
        SizeImpossible: no order at all, or years out of order.
    """
    if orders < 1 or first_year > last_year:
        raise SizeImpossible(orders=orders, first_year=first_year, last_year=last_year)
    rng = np.random.default_rng(seed)
    last_day = day(last_year, 12, 31)
    people = make_people(rng, max(2_000, int(orders * _PEOPLE_PER_ORDER)), last_day)
    cases = make_cases(rng, people, orders, first_year, last_year)
    made = make_orders(rng, cases, orders)
    entries = make_entries(rng, people, cases, made)
    tables = {
        **persons.tables(rng, people, made, entries),
        **details.tables(rng, people, made, entries, last_day),
    }
    files = write_files(directory, tables)
    return _truth(directory, files, people, made, entries, last_day, seed)


def _truth(
    directory: Path,
    files: tuple[Path, ...],
    people: persons.Population,
    orders: Orders,
    entries: Entries,
    last_day: int,
    seed: int,
) -> RegisterTruth:
    family = np.array([_family(name) for name in FAMILY_NAMES], dtype=object)[orders.family]
    emergency = orders.code == "EPO"
    family = np.where(emergency, "EPO", family)
    known = pa.table(
        {
            "record_id": entries.person_id,
            "human_id": entries.human,
            "role": np.array(ROLES, dtype=object)[entries.role],
            "family": family[entries.order],
        }
    ).sort_by("record_id")
    place = directory.parent / "truth"
    place.mkdir(parents=True, exist_ok=True)
    path = place / "truth_persons.parquet"
    truth = known.select(["record_id", "human_id"])
    pq.write_table(truth.replace_schema_metadata(MARK), path)
    return RegisterTruth(directory, files, path, truth, known, people, last_day, seed)


def _family(name: str) -> str:
    """The family as the code list says it; financial elder abuse is a case of elder abuse."""
    return "EA" if name == "EF" and name in FAMILIES else name
