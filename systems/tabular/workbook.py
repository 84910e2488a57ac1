"""XLSX workbooks, one sheet, each cell as it looks."""

import datetime as dt
import re
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa

from systems.errors import FormatUnknown, RowsRagged, SheetUnknown, TableEmpty, TableTooLarge

_MASK = re.compile(r"[0\-]+")  # formats such as 00000 (ZIP) or 000-00-0000
_LISTED = 1000  # rows whose numbers are kept
_BEGINNING = 100  # rows of a sheet by which it is empty or not


def read_workbook(path: Path, role: str, sheet: str | None, max_bytes: int) -> tuple[pa.Table, int]:
    """Read one sheet, whose first row is the header; say how many others hold something where none was named.

    Raises:
        FormatUnknown: not a readable workbook.
        TableTooLarge: more than ``max_bytes`` when unpacked.
        SheetUnknown: no sheet of that name.
        TableEmpty: nothing on the sheet.
        RowsRagged: cells to the right of the header.
    """
    _check_size(path, role, max_bytes)
    try:
        rows, others = _rows(path, role, sheet)
    except (SheetUnknown, TableEmpty):
        raise
    except Exception:  # noqa: BLE001 - openpyxl lets anything out, and may quote a cell
        rows, others = None, 0
    if rows is None:
        raise FormatUnknown(file=role)
    while rows and not any(rows[-1]):
        rows.pop()
    if not rows:
        raise TableEmpty(file=role)
    return _table(rows, role), others


def _table(rows: list[list[str | None]], role: str) -> pa.Table:
    header = list(rows[0])
    while header and header[-1] is None:
        header.pop()
    width = len(header)
    ragged = [n for n, row in enumerate(rows[1:], start=1) if any(row[width:])]
    if ragged:
        raise RowsRagged(file=role, count=len(ragged), rows=ragged[:_LISTED])
    body = [row[:width] + [None] * (width - len(row)) for row in rows[1:] if any(row)]
    columns = [pa.array([row[i] for row in body], pa.string()) for i in range(width)]
    return pa.table(columns, names=[name or "" for name in header])


def _check_size(path: Path, role: str, max_bytes: int) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, OSError, NotImplementedError, ValueError):
        raise FormatUnknown(file=role) from None
    if size > max_bytes:
        raise TableTooLarge(file=role, bytes=size, limit=max_bytes)


def _rows(path: Path, role: str, sheet: str | None) -> tuple[list[list[str | None]], int]:
    from openpyxl import load_workbook

    # by its content: a copy in memory has no name that ends with .xlsx
    with path.open("rb") as file:
        book = load_workbook(file, read_only=True, data_only=True)
        named = [one for one in book.worksheets if sheet in (None, one.title)]
        if not named:
            raise SheetUnknown(file=role)
        others = sum(map(_filled, named[1:]))
        return [
            [_shown(cell.value, getattr(cell, "number_format", None)) for cell in row]
            for row in named[0].iter_rows()
        ], others


def _filled(sheet: Any) -> bool:
    """Whether the beginning of a sheet holds anything."""
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
