"""`read_table`: find out what kind of file it is, by its bytes, and read it.

Names of files prove nothing: an ``.xls`` is often CSV, and a ``.csv`` often a workbook.
"""

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from systems.errors import (
    FormatUnknown,
    HeaderWrong,
    TableEmpty,
    TableIsDirectory,
    TableMissing,
    TableTooLarge,
    TableWithoutRows,
)

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
    """

    table: pa.Table
    rows: int
    format: str
    encoding: str | None = None
    delimiter: str | None = None


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
    head = _opened(path, role, max_bytes)
    read = _read(path, role, head, max_bytes, sheet)
    names = [name.strip() for name in read.table.column_names]
    check_header(names, role)
    if not allow_empty and read.rows == 0:
        raise TableWithoutRows(file=role)
    return ReadTable(
        read.table.rename_columns(names), read.rows, read.format, read.encoding, read.delimiter
    )


def _read(path: Path, role: str, head: bytes, max_bytes: int, sheet: str | None) -> ReadTable:
    if head.startswith(_PARQUET):
        from systems.tabular.columnar import read_parquet

        table = read_parquet(path, role)
        return ReadTable(table, table.num_rows, "parquet")
    if head.startswith(_ZIP):
        from systems.tabular.workbook import read_workbook

        table = read_workbook(path, role, sheet, max_bytes)
        return ReadTable(table, table.num_rows, "xlsx")
    if head.startswith(_REFUSED):
        raise FormatUnknown(file=role)
    from systems.tabular.delimited import read_delimited

    table, encoding, delimiter = read_delimited(path, role)
    return ReadTable(table, table.num_rows, "csv", encoding, delimiter)


def _opened(path: Path, role: str, max_bytes: int) -> bytes:
    """Return the first bytes of a file that is there, a file, not empty and not too large."""
    try:
        if path.is_dir():
            raise TableIsDirectory(file=role)
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(16)
    except OSError:
        raise TableMissing(file=role) from None
    if size == 0:
        raise TableEmpty(file=role)
    if size > max_bytes:
        raise TableTooLarge(file=role, bytes=size, limit=max_bytes)
    return head


def is_parquet(path: Path, role: str, max_bytes: int = MAX_BYTES) -> bool:
    """Whether a file says by its first bytes that it is Parquet.

    Raises:
        TableMissing, TableIsDirectory, TableEmpty, TableTooLarge: the file.
    """
    return _opened(path, role, max_bytes).startswith(_PARQUET)


def check_header(names: list[str], role: str) -> None:
    """Check that every column has a name of its own.

    Raises:
        HeaderWrong: empty names, or names that come twice.
    """
    empty = [place for place, name in enumerate(names, start=1) if not name]
    seen: set[str] = set()
    again = [p for p, n in enumerate(names, start=1) if n and (n in seen or seen.add(n))]
    if empty or again:
        raise HeaderWrong(file=role, empty=empty, repeated=again)
