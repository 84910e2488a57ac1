"""Two tables of text into two sides of integer arrays, coded together."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from matching.arrow import EMPTY, array, pc
from matching.arrow import column as arrow_column
from matching.columns import STANDARD
from matching.errors import BadTable
from matching.normalise import address, dates, names, numbers
from matching.normalise.streets import house_and_street
from matching.normalise.vocabulary import (
    MISSING,
    Codes,
    Dictionary,
    NameParts,
    Vocabulary,
    name_parts,
)

Ints = npt.NDArray[np.int64]
Normalise = Callable[[str], str]
_SEXES = {"m": 1, "male": 1, "1": 1, "f": 2, "female": 2, "2": 2, "x": 3, "nonbinary": 3}
_SUFFIXES = {"jr": 1, "sr": 2, "ii": 3, "iii": 4, "iv": 5, "v": 6}


@dataclass(frozen=True)
class Side:
    """The rows of one table as integers; -1 is missing (0 for birth, sex and suffix)."""

    rows: int
    first: Codes
    middle: Codes
    last: Codes
    suffix: Codes
    birth: Codes  # yyyymmdd
    sex: Codes
    ssn: Ints
    ssn4: Ints
    licence: Ints
    phone: Ints
    house: Ints  # house number
    street: Codes
    city: Codes
    zip: Ints
    county: Codes

    def take(self, rows: npt.NDArray[np.signedinteger[Any]]) -> "Side":
        """The same columns for some rows."""
        columns = {f.name: getattr(self, f.name)[rows] for f in fields(self) if f.name != "rows"}
        return replace(self, rows=len(rows), **columns)

    def cut(self, start: int, stop: int) -> "Side":
        """The same columns for the rows from ``start`` to ``stop``, without copying."""
        columns = {
            f.name: getattr(self, f.name)[start:stop] for f in fields(self) if f.name != "rows"
        }
        return replace(self, rows=min(stop, self.rows) - start, **columns)

    def arrays(self) -> list[npt.NDArray[np.int64]]:
        """All columns, widened to one type."""
        return [getattr(self, f.name).astype(np.int64) for f in fields(self) if f.name != "rows"]


@dataclass(frozen=True)
class Encoded:
    """Both sides, the vocabularies behind their codes, and what did not parse."""

    cohort: Side
    records: Side
    names: Vocabulary
    parts: NameParts
    streets: Vocabulary
    places: Vocabulary
    columns: tuple[str, ...]  # standard columns that both sides have
    unparsable: dict[str, dict[str, int]]  # side → column → values


def encode(cohort: pa.Table, records: pa.Table | None) -> Encoded:
    """Code both tables together; with ``records=None`` the cohort is both sides.

    Raises:
        BadTable: a standard column is not text.
    """
    other = cohort if records is None else records
    for table in (cohort, other):
        wrong = [c for c in STANDARD if c in table.column_names and not _is_text(table[c].type)]
        if wrong:
            raise BadTable(columns=wrong)
    both = tuple(c for c in STANDARD if c in cohort.column_names and c in other.column_names)
    words = _Words(Vocabulary(), Vocabulary(), Vocabulary())
    unparsable: dict[str, dict[str, int]] = {"cohort": {}, "records": {}}
    left = _side(cohort, both, words, unparsable["cohort"])
    right = left if records is None else _side(records, both, words, unparsable["records"])
    unparsable = {side: dict(sorted(lost.items())) for side, lost in unparsable.items()}
    parts = name_parts(words.names)
    return Encoded(left, right, words.names, parts, words.streets, words.places, both, unparsable)


@dataclass(frozen=True)
class _Words:
    names: Vocabulary
    streets: Vocabulary
    places: Vocabulary


def _side(table: pa.Table, columns: tuple[str, ...], words: _Words, bad: dict[str, int]) -> Side:
    def column(name: str) -> pa.ChunkedArray:
        if name not in columns:
            return pa.chunked_array([pa.nulls(table.num_rows, pa.string())])
        return pc.cast(table[name], pa.string())

    def text(name: str, how: Normalise, vocabulary: Vocabulary) -> Codes:
        found = column(name)
        if found.null_count == len(found):
            return np.full(len(found), MISSING, np.int32)
        values = Dictionary.of(found)
        codes = values.coded(vocabulary.codes(map(how, values.values)))
        if lost := values.lost(codes):
            bad[name] = lost
        return codes

    def number(name: str, read: Callable[[pa.ChunkedArray], Ints]) -> Ints:
        found = column(name)
        present = np.flatnonzero(_present(found))
        values = np.full(len(found), MISSING, np.int64)
        if len(present):
            values[present] = read(found.take(arrow_column(present)))
        if lost := len(present) - int(np.count_nonzero(values[present] != MISSING)):
            bad[name] = lost
        return values

    # Arrow's and numpy's work goes on beside Python's.
    with ThreadPoolExecutor(1) as other:
        licence = other.submit(number, "driver_license", numbers.licence)
        phone = other.submit(number, "phone", numbers.telephone)
        zips = other.submit(number, "zip", numbers.zip_code)
        ssn = other.submit(_social_security, column("ssn"), bad)
        street = other.submit(house_and_street, column("street"))
        last_name = Dictionary.of(column("last_name"))
        last = last_name.coded(words.names.codes(map(names.last_name, last_name.values)))
        if lost := last_name.lost(last):
            bad["last_name"] = lost
        first = text("first_name", names.first_name, words.names)
        middle = text("middle_name", names.first_name, words.names)
        suffix = _suffix(column("name_suffix"), last_name)
        birth = _birth(column("birth_date"), bad)
        house, streets = street.result()
        return Side(
            rows=table.num_rows,
            first=first,
            middle=middle,
            last=last,
            suffix=suffix,
            birth=birth,
            sex=_sex(column("sex"), bad),
            ssn=ssn.result()[0],
            ssn4=ssn.result()[1],
            licence=licence.result(),
            phone=phone.result(),
            house=house,
            street=streets.coded(words.streets.codes(map(address.street_name, streets.values))),
            city=text("city", address.place_name, words.places),
            zip=zips.result(),
            county=text("county", address.place_name, words.places),
        )


def _birth(column: pa.ChunkedArray, bad: dict[str, int]) -> Codes:
    values = Dictionary.of(column)
    day_first = dates.day_first(values.values)
    codes = values.coded([dates.birth_date(text, day_first) for text in values.values], 0)
    if lost := values.lost(codes, 0):
        bad["birth_date"] = lost
    return codes


def _sex(column: pa.ChunkedArray, bad: dict[str, int]) -> Codes:
    values = Dictionary.of(column)
    codes = values.coded([_SEXES.get(names.fold(text), 0) for text in values.values], 0)
    if lost := values.lost(codes, 0):
        bad["sex"] = lost
    return codes


def _suffix(column: pa.ChunkedArray, last: Dictionary) -> Codes:
    values = Dictionary.of(column)
    own = values.coded([_SUFFIXES.get(names.suffix(t), 0) for t in values.values], 0)
    inside = last.coded(
        [0 if t.isalpha() else _SUFFIXES.get(names.suffix_in(t), 0) for t in last.values], 0
    )
    return np.where(own > 0, own, inside)


def _social_security(column: pa.ChunkedArray, bad: dict[str, int]) -> tuple[Ints, Ints]:
    number, last_four = (np.full(len(column), MISSING, np.int64) for _ in range(2))
    present = np.flatnonzero(_present(column))
    if len(present):
        read = numbers.social_security(column.take(arrow_column(present)))
        number[present], last_four[present] = read
        if lost := int(np.count_nonzero(read[1] == MISSING)):
            bad["ssn"] = lost
    return number, last_four


def _present(column: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    text = pc.utf8_trim_whitespace(pc.fill_null(column, EMPTY))
    return array(pc.not_equal(text, EMPTY))


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind)
