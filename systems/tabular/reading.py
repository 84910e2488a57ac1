"""A table of any kind, whole (`read_table`) or in parts (`stream_table`): its bytes say what kind of file it is.

Names of files prove nothing: an ``.xls`` is often CSV, and a ``.csv`` often a workbook.
"""

import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from systems import errors
from systems.tabular.apart import DEFAULT, Limits, answers, over
from systems.tabular.origin import Source

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
    limits: Limits = DEFAULT,
    sheet: str | None = None,
    allow_empty: bool = False,
) -> ReadTable:
    """Read a CSV, Parquet or XLSX file; every value stays as it is written.

    Leading zeros and spaces stay. An empty value is null. Row numbers in errors count data rows from 1; lines
    without anything in them are not rows.

    Args:
        path: the file.
        role: what the file is for ("cohort", a table's name), which errors say instead of its path.
        limits: what the file may be, and what reading it may take.
        sheet: name of a workbook's sheet; the first otherwise.
        allow_empty: a header without rows is a table of no rows.

    Raises:
        TableMissing, TableIsDirectory, TableEmpty, TableTooLarge, FormatUnknown: the file.
        EncodingUnknown, NulBytes, QuoteOpen, RowsRagged: its text.
        HeaderWrong, TableWithoutRows, SheetUnknown, ColumnUnreadable, TooManyColumns: its shape.
        TableNeedsMemory, TableNeedsTime, TableReaderDied: what it takes.
    """
    head = _head(path, role, limits)
    read = _read(path, role, head, limits, sheet)
    names = [name.strip() for name in read.table.column_names]
    check_header(names, role)
    if not allow_empty and read.rows == 0:
        raise errors.TableWithoutRows(file=role)
    return replace(read, table=read.table.rename_columns(names))


def _read(path: Path, role: str, head: bytes, limits: Limits, sheet: str | None) -> ReadTable:
    if head.startswith(_PARQUET):
        asked = {"columns": None, "lists": False, "rows": _ROWS, "most": limits.columns}
        table, _ = _gathered(answers("texts", path, role, limits, **asked))
        return ReadTable(table, table.num_rows, "parquet")
    if head.startswith(_ZIP):
        found = answers("sheet", path, role, limits, most=limits.columns, size=limits.size, sheet=sheet)  # fmt: skip
        table, told = _gathered(found)
        others = told["others"] if sheet is None else 0
        return ReadTable(table, table.num_rows, "xlsx", other_sheets=others)
    if head.startswith(_REFUSED):
        raise errors.FormatUnknown(file=role)
    from systems.tabular.delimited import read_delimited

    table, encoding, delimiter = read_delimited(path, role, limits)
    return ReadTable(table, table.num_rows, "csv", encoding, delimiter)


def _gathered(found: Iterable[pa.Table | dict[str, Any]]) -> tuple[pa.Table, dict[str, Any]]:
    """The parts of a table as one, and what was told beside."""
    parts: list[pa.Table] = []
    told: dict[str, Any] = {}
    for one in found:
        if isinstance(one, pa.Table):
            parts.append(one)
        else:
            told |= one
    return pa.concat_tables(parts), told


def _head(path: Source, role: str, limits: Limits) -> bytes:
    """Return the first bytes of a file that is there, a file, not empty and not too large."""
    try:
        if path.is_dir():
            raise errors.TableIsDirectory(file=role)
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):  # a pipe would be waited for
            raise errors.TableMissing(file=role)
        with path.open("rb") as file:
            head = file.read(16)
    except OSError:
        raise errors.TableMissing(file=role) from None
    if found.st_size == 0:
        raise errors.TableEmpty(file=role)
    if found.st_size > limits.size:
        raise errors.TableTooLarge(file=role, bytes=found.st_size, **over("size", limits))
    return head


def check_file(path: Path, *, role: str, limits: Limits = DEFAULT) -> None:
    """Check that a file is there, a file, not empty and not too large.

    Raises:
        TableMissing, TableIsDirectory, TableEmpty, TableTooLarge: it is not.
    """
    _head(path, role, limits)


def is_parquet(path: Path, role: str, limits: Limits = DEFAULT) -> bool:
    """Whether a file says by its first bytes that it is Parquet.

    Raises:
        TableMissing, TableIsDirectory, TableEmpty, TableTooLarge: the file.
    """
    return _head(path, role, limits).startswith(_PARQUET)


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

_ROWS = 1 << 17  # of a part: some 20 MB of text


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
    types: Mapping[str, pa.DataType] = field(default_factory=dict[str, pa.DataType])  # of Parquet

    def parts(self, wanted: Sequence[str]) -> Iterator[pa.Table]:
        """The columns asked for, part by part."""
        return self.coded(wanted, ())


def stream_table(
    path: Path, *, role: str, limits: Limits = DEFAULT, sheet: str | None = None
) -> Stream:
    """Open a file of any kind that ``read_table`` reads; a header without rows is a table of no rows.

    A workbook is read whole, all else comes in parts. What kind a Parquet column is of that nobody asks for
    does not matter.

    Raises:
        CodedError: see ``read_table``; in ``parts`` for what only the data show.
    """
    if not is_parquet(path, role, limits):
        return stream_texts(path, role=role, limits=limits, sheet=sheet)
    schema, rows = read_schema(path, role=role, limits=limits)
    names = [name.strip() for name in schema.names]
    check_header(names, role)

    def coded(wanted: Sequence[str], as_codes: Sequence[str]) -> Iterator[pa.Table]:
        places, codes = ([names.index(name) for name in some] for some in (wanted, as_codes))
        asked = {"columns": places, "coded": codes, "lists": True, "rows": _ROWS}
        for part in answers("texts", path, role, limits, most=limits.columns, **asked):
            assert not isinstance(part, dict)
            yield part.rename_columns(list(wanted))

    several = {n for n, f in zip(names, schema, strict=True) if pa.types.is_list(f.type)}
    types = {n: f.type for n, f in zip(names, schema, strict=True)}
    return Stream(tuple(names), rows, coded, lists=frozenset(several), types=types)


def stream_texts(
    path: Source, *, role: str, limits: Limits = DEFAULT, sheet: str | None = None
) -> Stream:
    """Open a file of any kind that ``read_table`` reads, refused for all that it would be refused for there.

    CSV comes in parts; every other format is read whole.

    Raises:
        CodedError: see ``read_table``, before there are any parts. A header without rows is a table of no rows.
    """
    head = _head(path, role, limits)
    if head.startswith((_PARQUET, _ZIP, *_REFUSED)):
        with nullcontext(path) if isinstance(path, Path) else path.copied() as file:
            return _whole(file, role, limits, sheet)
    from systems.tabular.delimited import stream_delimited

    given, rows, blocks = stream_delimited(path, role, limits)
    names = [name.strip() for name in given]
    check_header(names, role)

    def coded(wanted: Sequence[str], _as_codes: Sequence[str]) -> Iterator[pa.Table]:
        # A column that is asked for twice is parsed once; at least one is parsed, since it counts the rows.
        places = list(dict.fromkeys(names.index(name) for name in wanted)) or [0]
        for part in cut(blocks(places), _ROWS):
            columns = [part[places.index(names.index(name))] for name in wanted]
            yield pa.Table.from_arrays(columns, names=list(wanted))

    return Stream(tuple(names), rows, coded)


def cut(parts: Iterable[pa.Table], rows: int) -> Iterator[pa.Table]:
    """The rows of parts in parts of exactly ``rows``, but for the last; at least one where any came."""
    pending: list[pa.Table] = []
    count, given = 0, False
    for part in parts:
        pending.append(part)
        count += part.num_rows
        if count < rows:
            continue
        joined, pending = pa.concat_tables(pending), []
        whole = count - count % rows
        for start in range(0, whole, rows):
            yield joined.slice(start, rows)
        given, count = True, count - whole
        if count:
            pending = [joined.slice(whole)]
    if pending and (count or not given):
        yield pa.concat_tables(pending)


def read_schema(path: Path, *, role: str, limits: Limits = DEFAULT) -> tuple[pa.Schema, int]:
    """The types of a Parquet file's columns as they are, with what stands beside them, and how many rows it says.

    Raises:
        CodedError: see ``read_table``.
    """
    table, told = _gathered(answers("schema", path, role, limits, most=limits.columns))
    return table.schema, told["rows"]


def native_batches(
    path: Path,
    *,
    role: str,
    columns: Sequence[str] | None = None,
    rows: int = _ROWS,
    limits: Limits = DEFAULT,
) -> Iterator[pa.Table]:
    """Some or all columns of a Parquet file as they are, ``rows`` at a time.

    Raises:
        CodedError: see ``read_table``.
    """
    asked = {"columns": columns, "rows": rows, "most": limits.columns}
    for part in answers("native", path, role, limits, **asked):
        assert not isinstance(part, dict)
        yield part


def sheet_cells(
    path: Path, *, role: str, sheet: str, width: int, limits: Limits = DEFAULT
) -> list[list[Any]]:
    """The first cells of each row of a workbook's sheet that holds something: texts, numbers, truth values or nothing.

    Raises:
        CodedError: see ``read_table``.
    """
    _head(path, role, limits)
    rows: list[list[Any]] = []
    for told in answers("cells", path, role, limits, size=limits.size, sheet=sheet, width=width):
        rows += told["rows"]
    return rows


def _whole(path: Path, role: str, limits: Limits, sheet: str | None) -> Stream:
    read = read_table(path, role=role, limits=limits, sheet=sheet, allow_empty=True)
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
