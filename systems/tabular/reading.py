"""A table of any kind, whole (`read_table`) or in parts (`stream_table`): its bytes say what kind of file it is.

Names of files prove nothing: an ``.xls`` is often CSV, and a ``.csv`` often a workbook.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from systems import errors
from systems.tabular.columnar import as_text

MAX_BYTES = 8 << 30  # a cohort of 30 M rows is about 4 GiB; more than twice that is a mistake

_PARQUET = b"PAR1"
_ZIP = b"PK\x03\x04"
_REFUSED = (  # formats that would otherwise pass for text in some encoding
    b"PARE",  # Parquet, encrypted
    b"\xd0\xcf\x11\xe0",  # old Excel, or XLSX under a password
    b"\x1f\x8b",  # gzip
    b"BZh",
    b"\xfd7zXZ",
    b"7z\xbc\xaf",
    b"Rar!",
    b"%PDF",
    b"\x28\xb5\x2f\xfd",  # zstd
    b"PK\x05\x06",  # an empty zip
    b"ARROW1",
    b"SQLite format 3",
)


@dataclass(frozen=True)
class ReadTable:
    """A table as read.

    Attributes:
        table: all columns strings, missing and empty values null, header names stripped.
        rows: data rows; row 1 is the first under the header.
        format: ``csv``, ``parquet`` or ``xlsx``.
        encoding: of a CSV file, as Python names it.
        delimiter: of a CSV file.
        other_sheets: of a workbook of which no sheet was named: further ones that hold something.
    """

    table: pa.Table
    rows: int
    format: str
    encoding: str | None = None
    delimiter: str | None = None
    other_sheets: int = 0


def read_table(
    path: Path,
    *,
    role: str,
    max_bytes: int = MAX_BYTES,
    sheet: str | None = None,
    allow_empty: bool = False,
) -> ReadTable:
    """Read a CSV, Parquet or XLSX file; every value stays as it is written.

    Leading zeros and spaces stay. An empty value is null. Row numbers in errors count data rows from 1; lines
    without anything in them are not rows.

    Args:
        path: the file.
        role: what the file is for ("cohort", a table's name), which errors say instead of its path.
        max_bytes: largest size on disk, and of a workbook unpacked.
        sheet: name of a workbook's sheet; the first otherwise.
        allow_empty: a header without rows is a table of no rows.

    Raises:
        TableMissing, TableIsDirectory, TableEmpty, TableTooLarge, FormatUnknown: the file.
        EncodingUnknown, NulBytes, QuoteOpen, RowsRagged: its text.
        HeaderWrong, TableWithoutRows, SheetUnknown, ColumnUnreadable: its shape.
    """
    head = _head(path, role, max_bytes)
    read = _read(path, role, head, max_bytes, sheet)
    names = [name.strip() for name in read.table.column_names]
    check_header(names, role)
    if not allow_empty and read.rows == 0:
        raise errors.TableWithoutRows(file=role)
    return replace(read, table=read.table.rename_columns(names))


def _read(path: Path, role: str, head: bytes, max_bytes: int, sheet: str | None) -> ReadTable:
    if head.startswith(_PARQUET):
        from systems.tabular.columnar import read_parquet

        table = read_parquet(path, role)
        return ReadTable(table, table.num_rows, "parquet")
    if head.startswith(_ZIP):
        from systems.tabular.workbook import read_workbook

        table, others = read_workbook(path, role, sheet, max_bytes)
        return ReadTable(table, table.num_rows, "xlsx", other_sheets=others)
    if head.startswith(_REFUSED):
        raise errors.FormatUnknown(file=role)
    from systems.tabular.delimited import read_delimited

    table, encoding, delimiter = read_delimited(path, role)
    return ReadTable(table, table.num_rows, "csv", encoding, delimiter)


def _head(path: Path, role: str, max_bytes: int) -> bytes:
    """Return the first bytes of a file that is there, a file, not empty and not too large."""
    try:
        if path.is_dir():
            raise errors.TableIsDirectory(file=role)
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(16)
    except OSError:
        raise errors.TableMissing(file=role) from None
    if size == 0:
        raise errors.TableEmpty(file=role)
    if size > max_bytes:
        raise errors.TableTooLarge(file=role, bytes=size, limit=max_bytes)
    return head


def check_file(path: Path, *, role: str, max_bytes: int = MAX_BYTES) -> None:
    """Check that a file is there, a file, not empty and not too large.

    Raises:
        TableMissing, TableIsDirectory, TableEmpty, TableTooLarge: it is not.
    """
    _head(path, role, max_bytes)


def is_parquet(path: Path, role: str, max_bytes: int = MAX_BYTES) -> bool:
    """Whether a file says by its first bytes that it is Parquet.

    Raises:
        TableMissing, TableIsDirectory, TableEmpty, TableTooLarge: the file.
    """
    return _head(path, role, max_bytes).startswith(_PARQUET)


def check_header(names: list[str], role: str) -> None:
    """Check that every column has a name of its own.

    Raises:
        HeaderWrong: empty names, or names that come twice.
    """
    empty = [place for place, name in enumerate(names, start=1) if not name]
    seen: set[str] = set()
    again = [p for p, n in enumerate(names, start=1) if n and (n in seen or seen.add(n))]
    if empty or again:
        raise errors.HeaderWrong(file=role, empty=empty, repeated=again)


# -- in parts, so that a large file is never in memory as a whole

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
    other_sheets: int = 0
    lists: frozenset[str] = frozenset()  # columns of lists, which come as lists of texts

    def parts(self, wanted: Sequence[str]) -> Iterator[pa.Table]:
        """The columns asked for, part by part."""
        return self.coded(wanted, ())


def stream_table(
    path: Path, *, role: str, max_bytes: int = MAX_BYTES, sheet: str | None = None
) -> Stream:
    """Open a file of any kind that ``read_table`` reads; a header without rows is a table of no rows.

    Parquet comes in parts where a value's text depends on the value alone; numbers with a point and
    times, whose text depends on the whole column, and every other format are read whole. What kind a Parquet column
    is of that nobody asks for does not matter.

    Raises:
        CodedError: see ``read_table``; in ``parts`` for what only the data show.
    """
    if not is_parquet(path, role, max_bytes):
        return _whole(path, role, max_bytes, sheet)
    try:
        schema = pq.read_schema(path)
        rows = pq.read_metadata(path).num_rows
    except (pa.ArrowException, OSError):
        raise errors.FormatUnknown(file=role) from None
    names = [name.strip() for name in schema.names]
    check_header(names, role)

    def coded(wanted: Sequence[str], as_codes: Sequence[str]) -> Iterator[pa.Table]:
        columns = [schema.names[names.index(name)] for name in wanted]
        if not all(_alone(schema.field(name).type) for name in columns):
            from systems.tabular.columnar import read_parquet

            yield from _pieces(read_parquet(path, role, columns).rename_columns(list(wanted)))
            return
        places = [names.index(name) for name in as_codes]
        texts = [schema.names[i] for i in places if pa.types.is_string(schema.field(i).type)]
        try:
            with pq.ParquetFile(path, read_dictionary=texts) as file:
                for batch in file.iter_batches(_ROWS, columns=columns):
                    yield _as_text(pa.Table.from_batches([batch]).select(columns), wanted)
                if not rows:  # Arrow imports pandas for it
                    yield _as_text(schema.empty_table().select(columns), wanted)
        except (pa.ArrowException, OSError):
            raise errors.FormatUnknown(file=role) from None

    several = {n for n, f in zip(names, schema, strict=True) if pa.types.is_list(f.type)}
    return Stream(tuple(names), rows, coded, lists=frozenset(several))


def _whole(path: Path, role: str, max_bytes: int, sheet: str | None) -> Stream:
    read = read_table(path, role=role, max_bytes=max_bytes, sheet=sheet, allow_empty=True)
    names = tuple(read.table.column_names)
    return Stream(
        names,
        read.rows,
        lambda wanted, _as_codes: _pieces(read.table.select(list(wanted))),
        read.other_sheets,
    )


def _pieces(table: pa.Table) -> Iterator[pa.Table]:
    for start in range(0, max(table.num_rows, 1), _ROWS):
        yield table.slice(start, _ROWS)


def _as_text(table: pa.Table, names: Sequence[str]) -> pa.Table:
    columns = [
        c
        if pa.types.is_dictionary(c.type)
        else c.cast(pa.list_(pa.string()))
        if pa.types.is_list(c.type)
        else as_text(c)
        for c in table.columns
    ]
    return pa.Table.from_arrays(columns, names=list(names))


def _alone(kind: pa.DataType) -> bool:
    """Whether a value's text depends on nothing but the value."""
    kinds = pa.types
    if kinds.is_list(kind):
        return _alone(kind.value_type)
    return (
        kinds.is_string(kind) or kinds.is_large_string(kind) or kinds.is_integer(kind)
        or kinds.is_date(kind) or kinds.is_boolean(kind) or kinds.is_null(kind)
    )  # fmt: skip
