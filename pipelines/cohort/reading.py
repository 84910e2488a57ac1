"""A researcher's cohort file: checked, and brought to standard columns.

The values stay exactly as the researcher wrote them. Only what makes the whole file useless is an
error; a bad value keeps its row. Where it can't be what its column says it makes the row useless: the
researcher should hear "not attempted", not "no order". Such a row is known by its number and a code,
never by a value. The shape of a number is only a warning (expectations).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pyarrow as pa

from extracts.rows import compute as pc
from matching.arrays import in_threads, number_ids, prefetch
from matching.errors import DuplicateIds, MissingIdColumn, MissingIds
from matching.findings import Finding
from matching.headers import other_sheets, recognised
from matching.ids import damaged_ids
from matching.normalise import birth_dates
from matching.tables import IDENTIFYING, STANDARD, ColumnMap
from pipelines.cohort.errors import CohortColumnsUnknown, CohortHasNoIdentifier
from systems.errors import TableWithoutRows
from systems.tabular import DEFAULT, Limits, Source, Stream, stream_texts

ID = "cohort_id"
Parts = Callable[[Sequence[str]], Iterable[pa.Table]]  # a cohort's columns, part by part

_LONGEST = 200  # characters; a longer value is not a name, a number or an address
_OLDEST = 120  # years
_CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
_TEXT = pa.string()


@dataclass(frozen=True)
class CohortFile:
    """A cohort's file, opened: in standard columns, read part by part as often as asked.

    Attributes:
        given: the file's own table.
        theirs: of ``row_id`` and the standard columns that it has, what they are called there.
        columns: what its user said of its columns, and what its headers leave no doubt about.
        findings: what must be said of how it was read.
    """

    given: Stream
    theirs: Mapping[str, str]
    columns: ColumnMap
    findings: tuple[Finding, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """``row_number`` (int64, from 1), ``row_id`` and standard columns, texts as given."""
        return ("row_number", *self.theirs)

    @property
    def rows(self) -> int:
        """Number of data rows."""
        return self.given.rows

    def parts(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        """Some columns, part by part."""
        before, texts = 0, [name for name in columns if name != "row_number"]
        for part in self.given.parts([self.theirs[name] for name in texts]):
            numbers = np.arange(before + 1, before + part.num_rows + 1, dtype=np.int64)
            before += part.num_rows
            named = part.rename_columns(texts)
            yield named.append_column("row_number", pa.array(numbers)).select(list(columns))

    def read(self) -> pa.Table:
        """All of it."""
        return pa.concat_tables(self.parts(self.names))


def read_cohort(
    path: Source, columns: ColumnMap, sheet: str | None = None, limits: Limits = DEFAULT
) -> CohortFile:
    """Open a cohort file whatever its form, check it, and bring it to standard columns.

    CSV is never in memory as a whole; other forms are.

    Args:
        path: the researcher's file; there as long as parts of it are asked for.
        columns: what its columns are called.
        sheet: of a workbook; the first otherwise.
        limits: what the file may be, and what reading it may take.

    Raises:
        CodedError: everything that makes the file unusable (exit 6); see ``systems.tabular`` for
            what can be wrong with a file, and the errors of this module and of ``matching``.
    """
    given = stream_texts(path, role="cohort", sheet=sheet, limits=limits)
    if not given.rows:
        raise TableWithoutRows(file="cohort")
    columns, findings = recognised(given.names, columns, "cohort", columns.theirs(ID, "cohort"))
    doubtful = [one.column for one in findings if one.code != "column_taken"]
    ids = _ids(given, columns.theirs(ID, "cohort"))
    damaged = () if ids is None else damaged_ids(ids, "cohort")
    sheets = other_sheets("cohort", given.other_sheets)
    said = (*findings, *sheets, *damaged)
    return replace(standardised(given, columns, ids, doubtful), findings=said)


def _ids(given: Stream, name: str) -> pa.ChunkedArray | None:
    """The ids, the one column that is needed whole; None where there is none."""
    if name not in given.names:
        return None
    parts = [part[name] for part in given.parts([name])]
    return pa.chunked_array([chunk for part in parts for chunk in part.chunks], _TEXT)


def standardised(
    given: Stream, columns: ColumnMap, ids: pa.ChunkedArray | None, doubtful: Sequence[str] = ()
) -> CohortFile:
    """Check ids and columns, and rename to the standard; ``doubtful`` columns are said where some are unknown.

    Raises:
        MissingIdColumn, MissingIds, DuplicateIds, UnmappedSource: by row number and column.
        CohortColumnsUnknown: columns that nobody mapped, by position.
        CohortHasNoIdentifier: nothing in it tells people apart.
    """
    if ids is None:
        raise MissingIdColumn(table="cohort", column=ID, columns_in_the_file=len(given.names))
    own = pa.table({name: [name] for name in given.names})  # to follow names through the map
    if unknown := columns.unknown(own, "cohort", allowed=(ID,)):
        perhaps = {"perhaps": doubtful} if doubtful else {}
        raise CohortColumnsUnknown(positions=unknown, **perhaps)
    named = columns.apply(own, "cohort").to_pylist()[0]
    _check_ids(ids)
    present = [name for name in STANDARD if name in named]
    if not set(present) & set(IDENTIFYING):
        raise CohortHasNoIdentifier
    return CohortFile(given, {"row_id": named[ID]} | {n: named[n] for n in present}, columns)


def _check_ids(ids: pa.ChunkedArray) -> None:
    blank = pc.fill_null(pc.equal(pc.utf8_trim_whitespace(ids), ""), fill_value=True)
    if missing := _rows(blank):
        raise MissingIds(table="cohort", rows=missing)
    if len(number_ids(ids)[1]) == len(ids):
        return
    counted = pc.value_counts(ids)
    twice = counted.filter(pc.greater(pc.struct_field(counted, "counts"), 1))
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
    for part in prefetch(parts(["row_number", *present])):
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

    def unusable(name: str) -> pa.ChunkedArray:
        text = pc.fill_null(part[name], "")
        long = pc.greater(pc.utf8_length(text), _LONGEST)
        return pc.or_(long, pc.match_substring_regex(text, _CONTROL))

    for name, mask in zip(present, in_threads(unusable, present, None), strict=True):
        mark(mask, f"unusable_{name}")
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
