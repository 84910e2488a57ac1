"""A side as read, kept as two tables: records are read once and linked as often as there are cohorts.

What is kept is what stands before any text is normalised: numbers as integers, texts as the numbers of their distinct values. So it
depends on no word of the Department's own, and some of its rows are, value by value, what reading these rows alone would give.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa

from matching.arrow import Bools, Codes, array, column, filled, pc, texts
from matching.normalise.reading import NUMBERS, TEXTS, EncodingInput, missing_numbers
from matching.normalise.unread import Unread
from matching.normalise.vocabulary import MISSING, Dictionary, by_appearance

VERSION: Final = 1  # of the tables, and of what reading makes of a value; a test holds it to both
_UNREAD: Final = (
    "unread"  # two bits for each column of numbers: no number, and one that means something
)


def stored_tables(read: EncodingInput) -> tuple[pa.Table, pa.Table]:
    """A side as (rows, texts): the columns kept as given and all numbers; the texts of each column, by column."""
    names = [*read.as_given.column_names, *read.numbers, *TEXTS, _UNREAD]
    marks = np.zeros(read.rows, np.uint8)
    for place, name in enumerate(NUMBERS):
        if name in read.unread:
            known = read.unread[name]
            marks[known.rows] |= (1 + 2 * known.told.astype(np.uint8)) << np.uint8(2 * place)
    indices = [column(read.texts[name].indices) for name in TEXTS]
    numbers = map(column, read.numbers.values())
    rows = pa.Table.from_arrays(
        [*read.as_given.columns, *numbers, *indices, column(marks)], names=names
    )
    values = [read.texts[name].values for name in TEXTS]
    which = np.repeat(np.arange(len(TEXTS), dtype="i1"), [len(v) for v in values])
    whole = [text for of in values for text in of]
    return rows, pa.Table.from_arrays([column(which), texts(whole)], names=["column", "text"])


def stored_columns(columns: Iterable[str], keep: Sequence[str]) -> list[str]:
    """The columns of the rows' table that a linkage by these standard columns looks at."""
    wanted = frozenset(columns)
    return [*keep, *(n for c, of in _PARTS.items() if c in wanted for n in of), _UNREAD]


def read_stored(
    rows: pa.Table, texts: pa.Table, columns: Iterable[str], keep: Sequence[str]
) -> EncodingInput:
    """Chosen rows of a side that was kept, as ``read_input`` gives these rows by themselves.

    Args:
        rows: of the rows' table, in their order, with ``stored_columns``.
        texts: the texts' table.
        columns: standard columns to read; the others are missing.
        keep: columns to hand on as they are.
    """
    wanted = frozenset(columns)
    size, marks = rows.num_rows, array(rows[_UNREAD])
    numbers = {
        name: array(rows[name]) if of in wanted else missing_numbers(name, size)
        for of in (*NUMBERS, "street")
        for name in _PARTS[of]
        if name not in TEXTS
    }
    unread = {n: _unread(marks, place) for place, n in enumerate(NUMBERS) if n in wanted}
    ends = np.searchsorted(array(texts["column"]), np.arange(len(TEXTS) + 1))
    read = {
        name: _some(array(rows[name]), texts["text"].slice(ends[i], ends[i + 1] - ends[i]))
        if name in wanted
        else Dictionary(np.full(size, MISSING, np.int32), [])
        for i, name in enumerate(TEXTS)
    }
    return EncodingInput(size, rows.select(keep), numbers, read, unread)


def with_changes(
    before: tuple[pa.Table, pa.Table], kept: Bools, new: tuple[pa.Table, pa.Table], by: str
) -> tuple[pa.Table, pa.Table]:
    """A side that was kept, some of whose rows others have taken the place of: as all rows that are there now would be kept.

    Args:
        before: (rows, texts) as they were.
        kept: which of those rows are there still.
        new: (rows, texts) of the others; no value of ``by`` is among both.
        by: the column that rows are ordered by.
    """
    rows = pa.concat_tables([before[0].filter(pa.array(kept)), new[0]])
    many = int(kept.sum())
    indices, values = dict[str, Codes](), list[pa.Array]()
    for number, name in enumerate(TEXTS):
        old, more = (_texts_of(texts, number) for texts in (before[1], new[1]))
        place = array(filled(pc.index_in(more, value_set=old)))
        unknown = np.flatnonzero(place < 0)
        place[unknown] = len(old) + np.arange(len(unknown))
        table = np.append(place, np.int32(MISSING)).astype(np.int32)
        both = array(rows[name]).copy()
        both[many:] = table[both[many:]]
        indices[name] = both
        values.append(pa.concat_arrays([old, more.take(column(unknown))]))
    order = np.argsort(array(rows[by]), kind="stable")
    for number, name in enumerate(TEXTS):
        here, which = by_appearance(indices[name][order])
        indices[name], values[number] = here, values[number].take(column(which))
    rows = rows.take(column(order))
    columns = [column(indices[n]) if n in indices else rows[n] for n in rows.column_names]
    which = np.repeat(np.arange(len(TEXTS), dtype="i1"), [len(v) for v in values])
    told = pa.Table.from_arrays([column(which), pa.concat_arrays(values)], names=["column", "text"])
    return pa.Table.from_arrays(columns, names=rows.column_names), told


def _texts_of(texts: pa.Table, number: int) -> pa.Array:
    """The texts of one column."""
    begin, end = np.searchsorted(array(texts["column"]), [number, number + 1]).tolist()
    return texts["text"].slice(begin, end - begin).combine_chunks()


_PARTS: Final = {
    **{name: (name,) for name in (*NUMBERS, *TEXTS)}, "ssn": ("ssn", "ssn4"), "street": ("house", "street"),
}  # fmt: skip


def _unread(marks: Any, place: int) -> Unread:
    mine = marks >> np.uint8(2 * place)
    rows = np.flatnonzero(mine & 1)
    told: Bools = (mine[rows] & 2) > 0
    return Unread(rows, told)


def _some(indices: Codes, values: pa.ChunkedArray) -> Dictionary:
    """The values that some rows have, numbered in the order in which these rows have them."""
    here, which = by_appearance(indices)
    return Dictionary(here, values.take(column(which)).to_pylist())
