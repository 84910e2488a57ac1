"""What generated checks are made from, and the checks that several kinds share."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from expectations.checks import Basis, Check, Severity
from expectations.errors import CountingBroke
from expectations.sql import PATTERNS, any_of, is_full, matches, texts
from systems.database import guarded, quoted
from systems.description import OutputColumn, RowRelease, System

if TYPE_CHECKING:
    import duckdb

_NULLABLE_LIST = (
    "list_filter(string_split(CAST({0} AS VARCHAR), ';'), lambda v: trim(v) NOT IN {1})"
)


@dataclass(frozen=True)
class Facts:
    """A suite, its relation and the system; ``columns`` maps the columns to DuckDB types."""

    suite: str
    system: System
    relation: str
    columns: dict[str, str]

    @staticmethod
    def of(suite: str, system: System, con: "duckdb.DuckDBPyConnection", relation: str) -> "Facts":
        """Ask the connection for the relation's columns.

        Raises:
            CountingBroke: There is no such relation.
        """
        with guarded(CountingBroke, check="columns"):
            described = con.execute(f"DESCRIBE SELECT * FROM {quoted(relation)}").fetchall()
        return Facts(suite, system, relation, {str(row[0]): str(row[1]) for row in described})

    @property
    def year_dimension(self) -> str | None:
        """The dimension that holds the calendar year: the one made from the system's year date."""
        release = self.system.release.aggregated
        years = (
            d.name
            for d in release.dimensions
            if d.source == release.year_source and d.type == "year"
        )
        return next(years, None)

    def text_columns(self) -> list[str]:
        """Return the columns that hold text (or lists of text)."""
        return [c for c, t in self.columns.items() if t.startswith(("VARCHAR", "ENUM"))]


def columns_exact(
    facts: Facts, wanted: Iterable[str], title: str, section: str = "", basis: Basis = "policy"
) -> Check:
    """Return the check that the relation has exactly these columns."""
    expected, found = set(wanted), facts.columns.keys()
    return Check(
        f"{facts.suite}.columns_exact",
        title,
        section,
        basis,
        violations=len(expected ^ found),
        elements=len(expected | found),
    )


def codes_of(facts: Facts, output: OutputColumn) -> tuple[str, ...]:
    """Return the values that an output column may hold, none where it has no code list."""
    values: set[str] = set()
    if output.codes:
        values |= set(facts.system.code_list(output.codes).values)
    if output.unknown is not None and values:
        values.add(output.unknown)
    return tuple(sorted(values))


def known_values(facts: Facts, dim: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what the cells of a dimension may be called, and of it what stands for several codes.

    The latter are groups, such as the regions of counties; both are empty without a code list.
    """
    dimensions = facts.system.release.aggregated.dimensions
    found = next((d for d in dimensions if d.name == dim), None)
    if found is None or not found.codes:
        return (), ()
    codes = facts.system.code_list(found.codes)
    parents = codes.attribute(found.parent).values() if found.parent else ()
    groups = tuple(sorted(set(parents)))
    return (*codes_of(facts, found), *codes.labels.values(), *groups), groups


def code_check(
    facts: Facts, column: str, output: OutputColumn, also: tuple[str, ...] = ()
) -> Iterator[Check]:
    """Yield the check of an output column against its code list, if it has one."""
    if not output.codes:
        return
    codes = texts((*codes_of(facts, output), *also))
    value = f"r.{quoted(column)}"
    wrong = f"CAST({value} AS VARCHAR) NOT IN {codes}"
    if output.type == "list":
        wrong = f"len({_NULLABLE_LIST.format(value, codes)}) > 0"
    yield Check(
        f"{facts.suite}.{column}_known",
        f"Every {column} is in the system's code list",
        row=f"CASE WHEN {value} IS NOT NULL THEN {wrong} END",
    )


_SHAPES = {
    "year": r"\d{4}",
    "years": r"\d{4}-\d{4}",
    "quarter": r"\d{4}-Q[1-4]",
    "month": r"\d{4}-(0[1-9]|1[0-2])",
}


def shape_check(facts: Facts, column: str, output: OutputColumn) -> Iterator[Check]:
    """Yield the check that a generalised date is as coarse as the TOML says."""
    if output.type in _SHAPES:
        value = f"r.{quoted(column)}"
        fits = is_full(value, _SHAPES[output.type])
        yield Check(
            f"{facts.suite}.{column}_coarse",
            f"Every {column} is cut to the {output.type}",
            "§ 962(h)",
            row=f"CASE WHEN {value} IS NOT NULL THEN NOT {fits} END",
        )


def content_scan(facts: Facts, columns: Iterable[str], section: str) -> Iterator[Check]:
    """Yield one check per pattern: no text column holds anything like an identifier.

    Distinct values are scanned, weighted by their rows, all patterns in one pass: code columns cost
    next to nothing.
    """
    values = " UNION ALL ".join(
        f"SELECT CAST({quoted(c)} AS VARCHAR) AS v, count(*) AS n FROM {quoted(facts.relation)} "
        f"WHERE {quoted(c)} IS NOT NULL GROUP BY 1"
        for c in columns
    )
    for what, (words, pattern) in PATTERNS.items() if values else ():
        yield Check(
            f"{facts.suite}.no_{what}",
            f"No text from the register, references apart, looks like {words}",
            section,
            "law",
            row=matches("r.v", pattern),
            over=f"({values}) AS r",
            weight="r.n",
        )


def no_long_numbers(facts: Facts, section: str) -> Iterator[Check]:
    """Yield the check that no number is long enough to be somebody's number."""
    numbers = [c for c, t in facts.columns.items() if t.endswith("INT") or t == "INTEGER"]
    wide = any_of(f"abs(r.{quoted(c)}) > 999999" for c in numbers)
    if numbers:
        title = "No number has more than six digits"
        yield Check(f"{facts.suite}.no_long_numbers", title, section, "law", row=wide)


# -- scope of a release of rows: the years and the families of records that the project was approved for

Named = dict[str, OutputColumn]  # column in the extract -> its description


def scope_checks(
    facts: Facts,
    release: RowRelease,
    named: Named,
    families: tuple[str, ...],
    years: tuple[int | None, int | None],
) -> Iterator[Check]:
    """Yield the checks that every record lies inside the approved families and years."""
    for column, output in named.items():
        scope = (release.scope.source, release.scope.attribute, None)
        if (output.source, output.attribute, output.then) == scope:
            yield Check(
                f"{facts.suite}.{column}_in_scope",
                "No record is of another scope than the project was approved for",
                "§ 964(a)",
                "law",
                row=f"CAST(r.{quoted(column)} AS VARCHAR) NOT IN {texts(families)}",
            )
    first, last = years
    if first is None or last is None:
        return
    for column, output in named.items():
        several = output.type == "years"
        if output.source != release.year_source or not (several or output.generalise in _DATED):
            continue
        value = f"r.{quoted(column)}"
        start, end = (f"TRY_CAST({side}(CAST({value} AS VARCHAR), 4) AS INTEGER)" for side in ("left", "right"))  # fmt: skip
        outside = f"coalesce({start} NOT BETWEEN {first} AND {last}, true)"
        if several:  # a span that has none of the years
            outside = f"coalesce({start} > {last} OR {end} < {first}, true)"
        if facts.columns[column] == "DATE":
            outside = f"{value} NOT BETWEEN DATE '{first}-01-01' AND DATE '{last}-12-31'"
        yield Check(
            f"{facts.suite}.{column}_in_years",
            f"No record lies outside the approved years, {first} to {last}",
            "§ 964(b)",
            "law",
            row=f"CASE WHEN {value} IS NOT NULL THEN {outside} END",
        )


_DATED = {"none", "month", "year"}  # what leaves a date's year to be read


def date_order_checks(facts: Facts, release: RowRelease, named: Named) -> Iterator[Check]:
    """Yield the checks of dates: the orders that the TOML states, and service inside the order's life.

    A date order of the register's own table must hold, since ``register load`` refused what breaks it.
    Service and proofs come from other tables, kept by other people: there it is a warning.
    """
    dates = {c: o for c, o in named.items() if o.type in {"date", "month", "year"}}
    for before, first in dates.items():
        for after, second in dates.items():
            if _stated(facts, first, second):
                yield _ordered(facts, before, after, "critical")
            elif first.source == release.year_source and first.table != second.table:
                yield _ordered(facts, before, after, "warning")


def _stated(facts: Facts, first: OutputColumn, second: OutputColumn) -> bool:
    orders = facts.system.table(first.table).date_orders if first.table == second.table else ()
    return any((o.before, o.after) == (first.column, second.column) for o in orders)


def _ordered(facts: Facts, before: str, after: str, severity: Severity) -> Check:
    """Dates cut to different widths are compared as far as both go."""
    start, end = (f"CAST(r.{quoted(c)} AS VARCHAR)" for c in (before, after))
    width = f"least(length({start}), length({end}))"
    wrong = f"left({end}, {width}) < left({start}, {width})"
    if facts.columns[before] == facts.columns[after] == "DATE":  # ten times as fast
        wrong = f"r.{quoted(after)} < r.{quoted(before)}"
    title = f"No {after} lies before the {before}"
    return Check(f"{facts.suite}.{after}_after_{before}", title, severity=severity, row=wrong)
