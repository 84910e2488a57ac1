"""`make_cohort`: a researcher's cohort, some of whose people are restrained by an order."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

from synthetic.errors import SizeImpossible, TooFewPeople
from synthetic.people import (
    COHORTS,
    Ints,
    Population,
    RegisterTruth,
    as_table,
    dashed,
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
