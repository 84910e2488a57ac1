"""The SQL of checks: the pieces that rules are written with, and the counting of what breaks them.

Names come from our own tables and TOML files and are quoted all the same; literals are code lists.
Nothing but booleans and counts is fetched. Every rule over rows goes into one aggregate; a rule
that no single row shows is one query for one number. What joins or groups a large relation is
counted slice by slice, since DuckDB may not spill what it can't hold (it would spill plain).
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from expectations.checks import Check
from expectations.errors import CountingBroke
from systems.database import connect, guarded, literal, quoted

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

# What identifiers look like (RE2). Deliberately wide: a false alarm stops a release and is looked
# at, a missed number leaves. Word boundaries keep our own long random ids out.
PATTERNS: dict[str, tuple[str, str]] = {
    "ssn": ("social security numbers", r"\b\d{3}-\d{2}-\d{4}\b|\b\d{3} \d{2} \d{4}\b|\b\d{9}\b"),
    "licence": ("driver's licence numbers", r"\b[A-Za-z]\d{7}\b"),
    "phone": (
        "telephone numbers",
        r"\(\d{3}\) ?\d{3}[-. ]\d{4}|\b\d{3}[-. ]\d{3}[-. ]\d{4}\b|\b1?\d{10}\b",
    ),
    "email": ("e-mail addresses", r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}"),
    "record_number": ("CII, FBI or file control numbers", r"\b[Aa]\d{8}\b|\b\d{13}\b"),
}


_SLICE = re.compile(r"<<(?:slice|part) ([^<>]+)>>")


def texts(values: Iterable[str]) -> str:
    """Return a bracketed list of text literals, in a fixed order, never empty."""
    listed = ", ".join(literal(v) for v in sorted(set(values)))
    return f"({listed or 'NULL'})"


def matches(expression: str, pattern: str) -> str:
    """Return a boolean: the text holds the pattern somewhere."""
    return f"regexp_matches(CAST({expression} AS VARCHAR), {literal(pattern)})"


def is_full(expression: str, pattern: str) -> str:
    """Return a boolean: the whole text is the pattern."""
    return f"regexp_full_match(CAST({expression} AS VARCHAR), {literal(pattern)})"


def any_of(conditions: Iterable[str]) -> str:
    """Return a boolean: true where one condition is, null only where all are (nothing to examine)."""
    return f"greatest({', '.join(f'({one})' for one in conditions)})"


def duplicates(relation: str, keys: Iterable[str], where: str = "true") -> str:
    """Return a query for the number of rows too many under a key, to be counted by slices of it."""
    listed = [quoted(k) for k in keys]
    return (
        "SELECT coalesce(sum(n - 1), 0)::BIGINT FROM "
        f"(SELECT count(*) AS n FROM {quoted(relation)} WHERE {where} AND {by_slice(listed[0])} "
        f"GROUP BY {', '.join(listed)} HAVING count(*) > 1)"
    )


def by_slice(column: str) -> str:
    """Return the condition that :func:`sliced` turns into one slice after another."""
    return f"<<slice {column}>>"


def by_part(column: str) -> str:
    """Return the same for a query that may as well be asked of parts of its relations (:class:`InStep`)."""
    return f"{_PART} {column}>>"


def sliced(query: str, slices: int) -> list[str]:
    """Return the query once for each slice; one that names no slice comes back alone.

    Rows of one value are in one slice, missing values in the first. A slice holds about as many
    rows as another, so that the memory of a join or a grouping is divided by their number.
    """
    if slices == 1 or not _SLICE.search(query):
        return [_SLICE.sub("true", query)]
    return [
        _SLICE.sub(rf"coalesce(hash(\1) % {slices}, 0) = {number}", query)
        for number in range(slices)
    ]


def rows(relation: str, where: str = "true") -> str:
    """Return a query for the number of rows of a relation."""
    return f"SELECT count(*) FROM {quoted(relation)} WHERE {where}"


# --- counting

# Rows whose join fits: four text columns of 2.5 million rows are some 300 MiB of hash table.
ROWS_IN_A_SLICE = 2_500_000
_NARROWER = 4  # times as many where one key is grouped by itself
_PART = "<<part"
_WEIGHT = quoted("(weight)")  # no check is called so


@dataclass(frozen=True)
class Counts:
    """Elements looked at, those that break the rule, those it does not apply to."""

    elements: int
    unexpected: int
    missing: int

    def __add__(self, other: "Counts") -> "Counts":
        """Both together."""
        return Counts(
            self.elements + other.elements,
            self.unexpected + other.unexpected,
            self.missing + other.missing,
        )


def row_count(con: "duckdb.DuckDBPyConnection", relation: str) -> int:
    """Return the number of rows of a relation."""
    return _number(con, rows(relation), "rows")


def slices(rows: int) -> int:
    """Return in how many slices a relation of so many rows is joined or grouped."""
    return max(1, -(-rows // ROWS_IN_A_SLICE))


@dataclass(frozen=True)
class InStep:
    """Relations in the same order of a key, read once, part by part: a slice reads all of them anew.

    Nobody trusts the order. What is counted part by part is only believed where no key is in two parts: every row was in some
    part, the relation ``once`` has no key twice, and the others have none that it lacks in the same part. Slices count otherwise.

    Attributes:
        key: the column by which they are brought together.
        once: the relation in which it is a key.
        parts: makes their parts by the relations' names; those of one place together.
    """

    key: str
    once: str
    parts: Callable[[], Iterator[Mapping[str, "pa.Table"]]]

    def strangers(self, name: str) -> str:
        """Return the query for the number of a relation's rows whose key the one that has each once lacks."""
        theirs, ours = (f"(SELECT {quoted(self.key)} FROM {quoted(n)})" for n in (name, self.once))
        return f"SELECT count(*) FROM {theirs} ANTI JOIN {ours} USING ({quoted(self.key)})"


def count_rows(
    con: "duckdb.DuckDBPyConnection",
    relation: str,
    checks: Sequence[Check],
    rows: int,
    in_step: InStep | None = None,
) -> dict[str, Counts]:
    """Count all row checks, in one aggregate for each thing they are over.

    Raises:
        CountingBroke: DuckDB refused the aggregate.
    """
    counted: dict[str, Counts] = {}
    groups = [
        [c for c in checks if (c.over, c.weight) == source]
        for source in dict.fromkeys((c.over, c.weight) for c in checks)
    ]
    parted = [alike for alike in groups if _PART in str(alike[0].over)]
    if in_step and parted and slices(rows) > 1:
        counted = _count_in_step(con, relation, parted, in_step)
    for alike in groups:
        if alike[0].id not in counted:
            counted |= _aggregate(con, relation, alike, slices(rows))
    return counted


def _count_in_step(
    con: "duckdb.DuckDBPyConnection", relation: str, groups: Sequence[Sequence[Check]], of: InStep
) -> dict[str, Counts]:
    """The counts of parts together; none where they prove nothing of the whole."""
    seen, counted = dict[str, int](), dict[str, Counts]()
    (threads,) = con.execute("SELECT current_setting('threads')").fetchall()[0]
    parts = of.parts()
    while True:
        with guarded(CountingBroke, checks=len(groups)):
            tables = next(parts, None)
        if tables is None:
            break
        with connect(int(threads)) as part:
            for name, table in tables.items():
                part.register(name, table)
                seen[name] = seen.get(name, 0) + table.num_rows
            if any(_number(part, of.strangers(name), "parts") for name in tables):
                return {}
            found = {k: v for g in groups for k, v in _aggregate(part, relation, g, 1).items()}
        counted = {k: v + counted.get(k, Counts(0, 0, 0)) for k, v in found.items()}
    if not seen or seen != {name: row_count(con, name) for name in seen}:
        return {}
    alone = slices(seen[of.once] // _NARROWER)
    again = _number(con, duplicates(of.once, (of.key,)), "parts", alone)
    return {} if again else counted


# How much there is, and for a check's boolean how much of it is true and how much is missing. As sums of one
# pass: DuckDB cuts the rows of each FILTER apart, which takes three times as long for a few and more for many.
_ROWS = "count(*)", "count(nullif({0}, false)), count(*) - count({0})"
_WEIGHED = (
    f"coalesce(sum({_WEIGHT}), 0)::BIGINT",
    ", ".join(
        f"coalesce(sum(CASE WHEN {which} THEN {_WEIGHT} END), 0)::BIGINT"
        for which in ("{0}", "{0} IS NULL")
    ),
)


def _aggregate(
    con: "duckdb.DuckDBPyConnection", relation: str, checks: Sequence[Check], parts: int
) -> dict[str, Counts]:
    total, pair = _WEIGHED if checks[0].weight else _ROWS
    sums = ", ".join(pair.format(quoted(c.id)) for c in checks)
    query = f"SELECT {total}, {sums} FROM ({marked(relation, checks)})"
    with guarded(CountingBroke, checks=len(checks)):
        answers = [con.execute(part).fetchall()[0] for part in sliced(query, parts)]
    (whole, *pairs) = map(sum, zip(*answers, strict=True))
    return {
        c.id: Counts(int(whole), int(pairs[2 * i]), int(pairs[2 * i + 1]))
        for i, c in enumerate(checks)
    }


def count_whole(
    con: "duckdb.DuckDBPyConnection", relation: str, checks: Sequence[Check], rows: int
) -> dict[str, Counts]:
    """Count the checks that are about the whole relation, each by its own query, sliced by what it looks at.

    Raises:
        CountingBroke: A query failed or did not answer with one number from nought up.
    """
    return {c.id: _whole(con, relation, c, rows) for c in checks}


def mark_rows(
    con: "duckdb.DuckDBPyConnection", relation: str, checks: Sequence[Check]
) -> "pa.Table":
    """Return one boolean column for each row check: true where the row breaks it."""
    with guarded(CountingBroke, checks=len(checks)):
        return con.sql(marked(relation, checks)).to_arrow_table()


def marked(relation: str, checks: Sequence[Check]) -> str:
    """Return the query that turns rows into booleans, the common source of both forms."""
    columns = ", ".join(f"CAST(({c.row}) AS BOOLEAN) AS {quoted(c.id)}" for c in checks)
    source = checks[0].over or f"{quoted(relation)} AS r"
    weight = f", {checks[0].weight} AS {_WEIGHT}" if checks[0].weight else ""
    return f"SELECT {columns}{weight} FROM {source}"


def _whole(con: "duckdb.DuckDBPyConnection", relation: str, check: Check, rows: int) -> Counts:
    elements = (
        f"SELECT count(*) FROM {quoted(relation)}" if check.elements is None else check.elements
    )
    assert check.violations is not None
    looked_at = _number(con, elements, check.id, slices(rows))
    # of a large relation's few rows each slice would read the whole of it anew
    parts = slices(min(rows, looked_at))
    return Counts(looked_at, _number(con, check.violations, check.id, parts), 0)


def _number(con: "duckdb.DuckDBPyConnection", query: str | int, what: str, parts: int = 1) -> int:
    if isinstance(query, int):
        return query
    return sum(_one_number(con, part, what) for part in sliced(query, parts))


def _one_number(con: "duckdb.DuckDBPyConnection", query: str, what: str) -> int:
    with guarded(CountingBroke, check=what):
        answer = con.execute(query).fetchall()
    if len(answer) != 1 or not isinstance(answer[0][0], int) or answer[0][0] < 0:
        raise CountingBroke(check=what)
    return answer[0][0]
