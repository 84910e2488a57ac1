"""Two tables to link and the truth, without a whole register: for benchmarks, and for tests of many rows."""

import numpy as np
import pyarrow as pa
from numpy.random import Generator

from matching.linking.linking import link_sources, table_source
from matching.tables import check_texts
from synthetic.cohorts import as_table, mixed_case
from synthetic.people import (
    COHORTS,
    RESPONDENT,
    Ints,
    day,
    make_people,
    recorded,
)


def link(cohort, records, options=None, *, run_shards=None, lessons=None):
    """A whole linkage of two tables in memory, and its report made."""
    check_texts(cohort, records)
    sides = table_source(cohort, "cohort"), table_source(records, "records")
    result = link_sources(*sides, options, None, run_shards, lessons=lessons)
    assert result.report
    return result


_RELATIVES = 0.08  # of those without a record: people bound to somebody who has one
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
    """
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


def _repeated(rng: Generator, registered: Ints, records: int) -> Ints:
    """Who each record is of: everybody registered once where it fits, some again and again."""
    again = registered[(rng.random(records) ** 1.5 * len(registered)).astype(np.int64)]
    again[: min(records, len(registered))] = registered[:records]
    return rng.permutation(again)


def _cohort(
    rng: Generator, registered: Ints, rest: Ints, tie: Ints, cohort: int, inside: int
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
