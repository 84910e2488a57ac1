"""Rows of a cohort whose match is not attempted: told by their row number and a code, never by a value.

A value that can't be what its column says makes the row useless: the researcher should hear
"not attempted", not "no order". The shape of a number is only a warning (expectations).
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date

import pyarrow as pa

from extracts.records import compute as pc
from matching.normalise import birth_date, day_first
from matching.tables import IDENTIFYING, STANDARD

Parts = Callable[[Sequence[str]], Iterable[pa.Table]]  # a cohort's columns, part by part

_LONGEST = 200  # characters; a longer value is not a name, a number or an address
_OLDEST = 120  # years
_CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
_TEXT = pa.string()


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
    first = day_first(distinct)
    bad = [text for text in distinct if not _possible(birth_date(text, first), on)]
    return pa.array(bad, _TEXT)


def _possible(number: int, on: date) -> bool:
    year, month, day = number // 10_000, number // 100 % 100, number % 100
    if not on.year - _OLDEST <= year <= on.year:
        return False
    try:
        return date(year, month or 1, day or 1) <= on
    except ValueError:
        return False
