"""What generated checks are made from, and the checks that several kinds share."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from expectations.checks import Basis, Check
from expectations.errors import CountingBroke
from expectations.sql import PATTERNS, is_full, matches, texts
from systems.database import guarded, quoted
from systems.description import Dimension, OutputColumn, System

if TYPE_CHECKING:
    import duckdb
from expectations.checks import Severity
from systems.description import RowRelease

_NULLABLE_LIST = (
    "list_filter(string_split(CAST({0} AS VARCHAR), ';'), lambda v: trim(v) NOT IN {1})"
)


@dataclass(frozen=True)
class Facts:
    """A relation and the system it comes from; ``columns`` maps its columns to DuckDB types."""

    system: System
    relation: str
    columns: dict[str, str]

    @staticmethod
    def of(system: System, con: "duckdb.DuckDBPyConnection", relation: str) -> "Facts":
        """Ask the connection for the relation's columns.

        Raises:
            CountingBroke: There is no such relation.
        """
        with guarded(CountingBroke, check="columns"):
            described = con.execute(f"DESCRIBE SELECT * FROM {quoted(relation)}").fetchall()
        return Facts(system, relation, {str(row[0]): str(row[1]) for row in described})

    def has_table(self, table: str) -> bool:
        """Say whether the system has a table of that name."""
        return table in self.system.tables_by_name

    @property
    def year_dimension(self) -> str | None:
        """The dimension that holds the calendar year: the one made from the system's year date."""
        release = self.system.release.aggregated
        years = [
            d.name
            for d in release.dimensions
            if d.source == release.year_source and d.type == "year"
        ]
        return years[0] if years else None

    def text_columns(self) -> list[str]:
        """Return the columns that hold text (or lists of text)."""
        return [c for c, t in self.columns.items() if t.startswith(("VARCHAR", "ENUM"))]

    def whole_number_columns(self) -> list[str]:
        """Return the columns that hold whole numbers."""
        return [c for c, t in self.columns.items() if t.endswith("INT") or t == "INTEGER"]


def columns_exact(
    facts: Facts, suite: str, wanted: Iterable[str], *, title: str, section: str, basis: Basis
) -> Check:
    """Return the check that the relation has exactly these columns."""
    expected = set(wanted)
    differing = len(expected ^ facts.columns.keys())
    return Check(
        f"{suite}.columns_exact",
        title,
        section,
        basis,
        "critical",
        violations=differing,
        elements=len(expected | facts.columns.keys()),
    )


def codes_of(facts: Facts, output: OutputColumn) -> tuple[str, ...]:
    """Return the values that an output column may hold, none where it has no code list."""
    values: set[str] = set()
    if output.codes:
        values |= set(facts.system.code_list(output.codes).values)
    if output.unknown is not None and values:
        values.add(output.unknown)
    return tuple(sorted(values))


def dimension(facts: Facts, dim: str) -> Dimension | None:
    """Return what the TOML says of a dimension."""
    return next((d for d in facts.system.release.aggregated.dimensions if d.name == dim), None)


def known_values(facts: Facts, dim: str) -> tuple[str, ...]:
    """Return codes, labels and groups of a dimension: what its cells may be called."""
    found = dimension(facts, dim)
    if found is None or not found.codes:
        return ()
    labels = facts.system.code_list(found.codes).labels.values()
    return (*codes_of(facts, found), *labels, *groups_of(facts, dim))


def groups_of(facts: Facts, dim: str) -> tuple[str, ...]:
    """Return the values that stand for several codes of a dimension: the regions of counties."""
    found = dimension(facts, dim)
    if found is None or not found.codes or not found.parent:
        return ()
    return tuple(sorted(set(facts.system.code_list(found.codes).attribute(found.parent).values())))


def code_check(
    facts: Facts, suite: str, column: str, output: OutputColumn, also: tuple[str, ...] = ()
) -> Check | None:
    """Return the check of an output column against its code list, if it has one."""
    codes = (*codes_of(facts, output), *also)
    if not output.codes or column not in facts.columns:
        return None
    value = f"r.{quoted(column)}"
    if output.type == "list":
        wrong = f"len({_NULLABLE_LIST.format(value, texts(codes))}) > 0"
    else:
        wrong = f"CAST({value} AS VARCHAR) NOT IN {texts(codes)}"
    return Check(
        f"{suite}.{column}_known",
        f"Every {column} is in the system's code list",
        "",
        "policy",
        "critical",
        row=f"CASE WHEN {value} IS NOT NULL THEN {wrong} END",
    )


_SHAPES = {"year": r"\d{4}", "month": r"\d{4}-(0[1-9]|1[0-2])"}


def shape_check(facts: Facts, suite: str, column: str, output: OutputColumn) -> Check | None:
    """Return the check that a generalised date is as coarse as the TOML says."""
    if output.type not in _SHAPES or column not in facts.columns:
        return None
    value = f"r.{quoted(column)}"
    return Check(
        f"{suite}.{column}_coarse",
        f"Every {column} is cut to the {output.type}",
        "§ 962(h)",
        "policy",
        "critical",
        row=f"CASE WHEN {value} IS NOT NULL THEN NOT {is_full(value, _SHAPES[output.type])} END",
    )


def content_scan(facts: Facts, suite: str, columns: Iterable[str], section: str) -> list[Check]:
    """Return one check per pattern: no text column holds anything like an identifier.

    Distinct values are scanned, weighted by their rows, all patterns in one pass: code columns cost
    next to nothing.
    """
    scanned = list(columns)
    if not scanned:
        return []
    values = " UNION ALL ".join(
        f"SELECT CAST({quoted(c)} AS VARCHAR) AS v, count(*) AS n FROM {quoted(facts.relation)} "
        f"WHERE {quoted(c)} IS NOT NULL GROUP BY 1"
        for c in scanned
    )
    return [
        Check(
            f"{suite}.no_{what}",
            f"No text holds anything that looks like {words}",
            section,
            "law",
            "critical",
            row=matches("r.v", pattern),
            over=f"({values}) AS r",
            weight="r.n",
        )
        for what, (words, pattern) in PATTERNS.items()
    ]


def no_long_numbers(facts: Facts, suite: str, section: str) -> Check | None:
    """Return the check that no number is long enough to be somebody's number."""
    numbers = facts.whole_number_columns()
    if not numbers:
        return None
    wide = " OR ".join(f"coalesce(abs(r.{quoted(c)}) > 999999, false)" for c in numbers)
    return Check(
        f"{suite}.no_long_numbers",
        "No number has more than six digits",
        section,
        "law",
        "critical",
        row=wide,
    )


# -- scope of a release of rows: the years and the families of records that the project was approved for

Named = dict[str, OutputColumn]  # column in the extract -> its description


def by_source(named: Named, source: str) -> list[str]:
    """Return the columns of the extract that are made from a source column."""
    return [
        c
        for c, o in named.items()
        if o.source == source and o.generalise in {"none", "month", "year"}
    ]


def scope_checks(
    facts: Facts,
    suite: str,
    release: RowRelease,
    named: Named,
    families: tuple[str, ...],
    years: tuple[int | None, int | None],
) -> list[Check]:
    """Return the checks that every record lies inside the approved families and years."""
    checks: list[Check] = []
    for column, output in named.items():
        if (output.source, output.attribute) == (release.scope.source, release.scope.attribute):
            value = f"CAST(r.{quoted(column)} AS VARCHAR)"
            checks.append(
                _check(suite, f"{column}_in_scope", "Every record belongs to a scope that the project was approved for",
                       "§ 964(a)", f"{value} NOT IN {texts(families)}")
            )  # fmt: skip
    first, last = years
    if first is None or last is None:
        return checks
    for column in by_source(named, release.year_source):
        outside = f"coalesce(TRY_CAST(left(CAST(r.{quoted(column)} AS VARCHAR), 4) AS INTEGER) NOT BETWEEN {first} AND {last}, true)"
        if facts.columns[column] == "DATE":
            outside = f"r.{quoted(column)} NOT BETWEEN DATE '{first}-01-01' AND DATE '{last}-12-31'"
        checks.append(
            _check(suite, f"{column}_in_years", f"Every record lies in the approved years, {first} to {last}",
                   "§ 964(b)", f"CASE WHEN r.{quoted(column)} IS NOT NULL THEN {outside} END")
        )  # fmt: skip
    return checks


def date_order_checks(facts: Facts, suite: str, release: RowRelease, named: Named) -> list[Check]:
    """Return the checks of dates: the orders that the TOML states, and service inside the order's life.

    A date order of the register's own table must hold, since ``register load`` refused what breaks it.
    Service and proofs come from other tables, kept by other people: there it is a warning.
    """
    checks: list[Check] = []
    dates = {c: o for c, o in named.items() if o.type in {"date", "month", "year"}}
    for before, first in dates.items():
        for after, second in dates.items():
            if _stated(facts, first, second):
                checks.append(_ordered(facts, suite, before, after, "critical"))
            elif first.source == release.year_source and first.table != second.table:
                checks.append(_ordered(facts, suite, before, after, "warning"))
    return checks


def _stated(facts: Facts, first: OutputColumn, second: OutputColumn) -> bool:
    orders = facts.system.table(first.table).date_orders if first.table == second.table else ()
    return any((o.before, o.after) == (first.column, second.column) for o in orders)


def _ordered(facts: Facts, suite: str, before: str, after: str, severity: Severity) -> Check:
    """Dates cut to different widths are compared as far as both go."""
    start, end = (f"CAST(r.{quoted(c)} AS VARCHAR)" for c in (before, after))
    width = f"least(length({start}), length({end}))"
    wrong = f"left({end}, {width}) < left({start}, {width})"
    if facts.columns[before] == facts.columns[after] == "DATE":  # ten times as fast
        wrong = f"r.{quoted(after)} < r.{quoted(before)}"
    return Check(
        f"{suite}.{after}_after_{before}",
        f"No {after} lies before the {before}",
        "",
        "policy",
        severity,
        row=wrong,
    )


def _check(suite: str, what: str, title: str, section: str, row: str) -> Check:
    return Check(f"{suite}.{what}", title, section, "law", "critical", row=row)
