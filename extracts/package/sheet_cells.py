"""Cells of a workbook: text that runs nothing, counts with their marker, and how they are set."""

from functools import cache
from typing import Any

from systems.texts import in_lines

MARKER = "*"  # what stands in a hidden cell
SIZE = 11  # points of the letters, on the screen
_GREY, _PALE = "FF6B6B6B", "FFF2F2F2"


def text(
    sheet: Any,
    value: str,
    *,
    bold: bool = False,
    size: int = SIZE,
    wrap: bool = False,
    shade: bool = False,
) -> Any:
    """A cell that holds text whatever it begins with."""
    from openpyxl.cell import WriteOnlyCell

    cell: Any = WriteOnlyCell(sheet, value=in_lines(value))
    cell.data_type = "s"
    if bold or size != SIZE:
        cell.font = _font(bold=bold, size=size)
    if wrap:
        cell.alignment = aligned("center", wrap=True)
    return _shaded(cell) if shade else cell


def number(sheet: Any, value: int | None, *, bold: bool = False, shade: bool = False) -> Any:
    """A count, or the marker in its place: at the right, as numbers are."""
    from openpyxl.cell import WriteOnlyCell

    cell: Any = WriteOnlyCell(sheet, value=MARKER if value is None else value)
    if value is None:
        cell.data_type = "s"
        cell.alignment = aligned("right")
        cell.font = _font(bold=bold, grey=True)
    else:
        cell.number_format = "#,##0"
        if bold:
            cell.font = _font(bold=True)
    return _shaded(cell) if shade else cell


@cache
def aligned(horizontal: str, *, wrap: bool = False) -> Any:
    """One alignment, made once: a workbook has some hundred thousand cells."""
    from openpyxl.styles import Alignment

    return Alignment(horizontal=horizontal, vertical="top", wrap_text=wrap)


@cache
def _font(*, bold: bool, size: int = SIZE, grey: bool = False) -> Any:
    from openpyxl.styles import Font

    return Font(name="Calibri", bold=bold, size=size, color=_GREY if grey else None)


@cache
def borders(*, left: bool, bottom: bool) -> Any:
    """The lines of a cell at which a group begins, or under which the rows do."""
    from openpyxl.styles import Border, Side

    thin = Side(style="thin", color=_GREY)
    return Border(left=thin if left else None, bottom=thin if bottom else None)


@cache
def _pale() -> Any:
    from openpyxl.styles import PatternFill

    return PatternFill("solid", fgColor=_PALE)


def _shaded(cell: Any) -> Any:
    cell.fill = _pale()
    return cell
