"""`stream_table`: a table in parts, so that a large file is never in memory as a whole."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from systems.errors import FormatUnknown
from systems.tabular.columnar import as_text
from systems.tabular.reading import MAX_BYTES, check_header, is_parquet, read_table

_ROWS = 1 << 18  # of a part: some 40 MB of text


@dataclass(frozen=True)
class Stream:
    """A table as read, part by part.

    Attributes:
        names: of all columns, stripped.
        rows: data rows.
        coded: makes the parts (at least one, of the columns asked for first); like ``read_table``'s in every
            value. Columns that are also in the second list may come as dictionaries, where an empty text stays one.
    """

    names: tuple[str, ...]
    rows: int
    coded: Callable[[Sequence[str], Sequence[str]], Iterator[pa.Table]]

    def parts(self, wanted: Sequence[str]) -> Iterator[pa.Table]:
        """The columns asked for, part by part."""
        return self.coded(wanted, ())


def stream_table(path: Path, *, role: str, max_bytes: int = MAX_BYTES) -> Stream:
    """Open a file of any kind that ``read_table`` reads; a header without rows is a table of no rows.

    Parquet comes in parts where a value's text depends on the value alone; numbers with a point and
    times, whose text depends on the whole column, and every other format are read whole.

    Raises:
        CodedError: see ``read_table``; in ``parts`` for what only the data show.
    """
    if not is_parquet(path, role, max_bytes):
        return _whole(path, role, max_bytes)
    try:
        schema = pq.read_schema(path)
        rows = pq.read_metadata(path).num_rows
    except (pa.ArrowException, OSError):
        raise FormatUnknown(file=role) from None
    if not all(_alone(field.type) for field in schema):
        return _whole(path, role, max_bytes)
    names = [name.strip() for name in schema.names]
    check_header(names, role)

    def coded(wanted: Sequence[str], as_codes: Sequence[str]) -> Iterator[pa.Table]:
        columns = [schema.names[names.index(name)] for name in wanted]
        places = [names.index(name) for name in as_codes]
        texts = [schema.names[i] for i in places if pa.types.is_string(schema.field(i).type)]
        try:
            with pq.ParquetFile(path, read_dictionary=texts) as file:
                for batch in file.iter_batches(_ROWS, columns=columns):
                    yield _as_text(pa.Table.from_batches([batch]).select(columns), wanted)
                if not rows:  # Arrow imports pandas for it
                    yield _as_text(schema.empty_table().select(columns), wanted)
        except (pa.ArrowException, OSError):
            raise FormatUnknown(file=role) from None

    return Stream(tuple(names), rows, coded)


def _whole(path: Path, role: str, max_bytes: int) -> Stream:
    table = read_table(path, role=role, max_bytes=max_bytes, allow_empty=True).table

    def coded(wanted: Sequence[str], _as_codes: Sequence[str]) -> Iterator[pa.Table]:
        chosen = table.select(list(wanted))
        for start in range(0, max(chosen.num_rows, 1), _ROWS):
            yield chosen.slice(start, _ROWS)

    return Stream(tuple(table.column_names), table.num_rows, coded)


def _as_text(table: pa.Table, names: Sequence[str]) -> pa.Table:
    columns = [c if pa.types.is_dictionary(c.type) else as_text(c) for c in table.columns]
    return pa.Table.from_arrays(columns, names=list(names))


def _alone(kind: pa.DataType) -> bool:
    """Whether a value's text depends on nothing but the value."""
    kinds = pa.types
    return (
        kinds.is_string(kind) or kinds.is_large_string(kind) or kinds.is_integer(kind)
        or kinds.is_date(kind) or kinds.is_boolean(kind) or kinds.is_null(kind)
    )  # fmt: skip
