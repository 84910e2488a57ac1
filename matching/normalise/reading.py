"""One table of text, read: numbers as integers, distinct texts numbered in the order of the whole column.

A side comes in batches, so that its text is never in memory as a whole, and the size of the batches can't change a result. What a
text means is for `matching.normalise.encoding`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from matching.arrays import MUCH, blank, give_back, in_threads, prefetch
from matching.arrow import EMPTY, Bools, Ints, array, filled, pc
from matching.arrow import column as arrow_column
from matching.arrow import texts as made_texts
from matching.normalise import addresses, names, numbers
from matching.normalise.unread import Tally, Unread, says_something
from matching.normalise.vocabulary import (
    MISSING,
    Dictionary,
)

Values = npt.NDArray[Any]

BATCH = 1 << 18  # rows worked at a time: some 40 MB of text

TEXTS: Final = (
    "last_name", "first_name", "middle_name", "name_suffix", "birth_date", "sex", "street", "city", "county",
)  # fmt: skip

# may come as dictionaries
DICTIONARY_COLUMNS: Final = tuple(name for name in TEXTS if name != "street")

READERS: Final[dict[str, Callable[[pa.ChunkedArray], Ints]]] = {
    "driver_license": numbers.licence, "phone": numbers.telephone, "zip": numbers.zip_code,
}  # fmt: skip

NUMBERS: Final = (*READERS, "ssn")

# standard columns that a linkage looks at
READ_COLUMNS: Final = frozenset({*TEXTS, *NUMBERS})

_NOTHING: Final = made_texts(sorted(names.EMPTY))

NUMBER_TYPES: Final = {"zip": np.int32, "ssn": np.int32, "ssn4": np.int16, "house": np.int32}


@dataclass(frozen=True)
class EncodingInput:
    """A side before its texts are normalised."""

    rows: int
    as_given: pa.Table  # the columns that a linkage needs as they are: ids, groups of the report
    numbers: dict[str, Values]  # driver_license, phone, zip, ssn, ssn4, house; -1 is missing
    texts: dict[str, Dictionary]
    unread: dict[str, Unread]  # of each column of numbers that was read
    exact: dict[str, pa.ChunkedArray] = field(default_factory=dict[str, pa.ChunkedArray])


def read_input(
    batches: Iterable[pa.Table],
    columns: Iterable[str],
    keep: Iterable[str],
    threads: int | None,
    exact: Sequence[str] = (),
    *,
    passing: bool = False,
) -> EncodingInput:
    """Read a side.

    Args:
        batches: parts of one table, at least one.
        columns: the standard columns to read; the others are missing.
        keep: columns to hand on as they are.
        threads: how many to use.
        exact: columns of the user's own.
        passing: the batches are nobody else's: their memory is to serve the next ones.
    """
    wanted, as_given = frozenset(columns), list(keep)
    parts: list[pa.Table] = []
    found: dict[str, list[Any]] = {}
    unread: dict[str, list[Unread]] = {}
    rows = 0
    for batch in prefetch(batches):
        parts.append(_kept(batch.select(as_given)) if passing else batch.select(as_given))
        jobs = [*(name for name in (*NUMBERS, *TEXTS) if name in wanted), *exact]
        made_of = partial(_read, batch, passing=passing)
        for made in in_threads(made_of, jobs, threads):
            for name, values in made.values.items():
                found.setdefault(name, []).append(values)
            if made.unread:
                unread.setdefault(made.name, []).append(made.unread.behind(rows))
        rows += batch.num_rows
    read = {name: _joined(found.pop(name, []), name, rows) for name in (*NUMBERS, "ssn4", "house")}

    def put_together(name: str) -> Dictionary:
        give_back(MUCH)  # what the parts of other columns had
        return Dictionary.joined(found.pop(name, []), rows)

    texts = in_threads(put_together, TEXTS, threads, ahead=1)
    return EncodingInput(
        rows,
        pa.concat_tables(parts),
        read,
        dict(zip(TEXTS, texts, strict=True)),
        {name: Unread.joined(of) for name, of in unread.items()},
        {
            name: pa.chunked_array(c for made in found.pop(name) for c in made.chunks)
            for name in exact
        },
    )


def batches_of(table: pa.Table) -> Iterator[pa.Table]:
    """A table in batches; one of no rows where it has none."""
    for start in range(0, max(table.num_rows, 1), BATCH):
        yield table.slice(start, BATCH)


@dataclass(frozen=True)
class _Read:
    name: str
    values: dict[str, Any]
    unread: Unread | None = None


def _kept(table: pa.Table) -> pa.Table:
    """Columns in memory of their own: what they came in would stay as a whole for the least of them."""
    columns = [pa.chunked_array(map(_copied, c.chunks), c.type) for c in table.columns]
    return pa.Table.from_arrays(columns, names=table.column_names)


def _copied(values: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(values.type):
        both = values.indices, values.dictionary
        return pa.DictionaryArray.from_arrays(*map(_copied, both))
    return pa.concat_arrays([values, values.slice(0, 0)])


def _read(batch: pa.Table, name: str, *, passing: bool) -> _Read:
    column = batch[name]
    if pa.types.is_dictionary(column.type):
        return _Read(name, {name: _kept(batch.select([name]))[0] if passing else column})
    column = pc.cast(column, pa.string())
    if name == "street":
        house, rest = addresses.house_and_street(column)
        return _Read(name, {"house": house.astype(np.int32), "street": rest.dictionary_encode()})
    if name in TEXTS:
        return _Read(name, {name: column.dictionary_encode()})
    if name not in READ_COLUMNS:  # the user's own: case, blanks and punctuation are noise
        bare = pc.replace_substring_regex(pc.utf8_lower(column), r"[^\p{L}\p{N}]+", "")
        return _Read(name, {name: pc.if_else(pc.is_in(bare, value_set=_NOTHING), EMPTY, bare)})
    column = numbers.whole_numbers(column)
    if name == "ssn":
        whole, last_four = numbers.social_security(column)
        read = {"ssn": whole, "ssn4": last_four}
    else:
        last_four = READERS[name](column)
        read = {name: last_four}
    values = {k: v.astype(NUMBER_TYPES.get(k, np.int64), copy=False) for k, v in read.items()}
    return _Read(name, values, _unread(column, last_four == MISSING))


def _unread(column: pa.ChunkedArray, missing: Bools) -> Unread:
    """Which values are no number."""
    written = array(filled(pc.binary_length(column))) > 0
    here = np.flatnonzero(missing & written)
    if not len(here):
        return Unread(here, np.empty(0, np.bool_))
    bad = column.take(arrow_column(here))
    full = np.flatnonzero(~blank(bad))
    values = Dictionary.of(bad.take(arrow_column(full)))
    told = np.array([*map(says_something, values.values), False], np.bool_)
    return Unread(here[full], told[values.indices])


def tallied(given: EncodingInput, padded: bool | None) -> dict[str, Tally]:
    """How many numbers of each column are given, and how many are none; last four digits are settled."""
    tallies: dict[str, Tally] = {}
    whole, last_four = given.numbers["ssn"], given.numbers["ssn4"]
    for name, unread in given.unread.items():
        read = last_four if name == "ssn" else given.numbers[name]
        lost, told = len(unread.rows), int(unread.told.sum())
        tallies[name] = Tally(int(np.count_nonzero(read != MISSING)) + lost, lost, told)
    if "ssn" in tallies:
        short = int(np.count_nonzero(last_four < MISSING))
        given.numbers["ssn4"], many = numbers.settled(whole, last_four, padded)
        tallies["ssn"] += Tally(0, short - many, short - many, many)
    return tallies


def missing_numbers(name: str, rows: int) -> Values:
    """A column of numbers that nobody has."""
    return np.full(rows, MISSING, NUMBER_TYPES.get(name, np.int64))


def _joined(parts: list[Values], name: str, rows: int) -> Values:
    if not parts:
        return missing_numbers(name, rows)
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
