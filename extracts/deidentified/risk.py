"""How easily somebody could be singled out in de-identified rows.

The measure is k over persons, each with the whole history of their orders: two persons are alike
only where the multisets of their rows agree in every quasi-identifier, and in what their companions say of empty
cells. A row by itself is measured
too, for the attacker who knows of one order. Prosecutor, journalist and marketer risk after
El Emam (Guide to the De-Identification of Personal Health Information, 2013): the largest 1/f, the
largest 1/F and the mean f/F over classes, where f counts persons in the data and F in the register.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from extracts.deidentified.attack import Alike
from extracts.deidentified.variety import Worst, variety
from extracts.errors import ExtractFailed
from extracts.rows import emptied_cells, told_by
from systems.database import connect, guarded, quoted

if TYPE_CHECKING:
    import duckdb

THRESHOLD = 10  # persons; § 964(f)(2) says it of tables, the Department takes it as yardstick here
Measure = Literal["history", "row"]
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Classes:
    """Sizes of the classes of persons who look alike.

    Attributes:
        smallest: persons in the smallest class (k).
        unique: persons who are alone in theirs.
        below: persons in classes smaller than the threshold.
        classes: number of classes.
        members: persons in all of them.
    """

    smallest: int
    unique: int
    below: int
    classes: int
    members: int


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
        sensitive: sensitive column → the worst group of rows that look alike of persons who do;
            columns that show no value are left out.
        known_too: column that is no quasi-identifier → classes if an attacker knew it as well; ``all``
            of them at once.
        measure: whether the limits are about whole histories or about single rows.
        filled_in: classes after an attack that fills in empty cells, by rules that hold always
            and in 95 of 100 rows; none where nobody attacked.
    """

    persons: int
    rows: int
    threshold: int
    quasi_identifiers: tuple[str, ...]
    history: Classes
    single: Classes
    journalist_max: float
    marketer: float
    sensitive: dict[str, Worst] = field(default_factory=dict[str, Worst])
    known_too: dict[str, Classes] = field(default_factory=dict[str, Classes])
    measure: Measure = "history"
    filled_in: tuple[Alike, Alike] | None = None

    @property
    def measured(self) -> Classes:
        """The classes that the limits are about."""
        return self.history if self.measure == "history" else self.single

    @property
    def share_below(self) -> float:
        """Share of persons in classes smaller than the threshold, 0 to 1."""
        return self.measured.below / self.measured.members if self.persons else 0.0

    @property
    def prosecutor_max(self) -> float:
        """Highest chance to find a person who is known to be in the data."""
        return 1 / self.measured.smallest if self.persons else 0.0

    @property
    def prosecutor_mean(self) -> float:
        """Mean of that chance over persons."""
        return self.measured.classes / self.measured.members if self.persons else 0.0

    def as_json(self) -> dict[str, object]:
        """Plain numbers, for the report and the ledger."""
        return {
            "persons": self.persons,
            "rows": self.rows,
            "threshold": self.threshold,
            "measure": self.measure,
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
            "l_diversity": {name: one.distinct for name, one in self.sensitive.items()},
            "l_rare": {name: one.rare for name, one in self.sensitive.items()},
            "l_entropy": {name: round(one.entropy, 2) for name, one in self.sensitive.items()},
            "t_closeness": {name: round(one.distance, 4) for name, one in self.sensitive.items()},
            "known_too": {
                name: {"k": c.smallest, "share_below": round(c.below / max(1, self.persons), 4)}
                for name, c in self.known_too.items()
            },
            "filled_in": [one.as_json() for one in self.filled_in or ()],
        }


def risk_report(
    table: pa.Table,
    quasi_identifiers: Sequence[str],
    *,
    sensitive: Sequence[str] = (),
    known_too: Sequence[str] = (),
    threshold: int = THRESHOLD,
    measure: Measure = "history",
    population: pa.Table | None = None,
) -> RiskReport:
    """Measure the risk of de-identified rows.

    Args:
        table: rows with ``person_ref`` and the quasi-identifiers.
        quasi_identifiers: columns that an attacker may know.
        sensitive: columns whose variety within a class is measured (l-diversity, t-closeness).
        known_too: columns that are no quasi-identifiers, measured as if they were.
        threshold: persons.
        measure: what the limits are about.
        population: the same columns for everybody in the register, where the data is a part of it.

    Raises:
        ExtractFailed: the database gave up.
    """
    quasi = tuple(quasi_identifiers)
    with guarded(ExtractFailed, step="risk"):
        con = connect()
        con.register("rows_in", table)
        con.execute(f"CREATE TEMP TABLE keyed AS {keyed(_NUMBERED, told_by(table, quasi))}")
        con.execute(f"CREATE TEMP TABLE people AS {histories('keyed')}")
        history = _classes(con, _HISTORY.format("people"), threshold)
        single = _classes(con, _SINGLE, threshold)
        persons, rows = con.execute(
            "SELECT (SELECT count(*) FROM people), (SELECT count(*) FROM keyed)"
        ).fetchall()[0]
        journalist, marketer = _against(con, population, quasi)
        if measure == "row":
            journalist, marketer = (
                1 / max(1, single.smallest),
                single.classes / max(1, single.members),
            )
        group = _groups(con, measure)
        told = {n: variety(group, table[n], emptied_cells(table, n)).worst() for n in sensitive}
        worst = {name: one for name, one in told.items() if one is not None}
        sets = {name: (name,) for name in known_too}
        sets |= {"all": tuple(known_too)} if len(sets) > 1 else {}
        more = {
            name: _known_too(con, told_by(table, (*quasi, *one)), threshold)
            for name, one in sets.items()
        }
        con.close()
    return RiskReport(
        persons, rows, threshold, quasi, history, single, journalist, marketer, worst, more, measure
    )


def groups_alike(
    table: pa.Table, quasi_identifiers: Sequence[str], *, measure: Measure = "history"
) -> npt.NDArray[np.int64]:
    """Return a number for each row, the same where rows look alike (and so do their persons' histories).

    Raises:
        ExtractFailed: the database gave up.
    """
    with guarded(ExtractFailed, step="risk"):
        con = connect()
        con.register("rows_in", table)
        con.execute(
            f"CREATE TEMP TABLE keyed AS {keyed(_NUMBERED, told_by(table, quasi_identifiers))}"
        )
        con.execute(f"CREATE TEMP TABLE people AS {histories('keyed')}")
        group = _groups(con, measure)
        con.close()
    return group


@dataclass(frozen=True)
class RiskLimit:
    """What a release of rows may bear; the project's own where its approval names one.

    Attributes:
        k: persons who must share all quasi-identifiers and the whole history (the classes counted
            as too small are those below it). Ten is the Department's yardstick after § 964(f)(2).
        max_share_below: largest share of persons in smaller classes, 0 to 1.
        max_prosecutor: largest chance to single out a person who is known to be in the data.
        max_marketer: largest expected share of persons singled out by matching everybody.
        l_values: distinct values of a sensitive column among rows that look alike, at least; not where
            all of them are common.
        t_distance: distance of their shares from everybody's, at most, 0 to 1.
        measure: whether all this is about whole histories or about single rows.
    """

    k: int = THRESHOLD
    max_share_below: float = 0.0
    max_prosecutor: float = 0.1
    max_marketer: float = 0.1
    l_values: int = 2
    t_distance: float = 0.8
    measure: Measure = "history"

    def exceeded(self, report: RiskReport) -> tuple[str, ...]:
        """Return the names of the measures that are above the limit; none where it is kept."""
        worst = report.sensitive.values()
        rare = [one.rare for one in worst if one.rare is not None]
        measured = {
            "share_below": (report.share_below, self.max_share_below),
            "prosecutor": (report.prosecutor_max, self.max_prosecutor),
            "journalist": (report.journalist_max, self.max_prosecutor),
            "marketer": (report.marketer, self.max_marketer),
            "l_diversity": (self.l_values - min(rare, default=self.l_values), 0),
            "t_closeness": (max((w.distance for w in worst), default=0), self.t_distance),
        }
        if report.filled_in is not None:
            always, mostly = report.filled_in
            measured["filled_in_100"] = (always.share_below, self.max_share_below)
            measured["filled_in_95"] = (mostly.share_below, self.max_share_below)
        return tuple(name for name, (risk, most) in measured.items() if risk > most + _ROUNDING)

    def as_json(self) -> dict[str, object]:
        """Plain numbers, for the report."""
        return asdict(self)


_NUMBERED = "(SELECT row_number() OVER () AS place, * FROM rows_in)"
_HISTORY = "SELECT key, count(*) AS f FROM {} GROUP BY key"
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
              coalesce(sum(f) FILTER (f < {threshold}), 0), count(*), coalesce(sum(f), 0) FROM ({sizes})"""
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


def _groups(con: "duckdb.DuckDBPyConnection", measure: Measure) -> npt.NDArray[np.int64]:
    key = "hash(p.key, k.row_key)" if measure == "history" else "k.row_key"
    found = con.execute(
        f"SELECT {key} AS g FROM keyed k JOIN people p USING (person_ref) ORDER BY place"
    )
    return np.unique(found.fetchnumpy()["g"], return_inverse=True)[1].astype(np.int64)


def _known_too(con: "duckdb.DuckDBPyConnection", columns: Sequence[str], threshold: int) -> Classes:
    everybody = histories(f"({keyed('rows_in', columns)})")
    return _classes(con, _HISTORY.format(f"({everybody})"), threshold)
