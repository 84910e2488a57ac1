"""How easily somebody could be singled out in de-identified rows.

The measure is k over persons, each with the whole history of their orders: two persons are alike
only where the multisets of their rows agree in every quasi-identifier. A row by itself is measured
too, for the attacker who knows of one order. Prosecutor, journalist and marketer risk after
El Emam (Guide to the De-Identification of Personal Health Information, 2013): the largest 1/f, the
largest 1/F and the mean f/F over classes, where f counts persons in the data and F in the register.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa

from extracts.errors import ExtractFailed
from systems.database import connect, guarded, quoted

if TYPE_CHECKING:
    import duckdb

THRESHOLD = 10  # persons; § 964(f)(2) says it of tables, the Department takes it as yardstick here
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Classes:
    """Sizes of the classes of persons who look alike.

    Attributes:
        smallest: persons in the smallest class (k).
        unique: persons who are alone in theirs.
        below: persons in classes smaller than the threshold.
        classes: number of classes.
    """

    smallest: int
    unique: int
    below: int
    classes: int


@dataclass(frozen=True)
class RiskReport:
    """Re-identification risk of de-identified rows; for the Department's edition of the report.

    Attributes:
        persons: persons in the data.
        rows: rows in the data.
        threshold: class size under which persons count as at risk.
        quasi_identifiers: the columns that an attacker is taken to know.
        history: classes over whole histories.
        single: classes over single rows; a person counts in each class that one of their rows is in.
        journalist_max: largest 1/F; equals the prosecutor's where the population is not given.
        marketer: expected share of persons identified by matching everybody.
        l_diversity: sensitive column → fewest distinct values within a class of histories.
    """

    persons: int
    rows: int
    threshold: int
    quasi_identifiers: tuple[str, ...]
    history: Classes
    single: Classes
    journalist_max: float
    marketer: float
    l_diversity: dict[str, int] = field(default_factory=dict[str, int])

    @property
    def share_below(self) -> float:
        """Share of persons in classes of histories smaller than the threshold, 0 to 1."""
        return self.history.below / self.persons if self.persons else 0.0

    @property
    def prosecutor_max(self) -> float:
        """Highest chance to find a person who is known to be in the data."""
        return 1 / self.history.smallest if self.persons else 0.0

    @property
    def prosecutor_mean(self) -> float:
        """Mean of that chance over persons."""
        return self.history.classes / self.persons if self.persons else 0.0

    def as_json(self) -> dict[str, object]:
        """Plain numbers, for the report and the ledger."""
        return {
            "persons": self.persons,
            "rows": self.rows,
            "threshold": self.threshold,
            "quasi_identifiers": list(self.quasi_identifiers),
            "k": self.history.smallest,
            "unique_persons": self.history.unique,
            "persons_below": self.history.below,
            "share_below": round(self.share_below, 4),
            "classes": self.history.classes,
            "k_single_row": self.single.smallest,
            "persons_below_single_row": self.single.below,
            "prosecutor_max": round(self.prosecutor_max, 4),
            "prosecutor_mean": round(self.prosecutor_mean, 4),
            "journalist_max": round(self.journalist_max, 4),
            "marketer": round(self.marketer, 4),
            "l_diversity": dict(self.l_diversity),
        }


def risk_report(
    table: pa.Table,
    quasi_identifiers: Sequence[str],
    *,
    sensitive: Sequence[str] = (),
    threshold: int = THRESHOLD,
    population: pa.Table | None = None,
) -> RiskReport:
    """Measure the risk of de-identified rows.

    Args:
        table: rows with ``person_ref`` and the quasi-identifiers.
        quasi_identifiers: columns that an attacker may know.
        sensitive: columns whose variety within a class is measured (l-diversity).
        threshold: persons.
        population: the same columns for everybody in the register, where the data is a part of it.

    Raises:
        ExtractFailed: the database gave up.
    """
    quasi = tuple(quasi_identifiers)
    with guarded(ExtractFailed, step="risk"):
        con = connect()
        con.register("rows_in", table)
        con.execute(f"CREATE TEMP TABLE keyed AS {keyed('rows_in', quasi)}")
        con.execute(f"CREATE TEMP TABLE people AS {histories('keyed')}")
        history = _classes(con, "SELECT key, count(*) AS f FROM people GROUP BY key", threshold)
        single = _classes(con, _SINGLE, threshold)
        persons, rows = con.execute(
            "SELECT (SELECT count(*) FROM people), (SELECT count(*) FROM keyed)"
        ).fetchall()[0]
        journalist, marketer = _against(con, population, quasi)
        diversity = {name: _diversity(con, name) for name in sensitive}
        con.close()
    return RiskReport(
        persons, rows, threshold, quasi, history, single, journalist, marketer, diversity
    )


@dataclass(frozen=True)
class RiskLimit:
    """What a release of rows may bear; the project's own where its approval names one.

    Attributes:
        k: persons who must share all quasi-identifiers and the whole history (the classes counted
            as too small are those below it). Ten is the Department's yardstick after § 964(f)(2).
        max_share_below: largest share of persons in smaller classes, 0 to 1.
        max_prosecutor: largest chance to single out a person who is known to be in the data.
        max_marketer: largest expected share of persons singled out by matching everybody.
    """

    k: int = THRESHOLD
    max_share_below: float = 0.0
    max_prosecutor: float = 0.1
    max_marketer: float = 0.1

    def exceeded(self, report: RiskReport) -> tuple[str, ...]:
        """Return the names of the measures that are above the limit; none where it is kept."""
        measured = {
            "share_below": (report.share_below, self.max_share_below),
            "prosecutor": (report.prosecutor_max, self.max_prosecutor),
            "journalist": (report.journalist_max, self.max_prosecutor),
            "marketer": (report.marketer, self.max_marketer),
        }
        return tuple(name for name, (risk, most) in measured.items() if risk > most + _ROUNDING)

    def as_json(self) -> dict[str, object]:
        """Plain numbers, for the report."""
        return asdict(self)


_SINGLE = "SELECT row_key AS key, count(DISTINCT person_ref) AS f FROM keyed GROUP BY row_key"


def keyed(source: str, quasi: Sequence[str]) -> str:
    """Return SQL: rows with one key of all quasi-identifiers; a missing value is a value of its own.

    Keys are 64-bit hashes: among a million of them two differ in what they stand for once in
    thirty million runs, and would then only be counted as alike.
    """
    packed = ", ".join(f"q{i} := {quoted(name)}" for i, name in enumerate(quasi))
    return f"SELECT *, {f'hash(struct_pack({packed}))' if quasi else '0'} AS row_key FROM {source}"


def histories(source: str) -> str:
    """Return SQL: each person with the key of all their rows together."""
    return f"""
        SELECT person_ref, hash(list_sort(list(row_key))) AS key FROM {source} GROUP BY person_ref"""


def _classes(con: "duckdb.DuckDBPyConnection", sizes: str, threshold: int) -> Classes:
    row = con.execute(
        f"""SELECT coalesce(min(f), 0), coalesce(sum(f) FILTER (f = 1), 0),
              coalesce(sum(f) FILTER (f < {threshold}), 0), count(*) FROM ({sizes})"""
    ).fetchall()[0]
    return Classes(*(int(value) for value in row))


def _against(
    con: "duckdb.DuckDBPyConnection", population: pa.Table | None, quasi: Sequence[str]
) -> tuple[float, float]:
    """Journalist's largest risk and the marketer's mean, over classes f in the data, F outside."""
    everybody = "people"
    if population is not None:
        con.register("population_in", population)
        con.execute(f"CREATE TEMP TABLE keyed_all AS {keyed('population_in', quasi)}")
        con.execute(f"CREATE TEMP TABLE everybody AS {histories('keyed_all')}")
        everybody = "everybody"
    row = con.execute(f"""
        WITH sample AS (SELECT key, count(*) AS f FROM people GROUP BY key),
             whole AS (SELECT key, count(*) AS f FROM {everybody} GROUP BY key)
        SELECT max(1 / greatest(w.f, s.f)), sum(s.f / greatest(w.f, s.f)) / sum(s.f)
        FROM sample s JOIN whole w USING (key)""").fetchall()[0]
    return float(row[0] or 0), float(row[1] or 0)


def _diversity(con: "duckdb.DuckDBPyConnection", name: str) -> int:
    (least,) = con.execute(f"""
        SELECT min(l) FROM (
          SELECT p.key, count(DISTINCT coalesce(k.{quoted(name)}::VARCHAR, '')) AS l
          FROM keyed k JOIN people p USING (person_ref) GROUP BY p.key)""").fetchall()[0]
    return int(least or 0)
