"""Distribution drift: has a category moved since the last release, or against the register?

The distance of two distributions is their total variation: the share of rows that would have to be
in another category for the two to be alike, from 0 to 1. Two samples of one population differ by
chance, small ones by much; what chance explains is allowed on top of the limit. Only counts of
categories come in here, and only counts of rows go out.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from expectations.checks import Check, Severity
from expectations.errors import CountingBroke
from systems.database import guarded, quoted

if TYPE_CHECKING:
    import duckdb

Against = Literal["release", "register"]
Tally = Mapping[str, int]
Profile = Mapping[str, Tally]

MISSING = "(missing)"
# Times the expected distance: under one false alarm in 200 columns (tests), fewer in large ones.
_CHANCE = 2.5
_WORDS: dict[Against, str] = {
    "release": "in the project's last release",
    "register": "in the register's records in scope",
}


@dataclass(frozen=True)
class Drift:
    """How far one column moved.

    Attributes:
        column: the column of the extract.
        against: what it is compared with.
        rows: rows of the extract that were counted.
        distance: total variation, 0 to 1.
        allowed: the limit plus what chance explains.
    """

    column: str
    against: Against
    rows: int
    distance: float
    allowed: float

    @property
    def moved(self) -> int:
        """Rows that would have to be in another category, beyond what is allowed."""
        return math.ceil(max(0.0, self.distance - self.allowed) * self.rows - 1e-9)


def profile(
    con: "duckdb.DuckDBPyConnection", relation: str, columns: Sequence[str], where: str = "true"
) -> dict[str, dict[str, int]]:
    """Count each column's categories, in one pass.

    Raises:
        CountingBroke: a column is not there.
    """
    if not columns:
        return {}
    cast = ", ".join(f"CAST({quoted(c)} AS VARCHAR) AS {quoted(c)}" for c in columns)
    sets = ", ".join(f"({quoted(c)})" for c in columns)
    which = ", ".join(f"GROUPING({quoted(c)})" for c in columns)
    values = ", ".join(quoted(c) for c in columns)
    query = (
        f"SELECT {values}, {which}, count(*) FROM (SELECT {cast} FROM {quoted(relation)} "
        f"WHERE {where}) GROUP BY GROUPING SETS ({sets})"
    )
    with guarded(CountingBroke, check="profile"):
        found = con.execute(query).fetchall()
    return read_profile(columns, found)


def read_profile(
    columns: Sequence[str], found: Iterable[Sequence[object]]
) -> dict[str, dict[str, int]]:
    """Turn rows of (values…, GROUPING of each…, count) into one tally a column."""
    width = len(columns)
    tallies: dict[str, dict[str, int]] = {c: {} for c in columns}
    for row in found:
        at = next(i for i in range(width) if row[width + i] == 0)
        value = MISSING if row[at] is None else str(row[at])
        tallies[columns[at]][value] = int(str(row[-1]))
    return tallies


def compare(now: Profile, before: Profile, against: Against, limit: float) -> tuple[Drift, ...]:
    """Compare the columns that both profiles have; one that is empty on a side is left out."""
    found: list[Drift] = []
    for column, here in now.items():
        there = before.get(column, {})
        rows, others = sum(here.values()), sum(there.values())
        if rows and others:
            allowed = limit + _CHANCE * expected_by_chance(here, there)
            found.append(Drift(column, against, rows, total_variation(here, there), allowed))
    return tuple(found)


def total_variation(here: Tally, there: Tally) -> float:
    """Half the sum of the differences of shares (both tallies hold something)."""
    first, second = sum(here.values()), sum(there.values())
    keys = here.keys() | there.keys()
    return sum(abs(here.get(k, 0) / first - there.get(k, 0) / second) for k in keys) / 2


def expected_by_chance(here: Tally, there: Tally) -> float:
    """Return the expected total variation of two samples of these sizes from one population.

    The difference of two shares is about normal with variance ``p (1 - p) (1/n + 1/m)``; its mean
    size is ``sqrt(2/pi)`` of the standard deviation.
    """
    first, second = sum(here.values()), sum(there.values())
    spread = 0.0
    for key in here.keys() | there.keys():
        share = (here.get(key, 0) + there.get(key, 0)) / (first + second)
        spread += math.sqrt(share * (1 - share) * (1 / first + 1 / second))
    return math.sqrt(2 / math.pi) * spread / 2


def drift_checks(suite: str, drifts: Iterable[Drift], severity: Severity) -> list[Check]:
    """Return one check a column: as many rows as moved too far break it."""
    return [
        Check(
            f"{suite}.{d.column}_steady_{d.against}",
            f"{d.column} is distributed as {_WORDS[d.against]}, within the limit",
            severity=severity,
            violations=d.moved,
            elements=d.rows,
            audience="department",
        )
        for d in drifts
    ]
