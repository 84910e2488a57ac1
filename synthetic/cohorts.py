"""Cohorts: one whose people stand in a made-up register, or one beside a table of records of any size."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

from synthetic.errors import SizeImpossible, TooFewPeople
from synthetic.people import (
    COHORTS,
    RESPONDENT,
    Ints,
    Population,
    RegisterTruth,
    as_table,
    dashed,
    day,
    make_people,
    mixed_case,
    recorded,
)

_RELATIVES = 0.08  # of those without an order: people bound to somebody who has one
_FILES = {"file": "cohort.csv", "persons": "truth_cohort.parquet", "pairs": "truth_pairs.parquet"}


@dataclass(frozen=True)
class CohortTruth:
    """A cohort and what is really so.

    Attributes:
        file: ``cohort.csv``: ``cohort_id`` and the standard columns.
        path: ``truth_pairs.parquet``, in the register's ``truth`` directory.
        persons: ``cohort_id``, ``human_id``, ``restrained`` (on an order of the families asked for).
        pairs: ``cohort_id``, ``record_id``: every entry as a restrained person, of any family.
    """

    file: Path
    path: Path
    persons: pa.Table
    pairs: pa.Table


def make_cohort(
    directory: Path,
    truth: RegisterTruth,
    *,
    rows: int,
    seed: int,
    share_with_order: float = 0.30,
    families: tuple[str, ...] | None = None,
    level: str = "medium",
) -> CohortTruth:
    """Write a cohort in CSV, with errors of its own, and its truth.

    Args:
        directory: where ``cohort.csv`` goes.
        truth: the register that the cohort's people may be in.
        rows: people in the cohort; each is in it once.
        seed: the same seed gives the same cohort.
        share_with_order: share of the rows whose people are restrained by an order.
        families: families that such an order must be of; any where none are named.
        level: noise of the cohort's own: ``low``, ``medium`` or ``heavy``.

    Raises:
        SizeImpossible: no rows, a share outside 0 to 1, or an unknown level.
        TooFewPeople: the made-up world is too small.
    """
    if rows < 1 or not 0 <= share_with_order <= 1 or level not in COHORTS:
        raise SizeImpossible(rows=rows)
    if truth.people is None:
        raise TooFewPeople(restrained=0, others=0)
    rng = np.random.default_rng(seed)
    wanted = round(rows * share_with_order)
    who = _members(rng, truth, truth.people, rows, wanted, families)
    restrained = np.arange(rows) < wanted
    mixed = rng.permutation(rows)
    who, restrained = who[mixed], restrained[mixed]
    table = _written(rng, truth.people, who, truth.last_day, level)
    ids = pa.array([f"C{number:06d}" for number in range(1, rows + 1)])
    directory.mkdir(parents=True, exist_ok=True)
    file = directory / _FILES["file"]
    pc.write_csv(table.add_column(0, "cohort_id", ids), file)
    persons = pa.table({"cohort_id": ids, "human_id": who, "restrained": restrained})
    pairs = _pairs(truth, persons)
    place = truth.path.parent
    pq.write_table(persons, place / _FILES["persons"])
    pq.write_table(pairs, place / _FILES["pairs"])
    return CohortTruth(file, place / _FILES["pairs"], persons, pairs)


def _members(
    rng: np.random.Generator,
    truth: RegisterTruth,
    people: Population,
    rows: int,
    wanted: int,
    families: tuple[str, ...] | None,
) -> Ints:
    """Restrained people first, then others: relatives of restrained ones, and strangers."""
    restrained = truth.respondents(families)
    everybody = np.arange(len(people))
    grown = people.birth < truth.last_day - 18 * 365
    others = np.setdiff1d(everybody[grown], truth.respondents())
    if wanted > len(restrained) or rows - wanted > len(others):
        raise TooFewPeople(restrained=len(restrained), others=len(others))
    near = np.intersect1d(others, restrained ^ 1)
    near = rng.permutation(near[people.tie[near] >= 0])[: int((rows - wanted) * _RELATIVES)]
    far = rng.permutation(np.setdiff1d(others, near))[: rows - wanted - len(near)]
    return np.concatenate([rng.permutation(restrained)[:wanted], near, far])


def _written(
    rng: np.random.Generator, people: Population, who: Ints, last_day: int, level: str
) -> pa.Table:
    days = last_day - rng.integers(0, 6 * 365, len(who))
    columns = recorded(rng, people, who, days, COHORTS[level])
    mixed_case(rng, columns, accents=0.3)
    dashed(rng, columns, 0.6)
    return as_table(columns)


def _pairs(truth: RegisterTruth, persons: pa.Table) -> pa.Table:
    """Every entry of a member as a restrained person."""
    roles = truth.entries["role"].to_numpy(zero_copy_only=False)
    human = truth.entries["human_id"].to_numpy()
    record = truth.entries["record_id"].to_numpy()
    members = persons["human_id"].to_numpy()
    order = np.argsort(members)
    here = (roles == truth.linked) & np.isin(human, members)
    place = order[np.searchsorted(members[order], human[here])]
    pairs = pa.table(
        {"cohort_id": persons["cohort_id"].take(pa.array(place)), "record_id": record[here]}
    )
    return (
        pairs.group_by(["cohort_id", "record_id"])
        .aggregate([])
        .sort_by([("cohort_id", "ascending"), ("record_id", "ascending")])
    )


# -- two tables to link and the truth, without a whole register

_FIRST_YEAR, _LAST_YEAR = 2016, 2025
_RECORDS_PER_PERSON = 1.7
_IN_REGISTER = 0.5  # of the cohort
_GROWN = 18 * 365  # days
_CHILDREN_TOO = 1.25  # people made for each grown one needed


def make_linkage(
    records: int,
    cohort: int,
    seed: int,
    noise: str = "medium",
    *,
    share_in_records: float = _IN_REGISTER,
    with_ssn: bool = True,
) -> tuple[pa.Table, pa.Table, pa.Table]:
    """Make a cohort, a register-like table of records, and the true pairs.

    People have several records, written at different times with different errors, addresses and
    surnames; relatives, twins, and fathers and sons of one name are in both tables. ``records`` has
    a ``group`` (an order): two records of one group are two people.

    Args:
        records: rows of the record table.
        cohort: rows of the cohort; each is one person, nobody twice.
        seed: the same seed gives the same tables.
        noise: of both tables: ``low``, ``medium`` or ``heavy``.
        share_in_records: share of the cohort with at least one record.
        with_ssn: social security and licence numbers at all.

    Returns:
        cohort (``cohort_id`` text, standard columns), records (``record_id`` int64, standard
        columns, ``group`` int64), truth (``cohort_id``, ``record_id``).

    Raises:
        SizeImpossible: no rows, a share outside 0 to 1, or an unknown level.
    """
    if records < 1 or cohort < 1 or noise not in COHORTS or not 0 <= share_in_records <= 1:
        raise SizeImpossible(records=records, cohort=cohort)
    rng = np.random.default_rng(seed)
    on_record = max(1, int(records / _RECORDS_PER_PERSON))
    inside = min(round(cohort * share_in_records), on_record)
    last_day = day(_LAST_YEAR, 12, 31)
    people = make_people(rng, int((on_record + cohort - inside) * _CHILDREN_TOO) + 500, last_day)
    grown = np.flatnonzero(people.birth < last_day - _GROWN)
    grown = rng.permutation(grown)
    registered, rest = grown[:on_record], grown[on_record:]
    human = _repeated(rng, registered, records)
    days = day(_FIRST_YEAR) + rng.integers(0, last_day - day(_FIRST_YEAR), records)
    days = np.maximum(days, people.birth[human] + _GROWN)
    levels = RESPONDENT if noise == "medium" else COHORTS[noise]
    columns = recorded(rng, people, human, days, levels)
    table = as_table(columns)
    ids = 10_000_000 + rng.permutation(records)
    groups = pa.array(rng.permutation(records) // 2)
    table = table.add_column(0, "record_id", pa.array(ids)).append_column("group", groups)
    who = _cohort(rng, np.unique(human), rest, people.tie, cohort, inside)
    columns = recorded(
        rng, people, who, last_day - rng.integers(0, 6 * 365, len(who)), COHORTS[noise]
    )
    mixed_case(rng, columns, accents=0.3)
    names = pa.array([f"C{number:08d}" for number in range(1, len(who) + 1)])
    members = as_table(columns).add_column(0, "cohort_id", names)
    if not with_ssn:
        members, table = (
            t.drop_columns(["ssn", "driver_license", "dl_state"]) for t in (members, table)
        )
    return members, table, _truth(who, human, ids, names)


def _repeated(rng: np.random.Generator, registered: Ints, records: int) -> Ints:
    """Who each record is of: everybody registered once where it fits, some again and again."""
    again = registered[(rng.random(records) ** 1.5 * len(registered)).astype(np.int64)]
    again[: min(records, len(registered))] = registered[:records]
    return rng.permutation(again)


def _cohort(
    rng: np.random.Generator, registered: Ints, rest: Ints, tie: Ints, cohort: int, inside: int
) -> Ints:
    """Members on record, then relatives of people on record, then strangers; shuffled."""
    outside = cohort - inside
    near = np.intersect1d(rest, registered ^ 1)
    near = rng.permutation(near[tie[near] >= 0])[: int(outside * _RELATIVES)]
    far = rng.permutation(np.setdiff1d(rest, near))[: outside - len(near)]
    return rng.permutation(np.concatenate([rng.permutation(registered)[:inside], near, far]))


def _truth(who: Ints, human: Ints, ids: Ints, names: pa.Array) -> pa.Table:
    order = np.argsort(who)
    here = np.isin(human, who)
    place = order[np.searchsorted(who[order], human[here])]
    return pa.table({"cohort_id": names.take(pa.array(place)), "record_id": ids[here]}).sort_by(
        [("cohort_id", "ascending"), ("record_id", "ascending")]
    )
