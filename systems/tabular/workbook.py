"""XLSX workbooks, one sheet, each cell as it looks: the part that runs confined (`systems.tabular.confined`).

What a sheet says of its own size is not believed: some programs write the largest there is, some the first cell.
"""

import datetime as dt
import re
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

import pyarrow as pa

from systems.errors import (
    FormatUnknown,
    RowsRagged,
    SheetUnknown,
    TableEmpty,
    TableTooLarge,
    TooManyColumns,
)

_MASK = re.compile(r"[0\-]+")  # formats such as 00000 (ZIP) or 000-00-0000
_LISTED = 1000  # rows whose numbers are kept
_BEGINNING = 100  # rows of a sheet by which it is empty or not
_PART = 1 << 15  # rows of a part
_HIGHEST = 1 << 20  # rows of a sheet; more is no workbook
_ENTRIES = 4096  # files in the archive: a workbook has some ten, and one for each sheet


def sheet(
    file: BinaryIO, *, most: int, size: int, sheet: str | None
) -> Iterator[pa.Table | Mapping[str, Any]]:
    """One sheet in parts, whose first row is the header; then how many others hold something where none was named.

    Args:
        file: the workbook.
        most: columns that the sheet may have.
        size: bytes that the workbook may have when unpacked.
        sheet: its title; the first otherwise.

    Raises:
        FormatUnknown: not a readable workbook.
        TableTooLarge, TooManyColumns: more than ``size``, than ``most``.
        SheetUnknown: no sheet of that name.
        TableEmpty: nothing on the sheet.
        RowsRagged: cells to the right of the header.
    """
    named = _sheets(file, size, sheet)
    rows = _rows(named[0])
    header = [_shown(cell.value, None) for cell in next(rows, ())]
    while header and header[-1] is None:
        header.pop()
    width = len(header)
    if width > most:
        raise TooManyColumns(columns=width)
    names = [name or "" for name in header]
    ragged: list[int] = []
    body: list[list[str | None]] = []
    count = parts = 0
    for number, cells in enumerate(rows, start=1):
        row = [_shown(c.value, getattr(c, "number_format", None)) for c in cells[:width]]
        if any(cell.value not in (None, "") for cell in cells[width:]):
            count += 1
            ragged += [number] if count <= _LISTED else []
        elif any(row):
            body.append(row + [None] * (width - len(row)))
        if len(body) == _PART:
            yield _part(names, body)
            parts, body = parts + 1, []
    if ragged:
        raise RowsRagged(count=count, rows=ragged)
    if not width:
        raise TableEmpty
    if body or not parts:
        yield _part(names, body)
    yield {"others": sum(map(_filled, named[1:]))}


def cells(file: BinaryIO, *, size: int, sheet: str, width: int) -> Iterator[Mapping[str, Any]]:
    """The first cells of each row that holds something, and of the first row, as they are; other values as text.

    Raises:
        FormatUnknown, TableTooLarge, SheetUnknown: as `sheet`.
    """
    part: list[list[Any]] = []
    for number, row in enumerate(_rows(_sheets(file, size, sheet)[0])):
        values = [cell.value for cell in row]
        if number and all(value is None for value in values):
            continue
        first = (values + [None] * width)[:width]
        part.append([v if isinstance(v, str | int | float | None) else str(v) for v in first])
        if len(part) == _PART:
            yield {"rows": part}
            part = []
    yield {"rows": part}


def _part(names: list[str], body: list[list[str | None]]) -> pa.Table:
    columns = [pa.array([row[i] for row in body], pa.string()) for i in range(len(names))]
    return pa.Table.from_arrays(columns, names=names)


def _sheets(file: BinaryIO, size: int, title: str | None) -> list[Any]:
    """The sheets of a workbook, or the one of that title."""
    from openpyxl import load_workbook

    with zipfile.ZipFile(file) as archive:
        entries = archive.infolist()
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > size:
        raise TableTooLarge(bytes=unpacked)
    if len(entries) > _ENTRIES:
        raise FormatUnknown
    file.seek(0)
    book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
    named = [one for one in book.worksheets if title in (None, one.title)]
    if not named:
        raise SheetUnknown
    return named


def _rows(sheet: Any) -> Iterator[tuple[Any, ...]]:
    sheet.reset_dimensions()
    for number, row in enumerate(sheet.iter_rows(), start=1):
        if number > _HIGHEST:
            raise FormatUnknown
        yield row


def _filled(sheet: Any) -> bool:
    """Whether the beginning of a sheet holds anything."""
    sheet.reset_dimensions()
    rows = sheet.iter_rows(max_row=_BEGINNING, values_only=True)
    return any(value not in (None, "") for row in rows for value in row)


def _shown(value: Any, number_format: str | None) -> str | None:
    """Return a cell as it looks: leading zeros of its format, dates ISO."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(sep=" ")
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int):
        return _masked(value, number_format)
    return str(value)


def _masked(value: int, number_format: str | None) -> str:
    if not number_format or not _MASK.fullmatch(number_format) or value < 0:
        return str(value)
    digits = list(str(value).zfill(number_format.count("0")))
    shown = ["-" if place == "-" else digits.pop() for place in reversed(number_format)]
    return "".join(digits) + "".join(reversed(shown))
