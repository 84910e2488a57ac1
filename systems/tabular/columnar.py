"""Parquet files from anywhere, brought to strings: the part that runs confined (`systems.tabular.confined`).

Everything comes batch by batch. What a value's text is depends on its whole column for numbers with a point and
for times: such a column is looked at once before.
"""

import mmap
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

from systems.errors import (
    ColumnUnreadable,
    FormatUnknown,
    HeaderWrong,
    TooManyColumns,
)

pc: Any = pyarrow.compute  # its functions are made at import and have no types
# Given a Python text, Arrow imports pandas (a second) to ask whether it is one of its objects.
_EMPTY = pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(bytes(8)), pa.py_buffer(b"")])[0]
_NULL = pa.nulls(1, pa.string())[0]
_WHOLE = 2.0**53  # a double holds whole numbers up to here


@contextmanager
def _opened(file: BinaryIO, most: int, texts: Sequence[str] = ()) -> Generator[pq.ParquetFile]:
    """The file, mapped, with no more columns than ``most``; ``texts`` come as dictionaries.

    Raises:
        FormatUnknown: not readable as Parquet, here or inside the block.
        TooManyColumns: more.
    """
    try:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        with pq.ParquetFile(
            pa.BufferReader(mapped), read_dictionary=list(texts), pre_buffer=False
        ) as parquet:
            width = len(parquet.schema_arrow)
            if width > most:
                raise TooManyColumns(columns=width)
            yield parquet
    except MemoryError:
        raise
    except (pa.ArrowException, OSError, ValueError, KeyError):
        raise FormatUnknown from None


def schema(file: BinaryIO, *, most: int) -> Iterator[pa.Table | Mapping[str, Any]]:
    """Its number of rows, as the footer has it, and a table of none that has its types."""
    with _opened(file, most) as parquet:
        yield {"rows": parquet.metadata.num_rows}
        yield pa.Table.from_batches([], parquet.schema_arrow)


def native(
    file: BinaryIO, *, most: int, columns: Sequence[str] | None, rows: int
) -> Iterator[pa.Table]:
    """All or some columns as they are, ``rows`` at a time."""
    with _opened(file, most) as parquet:
        yield from _batches(parquet, columns, rows)


def texts(
    file: BinaryIO,
    *,
    most: int,
    columns: Sequence[int] | None,
    coded: Sequence[int] = (),
    lists: bool,
    rows: int,
) -> Iterator[pa.Table]:
    """All or some columns, by place from 0, as strings; at least one part.

    Args:
        file: the Parquet file.
        most: columns that it may have.
        columns: which, in this order.
        coded: which of them may come as dictionaries, if they are texts.
        lists: lists of plain values come as lists of texts.
        rows: of a part.

    Raises:
        FormatUnknown: not readable as Parquet.
        TooManyColumns: more.
        ColumnUnreadable: columns without a plain text form.
        HeaderWrong: names that come twice.
    """
    with _opened(file, most) as parquet:
        schema: pa.Schema = parquet.schema_arrow
        names = schema.names
        seen: set[str] = set()
        if again := [p for p, name in enumerate(names, 1) if name in seen or seen.add(name)]:
            raise HeaderWrong(repeated=again)
        wanted = names if columns is None else [names[i] for i in columns]
        as_codes = [names[i] for i in coded if pa.types.is_string(schema.field(i).type)]
        forms = {n: _form(parquet, n, lists=lists) for n in wanted if n not in as_codes}
        if bad := [names.index(name) + 1 for name, form in forms.items() if form is None]:
            raise ColumnUnreadable(columns=bad)
        none = [pa.chunked_array([pa.nulls(0, schema.field(name).type)]) for name in wanted]
    with _opened(file, most, as_codes) as parquet:
        empty = parquet.metadata.num_rows == 0
        for part in (
            [pa.Table.from_arrays(none, names=wanted)] if empty else _batches(parquet, wanted, rows)
        ):
            made: list[pa.ChunkedArray] = []
            for name in wanted:
                form = forms.get(name)
                try:
                    made.append(part[name] if form is None else form(part[name]))
                except pa.ArrowInvalid:  # a value that Arrow makes no text of
                    bad.append(names.index(name) + 1)
            if bad:
                raise ColumnUnreadable(columns=bad)
            yield pa.Table.from_arrays(made, names=wanted)


def _batches(
    parquet: pq.ParquetFile, columns: Sequence[str] | None, rows: int
) -> Iterator[pa.Table]:
    """Batches of exactly as many rows as the footer says, together."""
    seen = 0
    for batch in parquet.iter_batches(rows, columns=columns):
        seen += batch.num_rows
        yield pa.Table.from_batches([batch])
    if seen != parquet.metadata.num_rows:
        raise FormatUnknown


_Form = Callable[[pa.ChunkedArray], pa.ChunkedArray]


def _form(parquet: pq.ParquetFile, name: str, *, lists: bool) -> _Form | None:
    """How the batches of a column become texts; None where they have no plain text form."""
    kind = parquet.schema_arrow.field(name).type
    several = pa.types.is_list(kind)
    if not (lists and _of_plain(kind) if several else _plain(kind)):
        return None
    try:
        whole = _whole(_values(parquet.read([name])[name])) if _as_a_whole(kind) else None
        form: _Form = as_list if several else partial(as_text, whole=whole)
        form(pa.chunked_array([pa.nulls(1, kind)]))
    except pa.ArrowException:  # none that Arrow makes
        return None
    return form


def _plain(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return _plain(kind.value_type)
    of = pa.types
    binary = of.is_binary(kind) or of.is_large_binary(kind) or of.is_fixed_size_binary(kind)
    return not (of.is_nested(kind) or binary or of.is_binary_view(kind))


def _as_a_whole(kind: pa.DataType) -> bool:
    """Whether a value's text depends on the other values of its column."""
    if pa.types.is_dictionary(kind):
        return _as_a_whole(kind.value_type)
    of = pa.types
    return of.is_floating(kind) or of.is_decimal(kind) or of.is_timestamp(kind)


def _of_plain(kind: pa.DataType) -> bool:
    """Whether the values of a list, or of lists in it, are of a kind that has a plain text form."""
    of, inner = pa.types, kind.value_type
    return (
        _of_plain(inner) if of.is_list(inner)
        else of.is_string(inner) or of.is_large_string(inner) or of.is_integer(inner)
        or of.is_date(inner) or of.is_boolean(inner) or of.is_null(inner)
    )  # fmt: skip


def as_text(column: pa.ChunkedArray, whole: pa.DataType | None) -> pa.ChunkedArray:
    """Return a column as strings, by way of the type that ``whole`` says: dates ISO, empty as null."""
    column = _values(column)
    if pa.types.is_null(column.type):
        return pa.chunked_array([pa.nulls(len(column), pa.string())])
    text = (column if whole is None else column.cast(whole, safe=False)).cast(pa.string())
    empty = pc.equal(text, _EMPTY)
    if not pc.any(empty).as_py():
        return text
    return pc.if_else(empty, _NULL, text)


def as_list(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column of lists as lists of strings."""
    return column.cast(pa.list_(pa.string()))


def _values(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column without its dictionary, and with null for what is no number."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_floating(column.type):
        return pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
    return column


def _whole(column: pa.ChunkedArray) -> pa.DataType | None:
    """What a whole column is by its values, if it is more than its type says.

    Ids become floats where pandas met a missing one: where all are whole they are such. So are decimals (a
    database's NUMBER(9,2) of a ZIP code), and timestamps that are all midnight are dates.
    """
    kind = column.type
    if pa.types.is_floating(kind):
        values = column.drop_null()
        small = len(values) > 0 and pc.all(pc.less(pc.abs(values), _WHOLE)).as_py()
        return pa.int64() if small and pc.all(pc.equal(pc.trunc(values), values)).as_py() else None
    if pa.types.is_decimal(kind):
        simpler = pa.decimal128(38, 0)
    elif pa.types.is_timestamp(kind) and kind.tz is None:
        simpler = pa.date32()
    else:
        return None
    cut = column.cast(simpler, safe=False)
    same = pc.all(pc.equal(cut.cast(kind), column)).as_py()
    return simpler if same is not False else None
