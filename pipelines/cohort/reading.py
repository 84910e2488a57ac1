"""A researcher's cohort file: read once, checked, and brought to standard columns.

The values stay exactly as the researcher wrote them. Only what makes the whole file useless is an
error; a bad value keeps its row. Where it can't be what its column says it makes the row useless: the
researcher should hear "not attempted", not "no order". Such a row is known by its number and a code,
never by a value. The shape of a number is only a warning (expectations).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa

from extracts.rows import compute as pc
from matching.errors import DuplicateIds, MissingIdColumn, MissingIds
from matching.findings import Finding
from matching.headers import other_sheets, recognised
from matching.ids import damaged_ids
from matching.normalise import birth_dates
from matching.tables import IDENTIFYING, STANDARD, ColumnMap
from pipelines.cohort.errors import CohortColumnsUnknown, CohortHasNoIdentifier
from systems.tabular import DEFAULT, Limits, read_table

ID = "cohort_id"
_ROWS = 1 << 18  # of a part
Parts = Callable[[Sequence[str]], Iterable[pa.Table]]  # a cohort's columns, part by part

_LONGEST = 200  # characters; a longer value is not a name, a number or an address
_OLDEST = 120  # years
_CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
_TEXT = pa.string()


@dataclass(frozen=True)
class Cohort:
    """A cohort in standard columns.

    Attributes:
        table: ``row_number`` (int64, from 1), ``row_id`` and standard columns, texts as given.
        digest: keyed digest of the file's bytes and of the column map.
        file: keyed digest of the bytes alone.
        findings: what must be said of how it was read.
    """

    table: pa.Table
    digest: str
    file: str
    findings: tuple[Finding, ...] = ()

    @property
    def rows(self) -> int:
        """Number of data rows."""
        return self.table.num_rows

    def parts(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        """Some columns, part by part."""
        for start in range(0, max(self.rows, 1), _ROWS):
            yield self.table.select(list(columns)).slice(start, _ROWS)


@dataclass(frozen=True)
class CohortFile:
    """A cohort's file as read.

    Attributes:
        table: in standard columns; see ``Cohort``.
        columns: what its user said of its columns, and what its headers leave no doubt about.
        findings: what must be said of how it was read.
    """

    table: pa.Table
    columns: ColumnMap
    findings: tuple[Finding, ...]


def read_cohort(
    path: Path, columns: ColumnMap, sheet: str | None = None, limits: Limits = DEFAULT
) -> CohortFile:
    """Read a cohort file whatever its form, and bring it to standard columns.

    Args:
        path: the researcher's file.
        columns: what its columns are called.
        sheet: of a workbook; the first otherwise.
        limits: what the file may be, and what reading it may take.

    Raises:
        CodedError: everything that makes the file unusable (exit 6); see ``systems.tabular`` for
            what can be wrong with a file, and the errors of this module and of ``matching``.
    """
    given = read_table(path, role="cohort", sheet=sheet, limits=limits)
    names = given.table.column_names
    columns, findings = recognised(names, columns, "cohort", columns.theirs(ID, "cohort"))
    doubtful = [one.column for one in findings if one.code != "column_taken"]
    ids = columns.theirs(ID, "cohort")
    damaged = list(damaged_ids(given.table[ids], "cohort")) if ids in names else []
    table = standardised(given.table, columns, doubtful)
    sheets = other_sheets("cohort", given.other_sheets)
    return CohortFile(table, columns, (*findings, *sheets, *damaged))


def standardised(given: pa.Table, columns: ColumnMap, doubtful: Sequence[str] = ()) -> pa.Table:
    """Check ids and columns, and rename to the standard; ``doubtful`` columns are said where some are unknown.

    Raises:
        MissingIdColumn, MissingIds, DuplicateIds, UnmappedSource: by row number and column.
        CohortColumnsUnknown: columns that nobody mapped, by position.
        CohortHasNoIdentifier: nothing in it tells people apart.
    """
    if columns.theirs(ID, "cohort") not in given.column_names:
        raise MissingIdColumn(table="cohort", column=ID, columns_in_the_file=given.num_columns)
    if unknown := columns.unknown(given, "cohort", allowed=(ID,)):
        perhaps = {"perhaps": doubtful} if doubtful else {}
        raise CohortColumnsUnknown(positions=unknown, **perhaps)
    table = columns.apply(given, "cohort")
    _check_ids(table[ID])
    present = [name for name in STANDARD if name in table.column_names]
    if not set(present) & set(IDENTIFYING):
        raise CohortHasNoIdentifier
    numbers = pa.array(range(1, table.num_rows + 1), pa.int64())
    return pa.table(
        {"row_number": numbers, "row_id": table[ID]} | {name: table[name] for name in present}
    )


def _check_ids(ids: pa.ChunkedArray) -> None:
    blank = pc.fill_null(pc.equal(pc.utf8_trim_whitespace(ids), ""), fill_value=True)
    if missing := _rows(blank):
        raise MissingIds(table="cohort", rows=missing)
    counted = pc.value_counts(ids)
    twice = counted.filter(pc.greater(pc.struct_field(counted, "counts"), 1))
    if len(twice):
        again = pc.is_in(ids, value_set=pc.struct_field(twice, "values"))
        raise DuplicateIds(table="cohort", rows=_rows(again))


def _rows(mask: pa.ChunkedArray) -> list[int]:
    return [int(i) + 1 for i in pc.indices_nonzero(mask).to_pylist()]


def unusable_rows(parts: Parts, columns: Sequence[str], on: date) -> pa.Table:
    """The rows that can't be attempted: ``row_number``, ``code``, by their number; the first reason only.

    Args:
        parts: makes the cohort's parts with the columns asked for; asked twice, since what a date
            means depends on the whole column.
        columns: all of the cohort's.
        on: a birth date after this day is impossible.
    """
    present = [name for name in STANDARD if name in columns]
    impossible = _impossible(parts, on) if "birth_date" in present else None
    found: list[pa.Table] = []
    for part in parts(["row_number", *present]):
        codes = _codes(part, present, impossible)
        bad = pc.is_valid(codes)
        rows = pa.table({"row_number": part["row_number"], "code": codes})
        found.append(rows.filter(bad))
    return pa.concat_tables(found)


def _codes(part: pa.Table, present: Sequence[str], impossible: pa.Array | None) -> pa.Array:
    codes: pa.Array = pa.nulls(part.num_rows, _TEXT)

    def mark(mask: pa.ChunkedArray, code: str) -> None:
        nonlocal codes
        new = pc.and_(pc.is_null(codes), mask)
        codes = pc.if_else(new, pa.scalar(code, _TEXT), codes)

    for name in present:
        text = pc.fill_null(part[name], "")
        long = pc.greater(pc.utf8_length(text), _LONGEST)
        mark(pc.or_(long, pc.match_substring_regex(text, _CONTROL)), f"unusable_{name}")
    if impossible is not None:
        mark(pc.is_in(part["birth_date"], value_set=impossible), "impossible_birth_date")
    nobody = pa.repeat(True, part.num_rows)
    for name in present:
        if name in IDENTIFYING:
            nobody = pc.and_(nobody, pc.is_null(part[name]))
    mark(nobody, "no_identifier")
    return codes


def _impossible(parts: Parts, on: date) -> pa.Array:
    """Given, but no date, no day of the calendar, in the future, or too long ago."""
    seen = pa.chunked_array(
        [pc.unique(part["birth_date"]) for part in parts(["birth_date"])], _TEXT
    )
    distinct = [text for text in pc.unique(seen).to_pylist() if text and text.strip()]
    read = zip(distinct, birth_dates(distinct), strict=True)
    bad = [text for text, number in read if not _possible(number, on)]
    return pa.array(bad, _TEXT)


def _possible(number: int, on: date) -> bool:
    year, month, day = number // 10_000, number // 100 % 100, number % 100
    if not on.year - _OLDEST <= year <= on.year:
        return False
    try:
        return date(year, month or 1, day or 1) <= on
    except ValueError:
        return False
