"""Parquet files from anywhere, brought to strings."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

from systems.errors import ColumnUnreadable, FormatUnknown, HeaderWrong

pc: Any = pyarrow.compute  # its functions are made at import and have no types
# Given a Python text, Arrow imports pandas (a second) to ask whether it is one of its objects.
_EMPTY = pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(bytes(8)), pa.py_buffer(b"")])[0]
_NULL = pa.nulls(1, pa.string())[0]
_WHOLE = 2.0**53  # a double holds whole numbers up to here


def read_parquet(path: Path, role: str, columns: Sequence[str] | None = None) -> pa.Table:
    """Read a Parquet file, or some columns of it; every column becomes strings.

    Raises:
        FormatUnknown: not readable as Parquet.
        ColumnUnreadable: columns without a plain text form.
        HeaderWrong: names that come twice.
    """
    try:
        with pq.ParquetFile(path) as file:
            schema = file.schema_arrow
            names = schema.names
            again = [p for p, name in enumerate(names, start=1) if name in names[: p - 1]]
            if again:
                raise HeaderWrong(file=role, repeated=again)
            wanted = names if columns is None else columns
            plain = {name: _plain(schema.field(name).type) for name in wanted}
            table = file.read([name for name in wanted if plain[name]])
    except (pa.ArrowException, OSError):
        raise FormatUnknown(file=role) from None
    made: list[pa.ChunkedArray] = []
    unreadable: list[int] = []
    for name in wanted:
        try:
            if not plain[name]:
                raise pa.ArrowNotImplementedError
            made.append(as_text(table[name]))
        except pa.ArrowException:  # what has no text form, or none that Arrow makes
            unreadable.append(names.index(name) + 1)
    if unreadable:
        raise ColumnUnreadable(file=role, columns=unreadable)
    return pa.Table.from_arrays(made, names=list(wanted))


def _plain(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return _plain(kind.value_type)
    of = pa.types
    binary = of.is_binary(kind) or of.is_large_binary(kind) or of.is_fixed_size_binary(kind)
    return not (of.is_nested(kind) or binary or of.is_binary_view(kind))


def as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column as strings: dates ISO, whole numbers without a point, empty as null."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if pa.types.is_null(kind):
        return pa.chunked_array([pa.nulls(len(column), pa.string())])
    if pa.types.is_floating(kind):
        column = _whole(column)
    elif pa.types.is_timestamp(kind):
        column = _days(column)
    elif pa.types.is_decimal(kind):
        column = _units(column)
    text = column.cast(pa.string())
    empty = pc.equal(text, _EMPTY)
    if not pc.any(empty).as_py():
        return text
    return pc.if_else(empty, _NULL, text)


def _whole(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Ids become floats where pandas met a missing one; where all are whole they are made whole."""
    column = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
    values = column.drop_null()
    if len(values) == 0:
        return column
    small = pc.all(pc.less(pc.abs(values), _WHOLE)).as_py()
    if small and pc.all(pc.equal(pc.trunc(values), values)).as_py():
        return column.cast(pa.int64())
    return column


def _units(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Decimals that are all whole numbers are such: a database's NUMBER(9,2) of a ZIP code."""
    whole = column.cast(pa.decimal128(38, 0), safe=False)
    return (
        whole if pc.all(pc.equal(whole.cast(column.type), column)).as_py() is not False else column
    )


def _days(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Timestamps that are all midnight are dates."""
    if column.type.tz is None:
        days = column.cast(pa.date32(), safe=False)
        if pc.all(pc.equal(days.cast(column.type), column)).as_py() is not False:
            return days
    return column
