"""Two tables of text into two sides of integer arrays, coded together."""

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from matching.arrow import pc
from matching.columns import STANDARD
from matching.errors import BadTable
from matching.normalise import address, dates, names, numbers
from matching.normalise.vocabulary import (
    MISSING,
    Codes,
    NameParts,
    Vocabulary,
    dictionary,
    encode_column,
    name_parts,
)

Ints = npt.NDArray[np.int64]
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

    def text(name: str, how: object, vocabulary: Vocabulary) -> Codes:
        codes, empty = encode_column(column(name), how, vocabulary)  # type: ignore[arg-type]
        if empty:
            bad[name] = empty
        return codes

    def number(name: str, values: Ints) -> Ints:
        present = _present(column(name))
        if lost := int(np.count_nonzero(present & (values == MISSING))):
            bad[name] = lost
        return values

    ssn, ssn4 = numbers.social_security(column("ssn"))
    number("ssn", ssn4)
    house, street = _street(column("street"), words.streets)
    return Side(
        rows=table.num_rows,
        first=text("first_name", names.first_name, words.names),
        middle=text("middle_name", names.first_name, words.names),
        last=text("last_name", names.last_name, words.names),
        suffix=_suffix(column("name_suffix"), column("last_name")),
        birth=_birth(column("birth_date"), bad),
        sex=_sex(column("sex"), bad),
        ssn=ssn,
        ssn4=ssn4,
        licence=number("driver_license", numbers.licence(column("driver_license"))),
        phone=number("phone", numbers.telephone(column("phone"))),
        house=house,
        street=street,
        city=text("city", address.place_name, words.places),
        zip=number("zip", numbers.zip_code(column("zip"))),
        county=text("county", address.place_name, words.places),
    )


def _birth(column: pa.ChunkedArray, bad: dict[str, int]) -> Codes:
    indices, distinct = dictionary(column)
    day_first = dates.day_first(distinct)
    table = np.array([dates.birth_date(text, day_first) for text in distinct] + [0], np.int32)
    codes = table[indices]
    if lost := int(np.count_nonzero((codes == 0) & (indices >= 0))):
        bad["birth_date"] = lost
    return codes


def _sex(column: pa.ChunkedArray, bad: dict[str, int]) -> Codes:
    indices, distinct = dictionary(column)
    table = np.array([_SEXES.get(names.fold(text), 0) for text in distinct] + [0], np.int32)
    codes = table[indices]
    if lost := int(np.count_nonzero((codes == 0) & (indices >= 0))):
        bad["sex"] = lost
    return codes


def _suffix(column: pa.ChunkedArray, last: pa.ChunkedArray) -> Codes:
    indices, distinct = dictionary(column)
    own = np.array([_SUFFIXES.get(names.suffix(t), 0) for t in distinct] + [0], np.int32)[indices]
    indices, distinct = dictionary(last)
    inside = np.array([_SUFFIXES.get(names.suffix_in(t), 0) for t in distinct] + [0], np.int32)
    return np.where(own > 0, own, inside[indices])


def _street(column: pa.ChunkedArray, streets: Vocabulary) -> tuple[Ints, Codes]:
    text = pc.fill_null(column, "")
    leading = pc.extract_regex(text, r"^\s*(?P<n>\d{1,9})[A-Za-z]?(?:[-/]\d+)?(?:[\s,]|$)")
    number = pc.cast(pc.struct_field(leading, "n"), pa.int64())
    house = pc.fill_null(number, MISSING).to_numpy().astype(np.int64, copy=False)
    rest = pc.replace_substring_regex(text, address.NUMBER, "")
    street, _ = encode_column(rest, address.street_name, streets)
    return house, street


def _present(column: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    filled = pc.fill_null(column, "")
    return pc.not_equal(pc.utf8_trim_whitespace(filled), "").to_numpy().astype(np.bool_)


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind)
